"""What supervisors watch: every open ticket by its first limit, as a light; those under supervision in front."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Subquery, and_, case, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from store.base import Instant
from store.clock import city_date, day_begins
from store.workdays import Calendar
from tickets.limits import Timed
from tickets.lists import Sight, sight_condition
from tickets.models import Ticket, TicketClock, TicketEvent
from tickets.states import OPEN
from tickets.urging import Urged

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Light(StrEnum):
    """How a ticket stands in time."""

    RED = "red"
    YELLOW = "yellow"  # due within one working day
    GREEN = "green"
    PAUSED = "paused"  # suspended: its time is not counted


LIGHT_NAMES: Mapping[Light, str] = {
    Light.RED: "红灯",
    Light.YELLOW: "黄灯",
    Light.GREEN: "绿灯",
    Light.PAUSED: "暂停",
}


@dataclass(frozen=True, slots=True)
class Times:
    """The moments that part the lights."""

    now: datetime
    near_until: datetime

    @classmethod
    def of(cls, now: datetime, calendar: Calendar) -> Times:
        """Yellow is what is due before the second working day from now begins."""
        return cls(now, day_begins(calendar.add(city_date(now), 2)))

    def light(self, due_at: datetime | None) -> Light:
        """Of a limit that is due then; None: suspended."""
        if due_at is None:
            return Light.PAUSED
        if due_at < self.now:
            return Light.RED
        return Light.YELLOW if due_at < self.near_until else Light.GREEN


@dataclass(frozen=True, slots=True)
class Figures:
    """Open tickets of a department."""

    lights: Mapping[Light, int] = field(default_factory=dict)
    supervised: int = 0
    notice: int = 0
    criticised: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.lights.values())


@dataclass(frozen=True, slots=True)
class Watched:
    """A ticket in the list. `last`: the id of what happened to it last."""

    ticket: Ticket
    due_at: datetime | None
    last: int

    @property
    def place(self) -> tuple[int, datetime, str]:
        """Where the page after it begins."""
        return (0 if self.ticket.supervised_at else 1, self.due_at or _NEVER, self.ticket.id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to. `ids`: only these."""

    light: Light | None = None
    department: str = ""
    supervised: bool = False
    ids: Collection[str] | None = None


async def page(
    session: AsyncSession,
    sight: Sight,
    wanted: Wanted,
    times: Times,
    *,
    after: tuple[int, datetime, str] | None = None,
    limit: int = 50,
) -> list[Watched]:
    """Open tickets, those under supervision first, in each part what is most overdue first."""
    first = _first_due()
    due = func.coalesce(first.c.due, literal(_NEVER, Instant()))
    rank = case((Ticket.supervised_at.is_not(None), 0), else_=1)
    last = (
        select(func.max(TicketEvent.id))
        .where(TicketEvent.ticket_id == Ticket.id)
        .correlate(Ticket)
        .scalar_subquery()
    )
    statement = (
        select(Ticket, first.c.due, last)
        .join(first, first.c.ticket_id == Ticket.id)
        .where(Ticket.state.in_(OPEN), sight_condition(sight), *_narrowed(wanted, first.c.due, times))
        .order_by(rank, due, Ticket.id)
        .limit(limit)
    )
    if after:
        bounds = (literal(after[0]), literal(after[1], Instant()), literal(after[2]))
        statement = statement.where(tuple_(rank, due, Ticket.id) > tuple_(*bounds))
    return [Watched(row[0], row[1], row[2] or 0) for row in await session.execute(statement)]


async def figures(
    session: AsyncSession, sight: Sight, times: Times, urged: Urged
) -> dict[str | None, Figures]:
    """Department -> its open tickets; None: with no department yet."""
    first = _first_due()
    light = case(
        (first.c.due.is_(None), Light.PAUSED.value),
        (first.c.due < times.now, Light.RED.value),
        (first.c.due < times.near_until, Light.YELLOW.value),
        else_=Light.GREEN.value,
    )
    rows = await session.execute(
        select(Ticket.department, light, func.count(), func.count(Ticket.supervised_at))
        .join(first, first.c.ticket_id == Ticket.id)
        .where(Ticket.state.in_(OPEN), sight_condition(sight))
        .group_by(Ticket.department, light)
    )
    lights: dict[str | None, dict[Light, int]] = {}
    supervised: dict[str | None, int] = {}
    for department, name, count, watched in rows:
        lights.setdefault(department, {})[Light(name)] = count
        supervised[department] = supervised.get(department, 0) + watched
    notice = await _by_department(session, sight, urged.notice)
    criticised = await _by_department(session, sight, urged.criticised)
    return {
        department: Figures(
            found, supervised[department], notice.get(department, 0), criticised.get(department, 0)
        )
        for department, found in lights.items()
    }


def _first_due() -> Subquery:
    """The first limit of every ticket that has one running; filing away is nobody's work."""
    return (
        select(TicketClock.ticket_id, func.min(TicketClock.due_at).label("due"))
        .where(TicketClock.ended_at.is_(None), TicketClock.timed != Timed.ARCHIVE)
        .group_by(TicketClock.ticket_id)
        .subquery()
    )


def _narrowed(
    wanted: Wanted, due: ColumnElement[datetime | None], times: Times
) -> Iterable[ColumnElement[bool]]:
    if wanted.department:
        yield Ticket.department == wanted.department
    if wanted.supervised:
        yield Ticket.supervised_at.is_not(None)
    if wanted.ids is not None:
        yield Ticket.id.in_(wanted.ids)
    match wanted.light:
        case Light.RED:
            yield due < times.now
        case Light.YELLOW:
            yield and_(due >= times.now, due < times.near_until)
        case Light.GREEN:
            yield due >= times.near_until
        case Light.PAUSED:
            yield due.is_(None)


async def _by_department(session: AsyncSession, sight: Sight, ids: Collection[str]) -> dict[str | None, int]:
    if not ids:
        return {}
    rows = await session.execute(
        select(Ticket.department, func.count())
        .where(Ticket.id.in_(ids), sight_condition(sight))
        .group_by(Ticket.department)
    )
    return {row[0]: row[1] for row in rows}
