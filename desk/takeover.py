"""A person instead of the bot: taken by one press, answered in the thread's own channel, given back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations import holding, outbox
from conversations import mentions as mentions_of
from conversations.messages import by_external_id
from conversations.models import Author, Holder, Message, NoteKind, Thread
from desk.delivery import SEND_SECONDS
from desk.desk import Desk
from desk.notices import at_first
from desk.rating_asking import owe_talk
from staff import audit
from staff.actors import Actor
from staff.audit import Action

_LOOK_SECONDS = 0.05
_SAID_INSTEAD = "工作人员已把这段话作为人工回复发出。"
Sleep = Callable[[float], Awaitable[None]]


class NotYours(Exception):
    """The thread is not (any more) in the hands of who wants to act in it; `holder` has it, or nobody."""

    def __init__(self, thread_id: str, holder: str | None) -> None:
        super().__init__(f"thread {thread_id} is held by {holder}")
        self.thread_id = thread_id
        self.holder = holder


class Empty(ValueError):
    """Nothing was written."""


class BotSilent(Exception):
    """The bot says nothing while staff hold the thread, nor anything over again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What staff write. `key`: of the form that sent it, so that a second press of it sends nothing more.

    Other words under the same key are another reply: somebody who was cut off may have changed them.
    """

    text: str
    key: str
    # What the words are known by, where the words themselves are new with every press.
    known_by: str = ""

    def external_id(self, staff: str) -> str:
        """By which a repetition is known."""
        words = self.known_by or hashlib.sha256(self.text.strip().encode()).hexdigest()[:16]
        return f"staff:{staff}:{self.key}:{words}"


async def take_over(
    desk: Desk, thread_id: str, staff: str, *, by: Actor | None = None, sleep: Sleep = asyncio.sleep
) -> None:
    """Take the thread. Raises `NotYours` where a colleague has it; whose it is already keeps it.

    `by`: whom the audit log names. From the commit on the bot says nothing more. What it was saying at that moment has arrived, or is known not to
    have, when this returns: nothing of the bot comes after it.
    """
    async with desk.database.write() as session:
        taken = await holding.take(session, thread_id, staff, at=desk.clock())
        if not taken:
            holder = await _holder(session, thread_id)
            if holder != staff:
                raise NotYours(thread_id, holder)
        _record(session, by if taken else None, Action.THREAD_TAKEN, thread_id, desk.clock())
    waited = 0.0
    while waited < SEND_SECONDS:
        async with desk.database.read() as session:
            if not await holding.sending(session, thread_id):
                return
        await sleep(_LOOK_SECONDS)
        waited += _LOOK_SECONDS


async def give_back(desk: Desk, thread_id: str, staff: str, *, by: Actor | None = None) -> None:
    """Let the bot answer again. Raises `NotYours`."""
    async with desk.database.write() as session:
        if not await holding.hand_back(session, thread_id, staff, at=desk.clock()):
            raise NotYours(thread_id, await _holder(session, thread_id))
        _record(session, by, Action.THREAD_GIVEN_BACK, thread_id, desk.clock())
        await owe_talk(desk, session, thread_id)


async def hand_over(desk: Desk, thread_id: str, staff: str, to: str, *, by: Actor | None = None) -> None:
    """Give the thread to a colleague. Raises `NotYours`."""
    async with desk.database.write() as session:
        if not await holding.hand_over(session, thread_id, staff, to, at=desk.clock()):
            raise NotYours(thread_id, await _holder(session, thread_id))
        _record(session, by, Action.THREAD_HANDED_OVER, thread_id, desk.clock())


async def reply(desk: Desk, thread_id: str, staff: str, written: Reply) -> Message:
    """Write to the enterprise; goes out through the thread's channel. Raises `NotYours` or `Empty`."""
    if not written.text.strip():
        raise Empty
    async with desk.database.write() as session:
        thread = await session.get_one(Thread, thread_id, with_for_update=True)
        message = await reply_in(desk, session, thread, staff, written)
    desk.to_send.set()
    return message


async def reply_in(desk: Desk, session: AsyncSession, thread: Thread, staff: str, written: Reply) -> Message:
    """The same within a transaction that holds the thread's row; then set `desk.to_send`. Raises `NotYours`."""
    external_id = written.external_id(staff)
    if known := await by_external_id(session, thread.channel, external_id):
        return known
    if thread.holder != Holder.STAFF or thread.staff != staff:
        raise NotYours(thread.id, thread.staff if thread.holder == Holder.STAFF else None)
    message = _of_staff(thread, staff, written.text.strip(), external_id, desk.clock())
    session.add(message)
    await session.flush()
    thread.staff_seen = message.id
    return message


async def resend(desk: Desk, thread_id: str, message_id: int, *, by: Actor | None = None) -> bool:
    """Send a message once more that failed or is in doubt. False: it is neither, and nothing is done.

    Raises `BotSilent` for the bot's words where staff have the thread: see `say_instead`.
    """
    async with desk.database.write() as session:
        if await _silenced(session, thread_id, message_id):
            raise BotSilent
        again = await outbox.resend(session, thread_id, message_id)
        detail = {"消息": str(message_id)}
        _record(session, by if again else None, Action.MESSAGE_RESENT, thread_id, desk.clock(), detail)
    desk.to_send.set()
    return again


async def say_instead(desk: Desk, thread_id: str, staff: str, message_id: int, *, by: Actor) -> bool:
    """Send, as staff who have the thread, what the bot could not get through. False: it is not such a message (any more).

    Raises `NotYours`.
    """
    async with desk.database.write() as session:
        thread = await session.get(Thread, thread_id, with_for_update=True)
        message = await session.get(Message, message_id, populate_existing=True)
        if thread is None or thread.holder != Holder.STAFF or thread.staff != staff:
            raise NotYours(thread_id, await _holder(session, thread_id))
        if not await outbox.replace(session, thread_id, message_id, reason=_SAID_INSTEAD):
            return False
        assert message is not None, "there was one to replace"
        session.add(_of_staff(thread, staff, message.text, f"instead:{message_id}", desk.clock()))
        detail = {"消息": str(message_id), "方式": "作为人工回复"}
        _record(session, by, Action.MESSAGE_RESENT, thread_id, desk.clock(), detail)
    desk.to_send.set()
    return True


async def write_note(
    desk: Desk, thread_id: str, staff: str, text: str, mentions: tuple[str, ...] = ()
) -> None:
    """Write something that only staff see; the same once more right after it is nothing new. Raises `Empty`."""
    if not text.strip():
        raise Empty
    async with desk.database.write() as session:
        if await holding.noted_last(session, thread_id, staff, text.strip()):
            return
        note = await holding.note(
            session,
            thread_id,
            NoteKind.WRITTEN,
            by=staff,
            at=desk.clock(),
            text=text.strip(),
            mentions=mentions,
        )
        mentions_of.call(session, note, [account for account in mentions if account != staff])


async def see(desk: Desk, thread_id: str, message_id: int) -> None:
    """Staff have read the thread up to that message."""
    async with desk.database.write() as session:
        await session.execute(
            update(Thread)
            .where(
                Thread.id == thread_id,
                Thread.staff_seen < message_id,
                # A browser says what it likes: nobody has read what is not written yet.
                exists().where(Message.thread_id == thread_id, Message.id == message_id),
            )
            .values(staff_seen=message_id)
        )


async def see_mentions(desk: Desk, thread_id: str, account: str) -> None:
    """An account has opened a thread in which it is called."""
    async with desk.database.read() as session:
        if not await mentions_of.unseen_in(session, thread_id, account):
            return
    async with desk.database.write() as session:
        await mentions_of.see(session, thread_id, account, at=desk.clock())


def _of_staff(thread: Thread, staff: str, text: str, external_id: str, at: datetime) -> Message:
    return Message(
        thread_id=thread.id,
        author=Author.STAFF,
        channel=thread.channel,
        external_id=external_id,
        text=text,
        detail={"staff": staff},
        delivery=at_first(thread.channel),
        created_at=at,
    )


async def _silenced(session: AsyncSession, thread_id: str, message_id: int) -> bool:
    found = await session.scalar(
        select(Message.id)
        .join(Thread, Thread.id == Message.thread_id)
        .where(
            Message.id == message_id,
            Message.thread_id == thread_id,
            Message.author == Author.BOT,
            Thread.holder == Holder.STAFF,
        )
    )
    return found is not None


async def _holder(session: AsyncSession, thread_id: str) -> str | None:
    return await session.scalar(
        select(Thread.staff).where(Thread.id == thread_id, Thread.holder == Holder.STAFF)
    )


def _record(
    session: AsyncSession,
    by: Actor | None,
    action: Action,
    thread_id: str,
    at: datetime,
    detail: Mapping[str, str] = MappingProxyType({}),
) -> None:
    if by is not None:
        audit.record(session, by, action, audit.thread(thread_id), at=at, detail=detail)
