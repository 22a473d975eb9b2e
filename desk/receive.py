"""Someone writes: the message is stored once, before anybody is told that it arrived."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from conversations import holding
from conversations.messages import by_external_id, last_reply
from conversations.models import Author, Delivery, Holder, Message, Thread, Turn
from conversations.outbox import release_held
from conversations.threads import lock, open_thread
from desk.desk import Desk
from desk.erasure import starts_anew
from desk.keeping import keep
from desk.rating_asking import owe_talk
from desk.values import WEB, InboundMessage, OwnAnswer

Also = Callable[[AsyncSession, Message], Awaitable[None]]
# What the bot has asked stays asked after a picture in between.
_STILL_ASKED = ("form", "clarify")
# In `Message.detail`: the id of the question whose options an answer of our own repeats.
ASKED_AGAIN = "asked_again"


@dataclass(frozen=True, slots=True)
class Received:
    """The message's row. `repeated`: the channel had brought it before; `to_send`: something may go out now."""

    message: Message
    repeated: bool
    to_send: bool = False

    @property
    def thread_id(self) -> str:
        """The thread it went to."""
        return self.message.thread_id

    @property
    def message_id(self) -> int:
        """Its id: the order in which messages were stored."""
        return self.message.id


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done about a message beside storing it, in the same transaction.

    `for_dialogue`: it gets its turn; `own`: answered at once; `ask_again`: the own answer repeats the options of an
    open question, as where only the last message shows any; `also`: what else is written where the message is new.
    """

    for_dialogue: bool = True
    own: OwnAnswer | None = None
    ask_again: bool = False
    also: Also | None = None


async def receive(desk: Desk, inbound: InboundMessage, handling: Handling | None = None) -> Received:
    """Store a message with its person, thread, file and own answer. The same (channel, external id) is stored once."""
    handling = handling or Handling()
    try:
        received = await _store(desk, inbound, handling)
    except (IntegrityError, StaleDataError):
        # On PostgreSQL another process stored the same message, or the same new person, or erased the person at the
        # same time: what it stored is there now, and what it erased is not.
        received = await _store(desk, inbound, handling)
    if received.to_send:
        desk.to_send.set()
    return received


async def _store(desk: Desk, inbound: InboundMessage, handling: Handling) -> Received:
    async with desk.database.write() as session:
        known = await by_external_id(session, inbound.channel, inbound.external_id)
        if known is not None:
            return Received(known, repeated=True)
        thread = await _thread(desk, session, inbound)
        if thread.leaving is not None and await starts_anew(desk, session, thread):
            thread = await _thread(desk, session, inbound)
        await _resume(desk, session, thread, inbound.at)
        released = inbound.channel != WEB and await release_held(session, thread.id)
        message = Message(
            thread_id=thread.id,
            author=Author.PERSON,
            channel=inbound.channel,
            external_id=inbound.external_id,
            text=inbound.text.replace("\0", ""),  # PostgreSQL keeps none
            turn=Turn.WAITING,
            created_at=inbound.at,
        )
        if handling.own is None and inbound.file is None:
            session.add(message)
            await session.flush()
        else:
            await _handle(desk, session, message, inbound, handling)
        if handling.also is not None:
            await handling.also(session, message)
        answered = handling.own is not None or inbound.file is not None
        return Received(message, repeated=False, to_send=released or answered)


async def _handle(
    desk: Desk, session: AsyncSession, message: Message, inbound: InboundMessage, handling: Handling
) -> None:
    """Store a message that is answered at once, or left to staff, so that no process gives it to the dialogue."""
    holder = await lock(session, message.thread_id)
    by_staff, own, key = holder == Holder.STAFF, handling.own, inbound.external_id
    if not handling.for_dialogue:
        message.turn = Turn.STAFF if by_staff and not (own and own.firm) else Turn.DONE
    session.add(message)
    await session.flush()
    if inbound.file is not None:
        taken = await keep(
            desk, session, message, inbound.file, words=handling.for_dialogue, by_staff=by_staff
        )
        text = f"{taken.answer}\n{own.text}" if own else taken.answer
        own = OwnAnswer(text, firm=taken.refused)  # what is not there is told in any case
        key = key if taken.refused else inbound.file.album or key
    if own is not None and (own.firm or not by_staff):
        await _answer(desk, session, message, own, key=f"answer:{key}", ask_again=handling.ask_again)


async def _answer(
    desk: Desk, session: AsyncSession, message: Message, own: OwnAnswer, *, key: str, ask_again: bool
) -> None:
    """Put an answer into the outbox, once for each key: of an album only one."""
    if await by_external_id(session, message.channel, key) is not None:
        return
    asked = await last_reply(session, message.thread_id) if ask_again else None
    again = asked is not None and asked.detail.get("outcome") in _STILL_ASKED
    session.add(
        Message(
            thread_id=message.thread_id,
            # Not as the bot's: what it has asked stays its last word, and a button or a number still answers it.
            author=Author.SYSTEM,
            channel=message.channel,
            external_id=key,
            answers_id=message.id,
            text=own.text,
            detail={ASKED_AGAIN: asked.id} if asked and again else {},
            buttons=list(asked.buttons) if asked and again else [button.as_json() for button in own.buttons],
            delivery=Delivery.PENDING,
            created_at=desk.clock(),
        )
    )


async def _thread(desk: Desk, session: AsyncSession, inbound: InboundMessage) -> Thread:
    return await open_thread(
        session, channel=inbound.channel, address=inbound.sender, at=inbound.at, new_id=desk.new_id
    )


async def _resume(desk: Desk, session: AsyncSession, thread: Thread, at: datetime) -> None:
    """Begin a new talk after a long silence, so that yesterday's matter does not colour today's question."""
    silence = at - thread.last_message_at
    if silence >= desk.talk_idle:
        await _end_talk(desk, session, thread, silence, at)
    thread.last_message_at = at  # at last: what comes before reads the row anew


async def _end_talk(
    desk: Desk, session: AsyncSession, thread: Thread, silence: timedelta, at: datetime
) -> None:
    since = at - desk.talk_idle
    # The bot answers, where they had done with it.
    if thread.holder is Holder.STAFF and await holding.end(session, thread.id, silent_since=since, at=at):
        await owe_talk(desk, session, thread.id)  # the talk with them, before the next one begins
    last = await last_reply(session, thread.id)
    in_form = last is not None and last.detail.get("outcome") == "form"
    if not in_form or silence >= desk.form_idle:
        thread.talk += 1
