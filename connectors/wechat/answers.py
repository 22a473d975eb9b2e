"""The answer to a push while WeChat waits for it: stored once, its turn taken once, its replies carried once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from connectors.faults import report
from connectors.wechat.carriage import Answer, Asked, Carriage
from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import (
    CHANNEL,
    NO_MEDIA,
    NO_SCENES,
    NOT_STORED,
    OPTION_GONE,
    Meant,
    Said,
    Shown,
    Silent,
    Told,
    act_of,
    comes,
    is_tap,
    leaves,
    meant,
)
from connectors.wechat.notices import TicketNotices
from connectors.wechat.pushes import Push, TemplateSent
from connectors.wechat.taps import tapped
from conversations.arrivals import Words
from conversations.models import Message, Person
from conversations.quotas import Recipient, Window, close_windows, open_windows
from desk.desk import Desk
from desk.erasure import followed, unfollowed
from desk.journal import Journal
from desk.ports import DialogueDown
from desk.receive import Handling, Received, receive
from desk.turns import take_turns
from desk.values import InboundMessage, OwnAnswer

log = logging.getLogger(__name__)

_TRY_AGAIN_SECONDS = 0.3
_ATTEMPTS = 3
# WeChat shows it for 15 s and refuses to be told again before.
_TYPING_SHOWN_SECONDS = 15.5
_SETTLING_SECONDS = 1.0
_FIRST_LOOK_SECONDS = 1.0  # within the grace for which the outbox leaves the replies alone


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `ready`: how long an attempt waits for the replies; `cut`: when WeChat hangs up and tries again.

    `typing`: after how long the person is shown that an answer is being written.
    """

    ready: float = 4.5
    cut: float = 5.0
    typing: float = 1.5


class Answers:
    """The answers of one account. Turns go on when the request that began them is gone; `close` ends them.

    `journal`: with it, words that get no answer in their reply are acknowledged as soon as they are stored; `scenes`: what
    QR codes say for who scans them.
    """

    def __init__(
        self,
        desk: Desk,
        channel: WeChatChannel,
        *,
        max_letters: int,
        unfollow_grace: timedelta,
        patience: Patience | None = None,
        notices: TicketNotices | None = None,
        journal: Journal | None = None,
        scenes: Mapping[str, str] = NO_SCENES,
    ) -> None:
        self.patience = patience or Patience()
        self.carriage = Carriage(desk, channel)
        self._desk = desk
        self._channel = channel
        self._max_letters, self._scenes = max_letters, scenes
        self._notices = notices
        self._unfollow_grace = unfollow_grace
        self._turns: set[asyncio.Task[None]] = set()
        self._journal = journal
        if journal is not None:
            journal.serve(CHANNEL, self._begin_turn)

    async def to(self, push: Push, *, arrived: float) -> Answer:
        """The answer to one attempt of a push. `arrived`: when it came, on the event loop's clock."""
        if isinstance(push, TemplateSent) and self._notices is not None:
            await self._notices.finished(push)
        said = meant(push, max_letters=self._max_letters, scenes=self._scenes)
        came = self._desk.clock()
        if await self._left_to_staff(push, said):
            return Answer()
        if isinstance(said, Told | Silent):
            if not await self._note_following(push):
                return Answer(overdue=True)
            await self._count_alone(push)
            return Answer(await self._told(said, push) if isinstance(said, Told) else "")
        deadline = arrived + self.patience.ready
        received = await self._stored(push, said, deadline)
        if isinstance(received, str):
            return Answer(received)
        turn = self._begin_turn(received.thread_id, push.sender)
        # To look before it ends would only cost. It may go on with what the person wrote since: that is not waited for.
        await asyncio.wait([turn], timeout=min(_FIRST_LOOK_SECONDS, self.patience.ready))
        asked = Asked(push.sender, received.thread_id, received.message_id, again=received.repeated)
        answer = await self.carriage.wait(asked, deadline)
        return answer or await self._late(asked, self._attempt(push, received, came))

    async def _left_to_staff(self, push: Push, said: Meant) -> bool:
        """Whether the push is stored and needs no answer in its reply: words for staff, as far as is known here.

        An account that can only reply is left out, since its replies bring what staff write. Everything else comes after
        what the person wrote before.
        """
        journal = self._journal if self._channel.can_reply_later else None
        if journal is None or (isinstance(said, Silent) and not leaves(push)):
            return False
        words = self._words(push, said) if isinstance(said, Said) and not is_tap(push) else None
        if words is None or not journal.held(CHANNEL, push.sender):
            with suppress(TimeoutError):  # then order is worth less than an answer in time
                async with asyncio.timeout(_SETTLING_SECONDS):
                    await journal.settled(CHANNEL, push.sender)
        if words is None or not journal.held(CHANNEL, push.sender):
            return False
        try:
            await journal.keep(words)
        except Exception as error:  # the other way tries again
            report("storing a message from WeChat", error)
            return False
        return True

    def _words(self, push: Push, said: Said) -> Words:
        return Words(
            channel=CHANNEL,
            sender=push.sender,
            key=push.key,
            text=said.text,
            at=self._desk.clock(),
            window=self._window(push),
        )

    async def close(self) -> None:
        """End the turns that are being taken; their messages go on waiting."""
        for task in list(self._turns):
            task.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    async def _stored(self, push: Push, said: Said | Shown, deadline: float) -> Received | str:
        """The message's row, or what the person is told where it does not count or could not be stored in time."""
        while True:
            try:
                key = await self._key(push)
                if key is None:
                    await self._count_alone(push)
                    return OPTION_GONE
                return await receive(self._desk, *self._taken(push, said, key))
            except Exception as error:
                report("storing a message from WeChat", error)
            if asyncio.get_running_loop().time() + _TRY_AGAIN_SECONDS >= deadline:
                return NOT_STORED
            await asyncio.sleep(_TRY_AGAIN_SECONDS)

    async def _key(self, push: Push) -> str | None:
        """Under which a push is stored once; None for a tap that asks for nothing any more."""
        if is_tap(push):
            async with self._desk.database.read() as session:
                tap = await tapped(session, push.menu_id or "", push.sender, now=self._desk.clock())
            return tap.key if tap else push.key
        return push.key

    def _taken(self, push: Push, said: Said | Shown, key: str) -> tuple[InboundMessage, Handling]:
        """What is stored of a push, and what is done about it."""

        async def also(session: AsyncSession, _: Message) -> None:
            await self._count(session, push)

        inbound = InboundMessage(CHANNEL, key, push.sender, said.text, self._desk.clock())
        if isinstance(said, Said):
            return inbound, Handling(also=also)
        file = said.file
        if file and not file.refused and not self._channel.can_reply_later:
            file = replace(file, refused=NO_MEDIA)
        own = OwnAnswer(said.answer) if said.answer else None
        # A number picks an option of what was shown last.
        handling = Handling(for_dialogue=False, own=own, ask_again=True, also=also)
        return replace(inbound, file=file), handling

    async def _note_following(self, push: Push) -> bool:
        """WeChat demands that who unfollows is erased. False where it could not be noted: WeChat is to ask again."""
        try:
            if leaves(push):
                await unfollowed(self._desk, CHANNEL, push.sender, self._unfollow_grace)
            elif comes(push):
                await followed(self._desk, CHANNEL, push.sender)
        except Exception as error:
            report("noting who follows in WeChat", error)
            return False
        return True

    async def _count_alone(self, push: Push) -> None:
        """Count what is not stored as a message. The answer does not hang on it."""
        if not self._channel.can_reply_later or (act_of(push) is None and not leaves(push)):
            return
        try:
            async with self._desk.database.write() as session:
                await self._count(session, push)
        except Exception as error:
            report("counting what a person did in WeChat", error)

    async def _count(self, session: AsyncSession, push: Push) -> None:
        """What the person did opens or closes the windows for what we send."""
        recipient = Recipient(CHANNEL, push.sender)
        if not self._channel.can_reply_later:
            return
        if leaves(push):
            await close_windows(session, recipient)
        elif (window := self._window(push)) is not None:
            await open_windows(session, [(recipient, window)])

    def _window(self, push: Push) -> Window | None:
        act = act_of(push)
        if act is None:
            return None
        # From WeChat's own second, the same for each attempt: see `open_window`.
        until = datetime.fromtimestamp(push.created, self._desk.clock().tzinfo) + act.lasts
        return Window(act, act.messages, until)

    async def _told(self, told: Told, push: Push) -> str:
        if not told.to_strangers:
            return told.text
        async with self._desk.database.read() as session:
            known = await session.scalar(
                select(exists().where(Person.channel == CHANNEL, Person.address == push.sender))
            )
        return told.text if known else told.to_strangers

    def _begin_turn(self, thread_id: str, openid: str) -> asyncio.Task[None]:
        """Every attempt asks for the turn, as the process that had it may be gone; only one gets it."""
        task = asyncio.create_task(self._turn(thread_id, openid))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        return task

    async def _turn(self, thread_id: str, openid: str) -> None:
        typing = asyncio.create_task(self._typing(openid))
        try:
            await take_turns(self._desk, thread_id)
        except DialogueDown:  # the loop of the app takes the turn when the model is back
            log.debug("the dialogue model is away")
        except Exception as error:
            report("taking a turn for WeChat", error)
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)

    async def _typing(self, openid: str) -> None:
        await asyncio.sleep(self.patience.typing)
        while True:
            await self._channel.show_typing(openid)
            await asyncio.sleep(_TYPING_SHOWN_SECONDS)

    async def _late(self, asked: Asked, attempt: int) -> Answer:
        """Not in time: it is sent later; where it cannot be, WeChat's three attempts give three times the time."""
        if self._channel.can_reply_later:
            return Answer()
        return await self.carriage.meanwhile(asked) if attempt >= _ATTEMPTS else Answer(overdue=True)

    def _attempt(self, push: Push, received: Received, came: datetime) -> int:
        """Which attempt this is, by the time since the first, which may not have reached us; any process can tell."""
        since = max((came - received.message.created_at).total_seconds(), came.timestamp() - push.created)
        return 1 + round(since / self.patience.cut)
