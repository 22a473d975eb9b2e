"""Which tickets were urged in vain: a 《催办通知书》 is due for them, or criticism in writing.

Both follow the 12345 hotline's rules for departments: the notice the day after an urging that brought nothing, criticism
where a ticket that was urged is late by more than five working days.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from store.clock import city_date
from store.workdays import Calendar
from tickets.limits import Timed
from tickets.models import Ticket, TicketClock, TicketEvent
from tickets.states import OPEN, State, Step

# What a department does about an urging: anything that moves the ticket on, or says why it does not.
_ANSWERS = (Step.ACCEPTED, Step.SIGNED, Step.STARTED, Step.DRAFTED, Step.EXTENSION_ASKED)
# From when it is theirs: what was urged before, of others or of an earlier round, is not laid to their charge.
_HANDED = (
    Step.SUBMITTED, Step.DISPATCHED, Step.RETURNED, Step.ARBITRATED, Step.REASSIGNED, Step.REWORKED, Step.OVERTURNED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Urged:
    """Open tickets that were urged. `notice`: nothing came of it, a 催办通知书 is due; `criticised`: they are late by too long,
    whatever came of it."""

    notice: frozenset[str] = frozenset()
    criticised: frozenset[str] = frozenset()


def urgings(events: Sequence[TicketEvent]) -> list[TicketEvent]:
    """Of all that happened to a ticket, the urgings since those have it who have it now."""
    handed = max((number for number, one in enumerate(events) if one.step in _HANDED), default=0)
    return [one for one in events[handed:] if one.step is Step.URGED]


async def urged_in_vain(session: AsyncSession, now: datetime, calendar: Calendar, late_days: int) -> Urged:
    """The ids of open tickets that were urged since those have them who have them now, suspended ones left out.

    `notice`: an urging of an earlier working day after which the department did nothing; `criticised`: the time for handling
    has been over for more than `late_days` working days.
    """
    urging, step = aliased(TicketEvent), aliased(TicketEvent)

    def last(steps: Collection[Step]) -> ScalarSelect[int]:
        found = select(func.max(step.id)).where(step.ticket_id == Ticket.id, step.step.in_(steps))
        return found.correlate(Ticket).scalar_subquery()

    handling = and_(
        TicketClock.ticket_id == Ticket.id,
        TicketClock.timed == Timed.HANDLE,
        TicketClock.ended_at.is_(None),
    )
    rows = await session.execute(
        select(Ticket.id, urging.id, urging.at, last(_ANSWERS), TicketClock.due_at)
        .join(urging, urging.ticket_id == Ticket.id)
        .outerjoin(TicketClock, handling)
        .where(
            urging.step == Step.URGED,
            urging.id > last(_HANDED),
            Ticket.state.in_(OPEN - {State.SUSPENDED}),
        )
    )
    today = city_date(now)
    notice, criticised = set(), set()
    for ticket, urging_id, at, answer, due_at in rows:
        if (answer or 0) < urging_id and today >= calendar.add(city_date(at), 1):
            notice.add(ticket)
        if due_at is not None and calendar.count(city_date(due_at), today) > late_days:
            criticised.add(ticket)
    return Urged(frozenset(notice), frozenset(criticised))
