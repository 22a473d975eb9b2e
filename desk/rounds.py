"""One look at what staff have to be told: at which moment, and at which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Note
from desk.desk import Desk
from staff import notices
from store.workdays import Calendar
from tickets.limits import Level
from tickets.models import RectificationEvent, Ticket, TicketEvent

MOST = 500
_LOOK_BACK = 200
_TABLES: tuple[tuple[str, type[TicketEvent] | type[Note] | type[RectificationEvent]], ...] = (
    ("events", TicketEvent),
    ("notes", Note),
    ("cases", RectificationEvent),
)


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of a table after `since` (some of them told before), up to `until`."""

    since: int
    until: int

    @property
    def begins(self) -> int:
        """After which row is looked."""
        return self.since - _LOOK_BACK


@dataclass(frozen=True, slots=True)
class Round:
    """One look. `spans`: what is told of by rows; `urgent_only`: it is night, and urgent tickets are exempt."""

    desk: Desk
    session: AsyncSession
    now: datetime
    calendar: Calendar
    spans: Mapping[str, Span]
    urgent_only: bool

    def limited(self) -> list[ColumnElement[bool]]:
        """Which tickets are looked at."""
        return [Ticket.level == Level.URGENT] if self.urgent_only else []


async def spans_of(session: AsyncSession) -> dict[str, Span]:
    """What this round tells of, no more than a round can bear."""
    found = {}
    for source, table in _TABLES:
        since = await notices.mark_of(session, source)
        ids = select(table.id).where(table.id > since).order_by(table.id).limit(MOST).subquery()
        found[source] = Span(since, await session.scalar(select(func.max(ids.c.id))) or since)
    return found
