"""The threads as staff look for them: who waits, whose are mine, all, those given back; and what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from conversations.models import Author, Holder, Message, Person, Thread


class View(StrEnum):
    """A list of threads."""

    WAITING = "waiting"  # the longest first
    MINE = "mine"
    ALL = "all"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list begins: after the thread of that moment and id."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """A thread in a list. `last`: its newest message, if any; `unread`: a person's messages that staff have not read."""

    thread: Thread
    person: Person
    last: Message | None
    unread: int
    place: Place


@dataclass(frozen=True, slots=True)
class Counts:
    """How many threads wait, and how many are in one's own hands."""

    waiting: int
    mine: int


async def page(
    session: AsyncSession, view: View, *, staff: str, after: Place | None = None, limit: int = 50
) -> list[Row]:
    """A page of a list; the next one is after the `place` of its last row."""
    moment, wanted = _order(view, staff)
    statement = select(Thread, Person, moment).join(Person).where(wanted)
    if view is View.WAITING:
        statement = statement.order_by(moment, Thread.id)
        if after:
            statement = statement.where(tuple_(moment, Thread.id) > (after.at, after.id))
    else:
        statement = statement.order_by(moment.desc(), Thread.id.desc())
        if after:
            statement = statement.where(tuple_(moment, Thread.id) < (after.at, after.id))
    return await _rows(session, statement.limit(limit))


async def newest_message(session: AsyncSession) -> int:
    """The id of the newest message, 0 where there is none."""
    return await session.scalar(select(func.max(Message.id))) or 0


async def hits(
    session: AsyncSession, text: str, *, after: int, before: int, outside: Collection[str], limit: int
) -> Sequence[Message]:
    """What people and staff wrote between two ids that holds a text, the newest first, without those of the threads
    `outside`. What the bot says is out of articles, and is found there."""
    statement = select(Message).where(
        Message.id > after,
        Message.id < before,
        Message.author != Author.BOT,
        Message.text.icontains(text, autoescape=True),
    )
    if outside:
        statement = statement.where(Message.thread_id.not_in(outside))
    return (await session.scalars(statement.order_by(Message.id.desc()).limit(limit))).all()


async def rows_in_order(session: AsyncSession, threads: Sequence[str]) -> list[Row]:
    """Threads as rows of a list, in this order."""
    rows = {row.thread.id: row for row in await rows_of(session, threads)}
    return [rows[thread_id] for thread_id in threads if thread_id in rows]


async def rows_of(session: AsyncSession, threads: Collection[str]) -> list[Row]:
    """Threads as rows of a list, in no order."""
    statement = select(Thread, Person, Thread.last_message_at).join(Person).where(Thread.id.in_(threads))
    return await _rows(session, statement)


async def counts(session: AsyncSession, staff: str) -> Counts:
    """How many wait, and how many are one's own."""
    waiting = await session.scalar(select(func.count()).where(Thread.holder == Holder.WAITING))
    mine = await session.scalar(
        select(func.count()).where(Thread.staff == staff, Thread.holder == Holder.STAFF)
    )
    return Counts(waiting or 0, mine or 0)


async def messages(
    session: AsyncSession, thread_id: str, *, before: int | None = None, after: int = 0, limit: int = 100
) -> Sequence[Message]:
    """Messages of a thread in order: the newest `limit` before an id, or the first `limit` after one."""
    statement = select(Message).where(Message.thread_id == thread_id, Message.id > after)
    if after:
        return (await session.scalars(statement.order_by(Message.id).limit(limit))).all()
    if before is not None:
        statement = statement.where(Message.id < before)
    rows = await session.scalars(statement.order_by(Message.id.desc()).limit(limit))
    return list(reversed(rows.all()))


async def messages_of(session: AsyncSession, thread_id: str, ids: Collection[int]) -> Sequence[Message]:
    """Those of the messages that belong to the thread, in order."""
    statement = select(Message).where(Message.thread_id == thread_id, Message.id.in_(ids))
    return (await session.scalars(statement.order_by(Message.id))).all()


def _order(view: View, staff: str) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    match view:
        case View.WAITING:
            return Thread.waiting_since.expression, Thread.holder == Holder.WAITING
        case View.MINE:
            return Thread.last_message_at.expression, and_(
                Thread.staff == staff, Thread.holder == Holder.STAFF
            )
        case View.CLOSED:
            return Thread.ended_at.expression, and_(Thread.ended_at.is_not(None), Thread.holder == Holder.BOT)
    return Thread.last_message_at.expression, or_(Thread.holder.is_not(None))


async def _rows(session: AsyncSession, statement: Select[Thread, Person, Any]) -> list[Row]:
    found = (await session.execute(statement)).all()
    ids = [thread.id for thread, _, _ in found]
    lasts, unread = await _lasts(session, ids), await _unread(session, ids)
    return [
        Row(thread, person, lasts.get(thread.id), unread.get(thread.id, 0), Place(at, thread.id))
        for thread, person, at in found
    ]


async def _lasts(session: AsyncSession, ids: Sequence[str]) -> dict[str, Message]:
    newest_of = select(func.max(Message.id)).where(Message.thread_id.in_(ids)).group_by(Message.thread_id)
    rows = await session.scalars(select(Message).where(Message.id.in_(newest_of)))
    return {message.thread_id: message for message in rows}


async def _unread(session: AsyncSession, ids: Sequence[str]) -> dict[str, int]:
    thread = aliased(Thread)
    rows = await session.execute(
        select(Message.thread_id, func.count())
        .join(thread, thread.id == Message.thread_id)
        .where(Message.thread_id.in_(ids), Message.author == Author.PERSON, Message.id > thread.staff_seen)
        .group_by(Message.thread_id)
    )
    return {row[0]: row[1] for row in rows}
