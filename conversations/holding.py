"""Who has a thread: taken by one member of staff, given back to the bot, left to the queue when they fall silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from conversations.models import Author, Delivery, Holder, Message, Note, NoteKind, Thread
from conversations.outbox import drop_overtaken


async def take(session: AsyncSession, thread_id: str, staff: str, *, at: datetime) -> bool:
    """Take the thread for a member of staff; what the bot had still to say is dropped. False: somebody has it."""
    values = {"holder": Holder.STAFF, "staff": staff, "taken_at": at, "waiting_since": None, "ended_at": None}
    if not await _pass_on(session, thread_id, [Thread.holder != Holder.STAFF], values):
        return False
    await drop_overtaken(session, [thread_id])
    await note(session, thread_id, NoteKind.TAKEN, by=staff, at=at)
    return True


async def hand_over(session: AsyncSession, thread_id: str, staff: str, to: str, *, at: datetime) -> bool:
    """Give the thread to a colleague. False: it is not `staff`'s to give."""
    if not await _pass_on(session, thread_id, _held_by(staff), {"staff": to, "taken_at": at}):
        return False
    await note(session, thread_id, NoteKind.HANDED_OVER, by=staff, at=at, mentions=(to,))
    return True


async def hand_back(session: AsyncSession, thread_id: str, staff: str, *, at: datetime) -> bool:
    """Give the thread back to the bot. False: it is not `staff`'s to give."""
    if not await _pass_on(session, thread_id, _held_by(staff), {"holder": Holder.BOT, "ended_at": at}):
        return False
    await note(session, thread_id, NoteKind.HANDED_BACK, by=staff, at=at)
    return True


async def requeue(session: AsyncSession, thread_id: str, *, silent_since: datetime, at: datetime) -> bool:
    """Put a thread whose holder fell silent back into the queue. False where somebody has answered meanwhile."""
    values = {"holder": Holder.WAITING, "waiting_since": at}
    if not await _pass_on(session, thread_id, _left_alone(Author.PERSON, silent_since), values):
        return False
    await note(session, thread_id, NoteKind.TIMED_OUT, by="", at=at)
    return True


async def end(session: AsyncSession, thread_id: str, *, silent_since: datetime, at: datetime) -> bool:
    """Give a thread back to the bot in which staff had the last word before that moment. False: it is not so (any more)."""
    values = {"holder": Holder.BOT, "ended_at": at}
    if not await _pass_on(session, thread_id, _left_alone(Author.STAFF, silent_since), values):
        return False
    await note(session, thread_id, NoteKind.ENDED, by="", at=at)
    return True


async def _pass_on(
    session: AsyncSession, thread_id: str, where: Sequence[ColumnElement[bool]], values: Mapping[str, object]
) -> bool:
    """Change who has the thread, where that still holds."""
    # One conditional statement on both databases: of any number who press at once, one changes the row.
    passed = await session.execute(
        update(Thread)
        .where(Thread.id == thread_id, *where)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(passed.rowcount)  # type: ignore[attr-defined]


def _held_by(staff: str) -> Sequence[ColumnElement[bool]]:
    return Thread.holder == Holder.STAFF, Thread.staff == staff


async def fallen_silent(session: AsyncSession, silent_since: datetime, limit: int = 100) -> Sequence[str]:
    """Threads that staff took before that moment and in which a person has waited for an answer since before it."""
    return await _with_staff(session, Author.PERSON, silent_since, limit)


async def left_open(session: AsyncSession, silent_since: datetime, limit: int = 100) -> Sequence[str]:
    """Threads that staff still have, and in which they had the last word before that moment."""
    return await _with_staff(session, Author.STAFF, silent_since, limit)


async def _with_staff(
    session: AsyncSession, last: Author, silent_since: datetime, limit: int
) -> Sequence[str]:
    found = await session.scalars(
        select(Thread.id).where(*_left_alone(last, silent_since)).order_by(Thread.taken_at).limit(limit)
    )
    return found.all()


async def sending(session: AsyncSession, thread_id: str) -> bool:
    """Whether something of the bot is on its way out at this moment."""
    found = await session.scalar(
        select(Message.id)
        .where(
            Message.thread_id == thread_id,
            Message.author == Author.BOT,
            Message.delivery == Delivery.SENDING,
        )
        .limit(1)
    )
    return found is not None


async def note(
    session: AsyncSession,
    thread_id: str,
    kind: NoteKind,
    *,
    by: str,
    at: datetime,
    text: str = "",
    mentions: Sequence[str] = (),
) -> Note:
    """Write down what only staff see."""
    newest = await session.scalar(select(func.max(Message.id)).where(Message.thread_id == thread_id))
    row = Note(
        thread_id=thread_id, kind=kind, by=by, text=text, mentions=list(mentions), after_id=newest or 0, at=at
    )
    session.add(row)
    await session.flush()
    return row


async def noted_last(session: AsyncSession, thread_id: str, by: str, text: str) -> bool:
    """Whether the last thing noted in the thread is just that, and nothing was said since."""
    newest = await session.scalar(select(func.max(Message.id)).where(Message.thread_id == thread_id))
    last = await session.scalar(
        select(Note).where(Note.thread_id == thread_id).order_by(Note.id.desc()).limit(1)
    )
    return (
        last is not None
        and (last.kind, last.by, last.text) == (NoteKind.WRITTEN, by, text)
        and last.after_id == (newest or 0)
    )


async def notes(session: AsyncSession, thread_id: str) -> Sequence[Note]:
    """The notes of a thread, in order."""
    return (await session.scalars(select(Note).where(Note.thread_id == thread_id).order_by(Note.id))).all()


def _left_alone(last_word: Author, silent_since: datetime) -> tuple[ColumnElement[bool], ...]:
    """Whether staff have had the thread since before that moment, and its last word is that one's and as old."""
    words = (
        select(func.max(Message.id))
        .where(Message.thread_id == Thread.id, Message.author.in_((Author.PERSON, Author.STAFF)))
        .correlate(Thread)
        .scalar_subquery()
    )
    last = aliased(Message)
    said = exists().where(last.id == words, last.author == last_word, last.created_at < silent_since)
    return Thread.holder == Holder.STAFF, Thread.taken_at < silent_since, said
