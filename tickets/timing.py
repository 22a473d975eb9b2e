"""The clocks of a ticket as they stand in the database: started, stopped, extended, counted anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from store.clock import city_date, day_begins
from store.workdays import Calendar
from tickets.clocks import CHANGES, Change, Pause, due_at
from tickets.limits import Limit, Timed, TimeLimits, Unit
from tickets.models import CalendarDay, Ticket, TicketClock
from tickets.states import Step

_DUE: ColumnElement[Any] = TicketClock.due_at.expression
_LIMIT: ColumnElement[str] = TicketClock.limit.expression


async def apply(
    session: AsyncSession, ticket: Ticket, step: Step, at: datetime, calendar: Calendar, limits: TimeLimits
) -> None:
    """What a step does to the ticket's clocks."""
    # Locked in the order in which `recount` does it: neither waits for the other's second one.
    mine = select(TicketClock.id).where(TicketClock.ticket_id == ticket.id, TicketClock.ended_at.is_(None))
    await session.execute(mine.order_by(TicketClock.id).with_for_update())
    if step in (Step.SUSPENDED, Step.RESUMED):
        for clock in await all_running(session, ticket.id):
            _pause(clock, at, lasts=step is Step.SUSPENDED)
            _count(clock, calendar)
    for change, which in CHANGES.get(step, ()):
        for timed in which:
            if change is Change.END:
                if found := await running(session, ticket.id, timed):
                    found.ended_at = at
            else:
                await _start(session, ticket, timed, at, calendar, limits)


async def extend(session: AsyncSession, ticket: Ticket, days: int, calendar: Calendar) -> None:
    """Give the handling so many working days more."""
    if clock := await running(session, ticket.id, Timed.HANDLE):
        clock.extra += days
        _count(clock, calendar)


async def regrade(
    session: AsyncSession,
    ticket: Ticket,
    begun: datetime,
    at: datetime,
    calendar: Calendar,
    limits: TimeLimits,
) -> None:
    """Count what runs by the ticket's new level: hours from now on, as nobody was late before; days since they began.

    `begun`: of the handling, which may have been counted in hours from a later moment.
    """
    for timed in (Timed.DISPATCH, Timed.SIGN, Timed.HANDLE, Timed.REVIEW):
        if clock := await running(session, ticket.id, timed):
            rule = limits.of(timed, ticket.level)
            if str(rule.limit) == clock.limit:
                continue
            clock.limit, clock.source = str(rule.limit), rule.source
            if rule.limit.unit is Unit.HOURS:
                clock.started_at = at
            elif timed is Timed.HANDLE:
                clock.started_at = begun
            _count(clock, calendar)


def pauses_of(clock: TicketClock) -> list[Pause]:
    """When a clock stood still."""
    return [
        Pause(datetime.fromisoformat(since), datetime.fromisoformat(until) if until else None)
        for since, until in clock.pauses
    ]


async def running(session: AsyncSession, ticket_id: str, timed: Timed) -> TicketClock | None:
    """The clock of that kind that runs or is suspended."""
    return await session.scalar(
        select(TicketClock).where(
            TicketClock.ticket_id == ticket_id, TicketClock.timed == timed, TicketClock.ended_at.is_(None)
        )
    )


async def all_running(session: AsyncSession, ticket_id: str) -> Sequence[TicketClock]:
    """Every clock of a ticket that has not ended, what is due first in front."""
    found = await session.scalars(
        select(TicketClock)
        .where(TicketClock.ticket_id == ticket_id, TicketClock.ended_at.is_(None))
        .order_by(TicketClock.due_at, TicketClock.id)
    )
    return found.all()


async def overdue(
    session: AsyncSession, timed: Timed, now: datetime, limit: int = 100
) -> Sequence[TicketClock]:
    """Clocks of a kind whose limit is over, the longest first."""
    found = await session.scalars(
        select(TicketClock)
        .where(TicketClock.ended_at.is_(None), TicketClock.due_at < now, TicketClock.timed == timed)
        .order_by(TicketClock.due_at)
        .limit(limit)
    )
    return found.all()


def is_late_by(
    days: int,
    now: datetime,
    calendar: Calendar,
    *,
    due: ColumnElement[Any] = _DUE,
    limit: ColumnElement[str] = _LIMIT,
) -> ColumnElement[bool]:
    """Whether a limit has been over for more than so many working days, or for any time if it is one of hours."""
    last = calendar.before(city_date(now), days)
    hours = limit.like(f"%{Unit.HOURS}") & (due < now)
    return or_(due < day_begins(last + timedelta(days=1)), hours)


async def load_calendar(session: AsyncSession) -> Calendar:
    """The calendar with the days that were loaded here."""
    rows = await session.execute(select(CalendarDay.day, CalendarDay.works))
    return Calendar({row.day: row.works for row in rows})


async def recount(session: AsyncSession, calendar: Calendar) -> int:
    """Count every running limit anew by this calendar; how many are due at another time than before."""
    changed = 0
    # Locked, so that an extension of the same moment is seen or waits.
    found = (
        select(TicketClock).where(TicketClock.ended_at.is_(None)).order_by(TicketClock.id).with_for_update()
    )
    for clock in await session.scalars(found):
        before = clock.due_at
        _count(clock, calendar)
        changed += clock.due_at != before
    return changed


async def _start(
    session: AsyncSession, ticket: Ticket, timed: Timed, at: datetime, calendar: Calendar, limits: TimeLimits
) -> None:
    rule = limits.of(timed, ticket.level)
    clock = TicketClock(
        ticket_id=ticket.id, timed=timed, limit=str(rule.limit), source=rule.source, started_at=at,
        extra=0, pauses=[],
    )  # fmt: skip
    _count(clock, calendar)
    session.add(clock)
    await session.flush()


def _count(clock: TicketClock, calendar: Calendar) -> None:
    limit = Limit.parse(clock.limit)
    clock.due_at = due_at(limit, clock.started_at, calendar, extra=clock.extra, pauses=pauses_of(clock))


def _pause(clock: TicketClock, at: datetime, *, lasts: bool) -> None:
    # A new list: a changed one would not be seen as a change.
    if lasts:
        clock.pauses = [*clock.pauses, [at.isoformat(), None]]
    elif clock.pauses and clock.pauses[-1][1] is None:
        clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], at.isoformat()]]
