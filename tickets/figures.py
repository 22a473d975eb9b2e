"""How many tickets came, how they stand and how they ended: what the dashboard and the monthly report are made of.

Confidential tickets are counted like any other: a number tells nothing of what is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tickets.limits import Timed
from tickets.models import Rectification, Ticket, TicketClock, TicketEvent
from tickets.rectification_states import CaseState
from tickets.states import MOVES, OPEN, State, Step

_CLOSING = tuple(move.step for move in MOVES if move.after is State.CLOSED and move.step is not Step.UPHELD)
# An upheld answer closes a ticket only where it was not closed before, nor refused.
_NOT_CLOSED = (State.ANSWERED, State.CALL_BACK)
_ENDING = (Step.WITHDRAWN, Step.TERMINATED)
_DECIDED = (Step.ACCEPTED, Step.DEEMED, Step.REFUSED)


class By(StrEnum):
    """What the tickets that came are sorted by."""

    KIND = "kind"
    SUBJECT = "subject"
    DISTRICT = "district"


_COLUMNS = {By.KIND: Ticket.kind, By.SUBJECT: Ticket.subject, By.DISTRICT: Ticket.district}


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers that reached enterprises: every round of a ticket counts. `in_time`: those within the time for handling."""

    count: int
    in_time: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What came and went within a period."""

    received: int
    decided: Mapping[Step, int]  # accepted, deemed accepted, refused
    answered: Answered
    closed: int
    ended: int  # withdrawn by the enterprise, or terminated
    reworked: int
    urged: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How the tickets stand at this moment."""

    open: int
    overdue: int
    supervised: int


@dataclass(frozen=True, slots=True)
class Department:
    """What a department did within a period, and what it has in hand at this moment."""

    key: str
    answered: Answered
    reworked: int
    open: int
    overdue: int


async def flow(session: AsyncSession, since: datetime, until: datetime) -> Flow:
    """From `since` on and before `until`."""
    steps = await _steps(session, since, until)
    return Flow(
        received=sum((await received_by(session, By.KIND, since, until)).values()),
        decided={step: steps.get(step, 0) for step in _DECIDED},
        answered=sum_of(await _answered(session, since, until)),
        closed=sum(steps.get(step, 0) for step in _CLOSING) + await _upheld(session, since, until),
        ended=sum(steps.get(step, 0) for step in _ENDING),
        reworked=steps.get(Step.REWORKED, 0),
        urged=steps.get(Step.URGED, 0),
    )


async def received_by(session: AsyncSession, by: By, since: datetime, until: datetime) -> dict[str, int]:
    """Kind, subject or district -> tickets submitted within the period, the most first."""
    column, count = _COLUMNS[by], func.count()
    rows = await session.execute(
        select(column, count)
        .where(Ticket.submitted_at >= since, Ticket.submitted_at < until)
        .group_by(column)
        .order_by(count.desc(), column)
    )
    return {str(name): number for name, number in rows}


async def standing(session: AsyncSession, now: datetime) -> Standing:
    """What is open, late and under supervision."""
    supervised = Ticket.supervised_at.is_not(None)
    return Standing(
        open=await _count(session, Ticket.state.in_(OPEN)),
        overdue=await _count(session, overdue(now)),
        supervised=await _count(session, and_(supervised, Ticket.state.in_(OPEN))),
    )


async def departments(
    session: AsyncSession, since: datetime, until: datetime, now: datetime
) -> list[Department]:
    """Every department that answered something within the period or has something in hand, by its key."""
    answered = await _answered(session, since, until)
    reworked = await _reworked(session, since, until)
    in_hand = await _in_hand(session, Ticket.state.in_(OPEN))
    late = await _in_hand(session, overdue(now))
    nothing = Answered(0, 0)
    return [
        Department(
            key, answered.get(key, nothing), reworked.get(key, 0), in_hand.get(key, 0), late.get(key, 0)
        )
        for key in sorted({*answered, *reworked, *in_hand} - {""})
    ]


async def open_at(session: AsyncSession, moment: datetime) -> int:
    """Tickets that were open at an earlier moment. Reads the history of all: for a report, not for a page."""
    last = select(func.max(TicketEvent.id)).where(TicketEvent.at < moment).group_by(TicketEvent.ticket_id)
    found = await session.scalar(
        select(func.count())
        .select_from(TicketEvent)
        .where(TicketEvent.id.in_(last), TicketEvent.after.in_(OPEN))
    )
    return found or 0


async def voided(session: AsyncSession, since: datetime, until: datetime) -> dict[int, int]:
    """Level -> ratings of the period that do not count: the appeal against them was upheld."""
    rows = await session.execute(
        select(Rectification.level, func.count())
        .where(
            Rectification.state == CaseState.VOIDED,
            Rectification.rated_at >= since,
            Rectification.rated_at < until,
        )
        .group_by(Rectification.level)
    )
    return {row[0]: row[1] for row in rows}


def overdue(now: datetime) -> ColumnElement[bool]:
    """Whether a ticket is open and one of its limits over."""
    return and_(Ticket.state.in_(OPEN), Ticket.id.in_(_late(now)))


def sum_of(answered: Mapping[str, Answered]) -> Answered:
    """All departments together."""
    return Answered(
        sum(one.count for one in answered.values()), sum(one.in_time for one in answered.values())
    )


async def _steps(session: AsyncSession, since: datetime, until: datetime) -> dict[Step, int]:
    wanted = (*_DECIDED, *_CLOSING, *_ENDING, Step.REWORKED, Step.URGED)
    rows = await session.execute(
        select(TicketEvent.step, func.count()).where(_within(wanted, since, until)).group_by(TicketEvent.step)
    )
    return {row[0]: row[1] for row in rows}


async def _upheld(session: AsyncSession, since: datetime, until: datetime) -> int:
    """Tickets that a re-examination has closed."""
    asked = aliased(TicketEvent)
    stood = (
        select(asked.before)
        .where(
            asked.ticket_id == TicketEvent.ticket_id,
            asked.id < TicketEvent.id,
            asked.step == Step.REEXAMINATION_ASKED,
        )
        .order_by(asked.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = select(func.count()).select_from(TicketEvent)
    closed = found.where(_within((Step.UPHELD,), since, until), stood.in_(_NOT_CLOSED))
    return await session.scalar(closed) or 0


async def _answered(session: AsyncSession, since: datetime, until: datetime) -> dict[str, Answered]:
    # The release ends the clock of handling: at the same moment.
    clock = and_(
        TicketClock.ticket_id == TicketEvent.ticket_id,
        TicketClock.timed == Timed.HANDLE,
        TicketClock.ended_at == TicketEvent.at,
    )
    in_time = func.sum(case((TicketClock.ended_at <= TicketClock.due_at, 1), else_=0))
    rows = await session.execute(
        select(Ticket.department, func.count(), in_time)
        .select_from(TicketEvent)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .outerjoin(TicketClock, clock)
        .where(_within((Step.RELEASED,), since, until))
        .group_by(Ticket.department)
    )
    return {department or "": Answered(count, int(good or 0)) for department, count, good in rows}


async def _reworked(session: AsyncSession, since: datetime, until: datetime) -> dict[str, int]:
    rows = await session.execute(
        select(Ticket.department, func.count())
        .select_from(TicketEvent)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(_within((Step.REWORKED,), since, until))
        .group_by(Ticket.department)
    )
    return {department or "": count for department, count in rows}


async def _in_hand(session: AsyncSession, wanted: ColumnElement[bool]) -> dict[str, int]:
    rows = await session.execute(
        select(Ticket.department, func.count()).where(wanted).group_by(Ticket.department)
    )
    return {department or "": count for department, count in rows}


async def _count(session: AsyncSession, wanted: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).select_from(Ticket).where(wanted)) or 0


def _within(steps: tuple[Step, ...], since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(TicketEvent.step.in_(steps), TicketEvent.at >= since, TicketEvent.at < until)


def _late(now: datetime) -> Select[str]:
    return select(TicketClock.ticket_id).where(TicketClock.ended_at.is_(None), TicketClock.due_at < now)
