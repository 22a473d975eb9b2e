"""What people leave behind when they try things out, and how long it is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.models import CardAutosave, GateRun, HitTest

AUTOSAVES_KEPT = timedelta(days=90)
KEPT = timedelta(days=365)


async def clear_traces(session: AsyncSession, now: datetime) -> None:
    """Forget hit tests and runs of the gate after a year, and what nobody has saved after 90 days."""
    await session.execute(delete(HitTest).where(HitTest.at < now - KEPT))
    await session.execute(delete(GateRun).where(GateRun.seen_at < now - KEPT))
    await session.execute(delete(CardAutosave).where(CardAutosave.at < now - AUTOSAVES_KEPT))
