"""Threads that staff leave alone: one in which a person waits goes back to the queue, one that is over to the bot."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from conversations import holding
from conversations.models import Author, Message, Thread
from desk.desk import Desk
from desk.handoff import when_answered
from desk.notices import at_first
from desk.rating_asking import owe_talk
from desk.rules import rules
from store.workdays import Calendar

# Who says "tomorrow" still has the thread tomorrow; where the enterprise comes back before, see `desk.receive`.
LEFT_OPEN = timedelta(hours=24)


async def requeue_silent(desk: Desk, silence: timedelta) -> int:
    """Put threads whose holder lets a person wait so long back into the queue, and tell the person; how many."""
    since = desk.clock() - silence
    async with desk.database.read() as session:
        found = await holding.fallen_silent(session, since)
        calendar = (await rules(desk, session)).calendar
    put = 0
    for thread_id in found:
        async with desk.database.write() as session:
            if await holding.requeue(session, thread_id, silent_since=since, at=desk.clock()):
                await _tell(desk, session, thread_id, calendar, silence)
                put += 1
    if put:
        desk.to_send.set()
    return put


async def end_left_open(desk: Desk) -> int:
    """Give threads back to the bot in which staff had the last word so long ago; how many."""
    since = desk.clock() - LEFT_OPEN
    async with desk.database.read() as session:
        found = await holding.left_open(session, since)
    ended = 0
    for thread_id in found:
        async with desk.database.write() as session:
            if await holding.end(session, thread_id, silent_since=since, at=desk.clock()):
                await owe_talk(desk, session, thread_id)
                ended += 1
    return ended


async def _tell(
    desk: Desk, session: AsyncSession, thread_id: str, calendar: Calendar, silence: timedelta
) -> None:
    now = desk.clock()
    thread = await session.get_one(Thread, thread_id)
    session.add(
        Message(
            thread_id=thread_id,
            author=Author.SYSTEM,
            channel=thread.channel,
            text=f"让您久等了，已请其他工作人员接着为您服务。{when_answered(desk, now, calendar)}",
            detail={"outcome": "handoff", "why": "silent", "minutes": silence // timedelta(minutes=1)},
            delivery=at_first(thread.channel),
            created_at=now,
        )
    )
