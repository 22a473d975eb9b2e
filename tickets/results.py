"""What came of tickets: answered within their time, and what their enterprises said when they were called back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.call_back import Called
from tickets.limits import Timed
from tickets.models import Ticket, TicketClock, TicketEvent
from tickets.states import Step


@dataclass(frozen=True, slots=True)
class Results:
    """Of a period.

    `due`: times for handling that ran out in it; each round of a ticket has one of its own. One that is suspended has
    not run out, and one that ended early without an answer (withdrawn, terminated) never will. `in_time`: those of them
    within which the enterprise was answered. `reached`: tickets whose enterprise answered the two questions of a
    call-back; of several call-backs the last one in the period counts. `solved` and `satisfied`: those of them.
    """

    due: int = 0
    in_time: int = 0
    reached: int = 0
    solved: int = 0
    satisfied: int = 0


async def results(
    session: AsyncSession, since: datetime, until: datetime, now: datetime, *, confidential: bool = True
) -> dict[str, Results]:
    """Department -> from `since` on and before `until`; the empty one: with nobody. `confidential`: those count too."""
    wanted = true() if confidential else Ticket.confidential.is_(False)
    called = await _called(session, since, until, wanted)
    handled = await _handled(session, since, min(until, now), wanted)
    return {
        key: Results(*handled.get(key, (0, 0)), *called.get(key, (0, 0, 0)))
        for key in sorted({*called, *handled})
    }


def sum_of(found: Iterable[Results]) -> Results:
    """All of them together."""
    return Results(*map(sum, zip(*map(astuple, found), strict=True)))


async def last_calls(session: AsyncSession, tickets: Collection[str]) -> dict[str, Called]:
    """Ticket -> what was answered when its enterprise was called back last; those that never were are left out."""
    rows = await session.scalars(
        select(TicketEvent)
        .where(TicketEvent.ticket_id.in_(tickets), TicketEvent.solved.is_not(None))
        .order_by(TicketEvent.ticket_id, TicketEvent.id)
    )
    return {event.ticket_id: event.called for event in rows if event.called}


async def _called(
    session: AsyncSession, since: datetime, until: datetime, wanted: ColumnElement[bool]
) -> dict[str, tuple[int, int, int]]:
    last = (
        select(func.max(TicketEvent.id))
        .where(TicketEvent.solved.is_not(None), TicketEvent.at >= since, TicketEvent.at < until)
        .group_by(TicketEvent.ticket_id)
    )
    rows = await session.execute(
        select(
            Ticket.department,
            func.count(),
            _sum(TicketEvent.solved.is_(True)),
            _sum(TicketEvent.satisfied.is_(True)),
        )
        .select_from(TicketEvent)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(TicketEvent.id.in_(last), wanted)
        .group_by(Ticket.department)
    )
    return {row[0] or "": (row[1], int(row[2]), int(row[3])) for row in rows}


async def _handled(
    session: AsyncSession, since: datetime, until: datetime, wanted: ColumnElement[bool]
) -> dict[str, tuple[int, int]]:
    # The release ends the clock of handling: at the same moment.
    answered = exists().where(
        TicketEvent.ticket_id == TicketClock.ticket_id,
        TicketEvent.step == Step.RELEASED,
        TicketEvent.at == TicketClock.ended_at,
    )
    late = or_(TicketClock.ended_at.is_(None), TicketClock.ended_at > TicketClock.due_at)
    rows = await session.execute(
        select(Ticket.department, func.count(), _sum(and_(~late, answered)))
        .select_from(TicketClock)
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(
            TicketClock.timed == Timed.HANDLE,
            TicketClock.due_at >= since,
            TicketClock.due_at < until,
            or_(late, answered),
            wanted,
        )
        .group_by(Ticket.department)
    )
    return {row[0] or "": (row[1], int(row[2])) for row in rows}


def _sum(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((holds, 1), else_=0)), 0)
