"""By what the time of tickets is counted: the limits of the settings, the calendar as it stands in the database."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from tickets.life import Rules
from tickets.timing import load_calendar


async def rules(desk: Desk, session: AsyncSession) -> Rules:
    """The rules of this moment."""
    return Rules(await load_calendar(session), desk.limits, desk.bounds)
