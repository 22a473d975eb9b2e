"""Threads whose people are to be erased: asked for, put off, taken back, due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ScalarSelect, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Delivery, ErasedTalks, Leaving, Message, Person, Thread, Turn

_UNDER_WAY = (Delivery.PENDING, Delivery.SENDING, Delivery.HELD)


async def unfollow(session: AsyncSession, channel: str, address: str, erase_at: datetime) -> None:
    """Somebody wants no more of us: erase from that moment on. An earlier wish stays."""
    await session.execute(
        update(Thread)
        .where(Thread.person_id == _person(channel, address), Thread.leaving.is_(None))
        .values(leaving=Leaving.UNFOLLOWED, erase_at=erase_at)
        .execution_options(synchronize_session=False)
    )


async def follow_again(session: AsyncSession, channel: str, address: str) -> None:
    """They are back in time; what they asked for in words stays."""
    await session.execute(
        update(Thread)
        .where(Thread.person_id == _person(channel, address), Thread.leaving == Leaving.UNFOLLOWED)
        .values(leaving=None, erase_at=None)
        .execution_options(synchronize_session=False)
    )


async def due(session: AsyncSession, now: datetime, limit: int = 200) -> Sequence[str]:
    """Threads to be erased, the longest due first."""
    found = await session.scalars(
        select(Thread.id).where(Thread.erase_at <= now).order_by(Thread.erase_at).limit(limit)
    )
    return found.all()


def in_turn(thread: Thread, now: datetime) -> bool:
    """Whether some process is taking a turn of a thread."""
    return thread.turn_until is not None and thread.turn_until > now


async def quiet(session: AsyncSession, thread: Thread, now: datetime) -> bool:
    """Whether nothing of a thread is under way: no turn to be taken, no message to be sent."""
    if in_turn(thread, now):
        return False
    busy = exists().where(
        Message.thread_id == thread.id,
        (Message.turn == Turn.WAITING) | Message.delivery.in_(_UNDER_WAY),
    )
    return not await session.scalar(select(busy))


async def erased_talks(session: AsyncSession, limit: int = 100) -> Sequence[ErasedTalks]:
    """Threads whose talks the dialogue model has still to forget."""
    rows = await session.scalars(select(ErasedTalks).order_by(ErasedTalks.thread_id).limit(limit))
    return rows.all()


def _person(channel: str, address: str) -> ScalarSelect[str]:
    return select(Person.id).where(Person.channel == channel, Person.address == address).scalar_subquery()
