"""What has changed in the threads since somebody looked: the few questions that live pages ask again and again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from conversations.models import Attachment, Delivery, Holder, Message, Note, Stored, Thread

_AT_ONCE = 1000
# Named, not what they are not: so the index of thread and delivery is used.
_UNSETTLED = (Delivery.PENDING, Delivery.SENDING, Delivery.HELD, Delivery.FAILED, Delivery.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far somebody has read: the newest message and the newest note."""

    message: int
    note: int

    def __str__(self) -> str:
        return f"{self.message}-{self.note}"

    @classmethod
    def parse(cls, text: str) -> Mark:
        """`12-3`. Raises ValueError where it is not that."""
        message, dash, note = text.partition("-")
        if not (dash and _is_id(message) and _is_id(note)):
            raise ValueError(f"{text!r} is no mark")
        return cls(int(message), int(note))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19 and int(text) < 2**31


@dataclass(frozen=True, slots=True)
class Written:
    """What was written after a mark: id -> its thread."""

    messages: Mapping[int, str]
    notes: Mapping[int, str]

    def threads(self) -> set[str]:
        """Where something was written."""
        return {*self.messages.values(), *self.notes.values()}


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has a thread that is not the bot's, and how far they have read."""

    holder: Holder
    staff: str | None
    seen: int


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A message of ours that has not arrived, as far as is known."""

    thread_id: str
    delivery: Delivery
    reason: str


async def newest_mark(session: AsyncSession) -> Mark:
    """Where a page begins that shows everything there is."""
    message = await session.scalar(select(func.max(Message.id)))
    note = await session.scalar(select(func.max(Note.id)))
    return Mark(message or 0, note or 0)


async def written_since(
    session: AsyncSession, mark: Mark, missing: tuple[Collection[int], Collection[int]] = ((), ())
) -> Written:
    """All that was written after the mark, and of the `missing` messages and notes those that are there now."""
    messages, notes = missing
    return Written(
        await _since(session, select(Message.id, Message.thread_id), Message.id, mark.message, messages),
        await _since(session, select(Note.id, Note.thread_id), Note.id, mark.note, notes),
    )


async def _since(
    session: AsyncSession,
    rows: Select[int, str],
    column: InstrumentedAttribute[int],
    after: int,
    missing: Collection[int],
) -> dict[int, str]:
    found: dict[int, str] = {}
    while True:
        some = (await session.execute(rows.where(column > after).order_by(column).limit(_AT_ONCE))).all()
        found.update((row[0], row[1]) for row in some)
        if len(some) < _AT_ONCE:
            break
        after = some[-1][0]
    if missing:
        late = await session.execute(rows.where(column.in_(missing)))
        found.update((row[0], row[1]) for row in late)
    return found


async def standing(session: AsyncSession) -> dict[str, Standing]:
    """Thread -> who has it, of those that wait or are in somebody's hands."""
    rows = await session.execute(
        select(Thread.id, Thread.holder, Thread.staff, Thread.staff_seen).where(
            Thread.holder.in_((Holder.WAITING, Holder.STAFF))
        )
    )
    return {id_: Standing(holder, staff, seen) for id_, holder, staff, seen in rows}


async def unsettled(session: AsyncSession, threads: Collection[str]) -> dict[int, Unsettled]:
    """Message -> what is known of it, of those of the threads that have not arrived."""
    if not threads:
        return {}
    rows = await session.execute(
        select(Message.id, Message.thread_id, Message.delivery, Message.reason).where(
            Message.thread_id.in_(threads), Message.delivery.in_(_UNSETTLED)
        )
    )
    return {id_: Unsettled(thread_id, delivery, reason) for id_, thread_id, delivery, reason in rows}


async def arriving(session: AsyncSession, threads: Collection[str]) -> dict[int, str]:
    """Message -> its thread, of those of the threads whose file is being fetched."""
    if not threads:
        return {}
    rows = await session.execute(
        select(Attachment.message_id, Attachment.thread_id).where(
            Attachment.thread_id.in_(threads), Attachment.state == Stored.PENDING
        )
    )
    return {message: thread for message, thread in rows if message and thread}
