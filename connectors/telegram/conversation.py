"""An update on its way into the talk: stored once, given its turn, or answered by the bot itself through the outbox."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from connectors.telegram.account import Account
from connectors.telegram.client import TYPING_SECONDS, Client
from connectors.telegram.incoming import CHANNEL, Incoming
from connectors.telegram.meanings import Context, Meaning, meant, option_key
from conversations.arrivals import Words
from conversations.messages import by_external_id, last_reply, next_waiting
from conversations.models import Message, Person, Thread
from conversations.outbox import release_held
from desk.desk import Desk
from desk.journal import Journal
from desk.ports import DialogueDown
from desk.receive import Handling, receive
from desk.turns import take_turns
from desk.values import InboundMessage, OwnAnswer

log = logging.getLogger(__name__)

_SETTLING_SECONDS = 10.0
# What these mean depends on how the talk stands, so it is decided when they come first.
_BY_CONTEXT = ("option", "edited")


class Conversation:
    """The talks of one bot. Turns go on when the request that began them is gone; `close` ends them.

    `journal`: through which words come that are pushed.
    """

    def __init__(
        self,
        desk: Desk,
        client: Client,
        account: Account,
        *,
        max_letters: int,
        journal: Journal | None = None,
    ) -> None:
        self._desk = desk
        self._client = client
        self._account = account
        self._max_letters = max_letters
        self._turns: set[asyncio.Task[None]] = set()
        self._journal = journal
        if journal is not None:
            journal.serve(CHANNEL, self._begin_shown)

    async def take(self, incoming: Incoming) -> None:
        """Store an update that is pushed. Returns as soon as it is on the disk; what follows from words comes later."""
        if self._journal is None:
            return await self.accept(incoming)
        if (words := self._words(incoming)) is not None:
            return await self._journal.keep(words)
        # What a button or a correction means depends on what was said before.
        async with asyncio.timeout(_SETTLING_SECONDS):  # else Telegram will push it again
            await self._journal.settled(CHANNEL, incoming.chat)
        return await self.accept(incoming)

    async def acknowledge(self, incoming: Incoming) -> None:
        """What a person sees at once: the spinner of a button stops, and the bot writes, where it does.

        Of words it is known when they are in their thread, and shown then.
        """
        journal = self._journal
        unseen = journal is not None and (
            self._words(incoming) is not None or journal.held(CHANNEL, incoming.chat)
        )
        await self._client.acknowledge(incoming, typing=not unseen)

    async def accept(self, incoming: Incoming) -> None:
        """Store an update and begin its turn. Returns after the commit; a known one changes nothing."""
        if incoming.kind == "unblocked":
            return await self._reachable(incoming)
        known, context = await self._look(incoming)
        if known is not None:  # whoever stored it may be gone, and its turn not taken
            return self._begin_turn(known.thread_id, incoming.chat)
        meaning = meant(incoming, context, bot=self._account.known_username, max_letters=self._max_letters)
        if meaning is None:
            return None
        key = meaning.key or incoming.external_id
        inbound = InboundMessage(CHANNEL, key, incoming.chat, meaning.text, incoming.at, meaning.file)
        received = await receive(self._desk, inbound, _handling(meaning))
        if meaning.for_dialogue:
            self._begin_turn(received.thread_id, incoming.chat)
        return None

    async def close(self) -> None:
        """End the turns that are being taken; their messages go on waiting."""
        for task in list(self._turns):
            task.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    async def _reachable(self, incoming: Incoming) -> None:
        """The person lets us write again: what was held goes out."""
        async with self._desk.database.write() as session:
            thread_id = await _thread_of(session, incoming.chat)
            if thread_id is not None:
                await release_held(session, thread_id)
        self._desk.to_send.set()

    async def _look(self, incoming: Incoming) -> tuple[Message | None, Context]:
        """The update's row, if it is known, and how the talk stands."""
        async with self._desk.database.read() as session:
            known = await by_external_id(session, CHANNEL, incoming.external_id)
            thread_id = await _thread_of(session, incoming.chat)
            if thread_id is None or incoming.kind not in _BY_CONTEXT:
                return known, Context()
            offered = await session.get(Message, incoming.option.message_id) if incoming.option else None
            if offered is not None and offered.thread_id != thread_id:
                offered = None
            return known, Context(
                offered,
                await last_reply(session, thread_id),
                await next_waiting(session, thread_id) is not None,
                offered is not None
                and await by_external_id(session, CHANNEL, option_key(offered)) is not None,
            )

    def _words(self, incoming: Incoming) -> Words | None:
        """What is for the dialogue whatever was said before, and brings nothing else along."""
        if incoming.kind in _BY_CONTEXT:
            return None
        meaning = meant(incoming, Context(), bot=self._account.known_username, max_letters=self._max_letters)
        if meaning is None or not meaning.for_dialogue or meaning.answer or meaning.file or meaning.key:
            return None
        key, sender = incoming.external_id, incoming.chat
        return Words(channel=CHANNEL, sender=sender, key=key, text=meaning.text, at=incoming.at)

    def _begin_shown(self, thread_id: str, chat: str) -> None:
        self._begin_turn(thread_id, chat, shown_after=0.0)

    def _begin_turn(self, thread_id: str, chat: str, *, shown_after: float = TYPING_SECONDS) -> None:
        task = asyncio.create_task(self._turn(thread_id, chat, shown_after))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _turn(self, thread_id: str, chat: str, shown_after: float) -> None:
        typing = asyncio.create_task(self._still_typing(chat, shown_after))
        try:
            await take_turns(self._desk, thread_id)
        except DialogueDown:  # the loop of the app takes the turn when the model is back
            log.debug("the dialogue model is away")
        except Exception as error:  # without its message, which may hold what the person wrote
            log.error("taking a turn for Telegram failed: %s", type(error).__name__)
        finally:
            typing.cancel()
            with suppress(asyncio.CancelledError):
                await typing

    async def _still_typing(self, chat: str, shown_after: float) -> None:
        """Where the first sign of it was given with the acknowledgement, that fades after some seconds."""
        await asyncio.sleep(shown_after)
        await self._client.keep_typing(chat)


def _handling(meaning: Meaning) -> Handling:
    own = OwnAnswer(meaning.answer, meaning.buttons, meaning.firm) if meaning.answer else None
    return Handling(for_dialogue=meaning.for_dialogue, own=own)


async def _thread_of(session: AsyncSession, chat: str) -> str | None:
    return await session.scalar(
        select(Thread.id).join(Person).where(Person.channel == CHANNEL, Person.address == chat)
    )
