"""People and their threads: found, begun, handed over, held for a turn."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Holder, Person, Thread
from store.ids import NewId


async def open_thread(
    session: AsyncSession, *, channel: str, address: str, at: datetime, new_id: NewId
) -> Thread:
    """The thread of a person of a channel, begun where there is none."""
    found = await session.scalar(
        select(Thread).join(Person).where(Person.channel == channel, Person.address == address)
    )
    if found is not None:
        return found
    person = Person(id=new_id(), channel=channel, address=address, created_at=at)
    session.add(person)
    await session.flush()
    thread = Thread(
        id=new_id(), person_id=person.id, channel=channel, last_message_at=at, created_at=at, talk=1
    )
    session.add(thread)
    await session.flush()
    return thread


async def hold(session: AsyncSession, thread_id: str, *, now: datetime, lease: timedelta) -> bool:
    """Take the thread for a turn, for `lease`, unless another process has it."""
    taken = await session.execute(
        update(Thread)
        .where(Thread.id == thread_id, or_(Thread.turn_until.is_(None), Thread.turn_until < now))
        .values(turn_until=now + lease)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


async def release(session: AsyncSession, thread_id: str) -> None:
    """Give the thread back after a turn."""
    await session.execute(update(Thread).where(Thread.id == thread_id).values(turn_until=None))


async def call_staff(session: AsyncSession, thread_id: str, *, at: datetime) -> bool:
    """Put the thread into the waiting queue. False where it waited or was held by staff already."""
    moved = await session.execute(
        update(Thread)
        .where(Thread.id == thread_id, Thread.holder == Holder.BOT)
        .values(holder=Holder.WAITING, waiting_since=at)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]
