"""The dialogue model is away: who has waited for an answer goes to the queue of a person, and is told so."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.messages import by_external_id
from conversations.models import Author, Holder, Message, Thread, Turn
from conversations.threads import call_staff
from desk.desk import Desk
from desk.handoff import when_answered
from desk.notices import at_first
from desk.rules import rules
from store.workdays import Calendar

# A model that is only being started again is back sooner.
PATIENCE = timedelta(seconds=30)


async def call_for_waiting(desk: Desk, *, limit: int = 100) -> int:
    """Put every thread with a message that has waited too long into the queue, and say so once for it; how many.

    The message keeps waiting: the bot answers it when it is back, unless a person has taken the thread.
    """
    now, called = desk.clock(), 0
    async with desk.database.read() as session:
        waiting = await _waiting(session, now - PATIENCE, limit)
    for thread_id, message_id in waiting:
        async with desk.database.write() as session:
            calendar = (await rules(desk, session)).calendar
            called += await _call(desk, session, thread_id, message_id, now, calendar)
    if called:
        desk.to_send.set()
    return called


async def _waiting(session: AsyncSession, before: datetime, limit: int) -> list[tuple[str, int]]:
    rows = await session.execute(
        select(Message.thread_id, Message.id)
        .join(Thread, Thread.id == Message.thread_id)
        .where(
            Message.turn == Turn.WAITING,
            Message.created_at < before,
            Thread.holder == Holder.BOT,  # whoever is called already does not fill the page
        )
        .order_by(Message.id)
        .limit(limit)
    )
    # The oldest message of a thread speaks for it.
    return list({row.thread_id: (row.thread_id, row.id) for row in reversed(rows.all())}.values())


async def _call(
    desk: Desk, session: AsyncSession, thread_id: str, message_id: int, now: datetime, calendar: Calendar
) -> bool:
    if not await call_staff(session, thread_id, at=now):
        return False
    thread = await session.get_one(Thread, thread_id)
    key = f"outage:{message_id}"
    if await by_external_id(session, thread.channel, key) is not None:
        return False
    session.add(
        Message(
            thread_id=thread_id,
            author=Author.SYSTEM,
            channel=thread.channel,
            external_id=key,
            answers_id=message_id,
            text=f"智能助手暂时不能回答，您的问题已经收到，并为您转给工作人员。{when_answered(desk, now, calendar)}",
            detail={"outcome": "handoff", "why": "outage"},
            delivery=at_first(thread.channel),
            created_at=now,
        )
    )
    return True
