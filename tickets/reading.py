"""Tickets as other systems read them: by what has changed since, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from tickets.models import Answer, Ticket
from tickets.states import State


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which tickets are wanted; None does not count. `confidential`: also those."""

    state: State | None = None
    department: str | None = None
    number: str | None = None
    since: datetime | None = None
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the ticket that changed then, of that id."""

    at: datetime
    id: str


async def changed(
    session: AsyncSession, wanted: Narrowing, *, after: Place | None, limit: int
) -> Sequence[Ticket]:
    """A page of tickets in the order in which they changed, the longest ago first."""
    query = select(Ticket).order_by(Ticket.changed_at, Ticket.id).limit(limit)
    if not wanted.confidential:
        query = query.where(Ticket.confidential.is_(False))
    if wanted.state is not None:
        query = query.where(Ticket.state == wanted.state)
    if wanted.department is not None:
        query = query.where(Ticket.department == wanted.department)
    if wanted.number is not None:
        query = query.where(Ticket.number == wanted.number)
    if wanted.since is not None:
        query = query.where(Ticket.changed_at >= wanted.since)
    if after is not None:
        query = query.where(tuple_(Ticket.changed_at, Ticket.id) > (after.at, after.id))
    return (await session.scalars(query)).all()


async def released_answer(session: AsyncSession, ticket_id: str) -> str:
    """What the enterprise was last answered; empty where it was not yet."""
    return (
        await session.scalar(
            select(Answer.text)
            .where(Answer.ticket_id == ticket_id, Answer.released.is_(True))
            .order_by(Answer.id.desc())
            .limit(1)
        )
        or ""
    )


@dataclass(frozen=True, slots=True)
class Span:
    """Submitted from that moment on and before this one. `confidential`: those count too."""

    since: datetime
    until: datetime
    confidential: bool


async def counted(
    session: AsyncSession, span: Span, by: InstrumentedAttribute[State] | InstrumentedAttribute[str | None]
) -> dict[str, int]:
    """How many tickets were submitted in the span, by a column; `none` where it is empty."""
    query = (
        select(by, func.count())
        .where(Ticket.submitted_at >= span.since, Ticket.submitted_at < span.until)
        .group_by(by)
    )
    if not span.confidential:
        query = query.where(Ticket.confidential.is_(False))
    rows = await session.execute(query)
    return {str(row[0] or "none"): row[1] for row in rows}
