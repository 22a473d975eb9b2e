"""Staff and time move a ticket: the step is taken and its enterprise told, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Author, Message, Thread
from desk.announcing import take_and_announce
from desk.desk import Desk
from desk.news import news
from desk.notices import at_first
from desk.progress import reason_told
from desk.rating_asking import owe_ticket, put_off
from desk.rules import rules
from staff.models import Department
from store.clock import city_date
from store.workdays import Calendar
from tickets.errors import StepRefused
from tickets.life import CLOCK, Doing, Rules
from tickets.limits import Timed
from tickets.models import Ticket, TicketClock, TicketEvent
from tickets.papers import papers_of
from tickets.states import Actor, State, Step
from tickets.timing import all_running, is_late_by, overdue, running

_OVERDUE = "办理期限已过，系统自动列入督办。"


async def ring(desk: Desk, *, limit: int = 100) -> int:
    """Take the steps that time takes, at most `limit` of each kind; how many were taken."""
    now = desk.clock()
    async with desk.database.read() as session:
        by = await rules(desk, session)
        due = [
            *(
                (clock.ticket_id, Step.ARCHIVED)
                for clock in await overdue(session, Timed.ARCHIVE, now, limit)
            ),
            *((id, Step.CALL_BACK_DUE) for id in await _to_call_back(session, now, by.calendar, limit)),
        ]
        # Nobody is called to account at night, and no enterprise's telephone rings.
        if desk.office_hours.open_at(now, by.calendar):
            undecided = await overdue(session, Timed.DECIDE, now, limit)
            due += [(clock.ticket_id, Step.DEEMED) for clock in undecided]
            late = is_late_by(desk.reminding.supervise_after, now, by.calendar)
            due += [(id, Step.SUPERVISED) for id in await _late(session, late, limit)]
    return sum([await _rung(desk, ticket_id, step, by) for ticket_id, step in due])


async def _rung(desk: Desk, ticket_id: str, step: Step, by: Rules) -> bool:
    note = _OVERDUE if step is Step.SUPERVISED else ""
    try:
        async with desk.database.write() as session:
            ticket = await session.get_one(Ticket, ticket_id)
            at = await _deemed_at(session, ticket) if step is Step.DEEMED else None
            doing = Doing(CLOCK, Actor.CLOCK, at or desk.clock(), note)
            await move(desk, session, ticket, step, doing, by)
    except StepRefused:  # somebody was faster
        return False
    desk.to_send.set()
    return True


async def _deemed_at(session: AsyncSession, ticket: Ticket) -> datetime | None:
    """When the time for a decision was over: from then on it counts as accepted, whenever that is noticed."""
    clock = await running(session, ticket.id, Timed.DECIDE)
    return clock.due_at if clock else None


async def move(
    desk: Desk, session: AsyncSession, ticket: Ticket, step: Step, doing: Doing, by: Rules
) -> TicketEvent:
    """Take a step and tell the enterprise, in the session's transaction; then set `desk.to_send`. Raises `StepRefused`."""
    event = await take_and_announce(desk, session, ticket, step, doing, by)
    papers = await papers_of(session, ticket.id)
    text = news(
        ticket,
        step,
        note=reason_told(event, papers.events),
        running=await all_running(session, ticket.id),
        answer=papers.answers[-1].text if step is Step.RELEASED else "",
        department=await _department(session, ticket) if step is Step.DISPATCHED else "",
    )
    thread = await session.get(Thread, ticket.thread_id) if ticket.thread_id else None
    if text is not None and thread is not None:  # None: the enterprise had itself erased and is telephoned
        session.add(_news_row(ticket, thread, text, desk.clock()))
    if event.after is State.CLOSED and event.before is not State.CLOSED:
        await session.flush()
        await owe_ticket(desk, session, ticket)
    elif event.before is State.CLOSED:
        await put_off(session, ticket)
    return event


async def _department(session: AsyncSession, ticket: Ticket) -> str:
    found = await session.get(Department, ticket.department) if ticket.department else None
    return found.name if found else "承办单位"


def _news_row(ticket: Ticket, thread: Thread, text: str, at: datetime) -> Message:
    return Message(
        thread_id=thread.id,
        author=Author.SYSTEM,
        channel=thread.channel,
        text=text,
        detail={"outcome": "ticket", "ticket": ticket.number},
        delivery=at_first(thread.channel),
        created_at=at,
    )


async def _to_call_back(
    session: AsyncSession, now: datetime, calendar: Calendar, limit: int
) -> Sequence[str]:
    """Tickets whose answer is out since an earlier working day (次日回访)."""
    today = city_date(now)
    if not calendar.is_workday(today):
        return []
    found = await session.execute(
        select(TicketClock.ticket_id, TicketClock.started_at)
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(
            Ticket.state == State.ANSWERED,
            TicketClock.timed == Timed.CALL_BACK,
            TicketClock.ended_at.is_(None),
        )
        .order_by(TicketClock.started_at)
        .limit(limit)
    )
    return [ticket_id for ticket_id, started in found if city_date(started) < today]


async def _late(session: AsyncSession, late: ColumnElement[bool], limit: int) -> Sequence[str]:
    """Tickets whose time for handling is over for so long and that nobody has put under supervision."""
    found = await session.scalars(
        select(Ticket.id)
        .join(TicketClock, TicketClock.ticket_id == Ticket.id)
        .where(
            Ticket.supervised_at.is_(None),
            TicketClock.timed == Timed.HANDLE,
            TicketClock.ended_at.is_(None),
            late,
        )
        .order_by(TicketClock.due_at)
        .limit(limit)
    )
    return found.all()
