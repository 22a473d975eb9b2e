"""A member of staff takes a step with a ticket: once, on what they have seen, and it is in the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.casework import move
from desk.desk import Desk
from desk.parts import parts_for, sight_of
from desk.rules import rules
from staff import audit
from staff.actors import Actor as Member
from staff.audit import Action
from staff.models import Department
from tickets.call_back import Called
from tickets.errors import FilledAnew, Incomplete, MovedOn, NotYours, ReasonMissing
from tickets.life import Doing
from tickets.limits import LEVEL_NAMES, Level
from tickets.lists import seen
from tickets.models import Ticket, TicketEvent
from tickets.papers import papers_of
from tickets.states import MOVE_OF, STEP_NAMES, Actor, Step
from tickets.tickets import by_number

MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in. `after`: the last event of the ticket that whoever filled it in has seen."""

    after: int
    note: str = ""
    level: Level | None = None
    department: str | None = None
    days: int = 0
    text: str = ""
    called: Called | None = None


async def take_step(desk: Desk, member: Member, number: str, step: Step, filled: Filled) -> None:
    """Take a step. A second press of the same form changes nothing.

    Raises `StepRefused`; `LookupError` where there is no such ticket, or none that this member sees.
    """
    async with desk.database.write() as session:
        ticket = await by_number(session, number)
        if ticket is None:
            raise LookupError(number)
        await session.refresh(ticket, with_for_update=True)
        happened = await _first_since(session, ticket, filled.after)
        # Asked before whether it is seen: who returned it to the dispatcher sees it no longer.
        if happened and happened.step is step and happened.by == member.account_id:
            if await _same(session, ticket, happened, await _checked(session, number, step, filled)):
                return
            raise FilledAnew(number, step)
        if await seen(session, number, sight_of(member)) is None:
            raise LookupError(number)
        if happened:
            raise MovedOn(number, step, happened.step)
        parts = MOVE_OF[step].actors & parts_for(member, ticket)
        if not parts:
            raise NotYours(number, step)
        filled = await _checked(session, number, step, filled)
        doing = _doing(member, sorted(parts)[0], desk.clock(), filled)
        await move(desk, session, ticket, step, doing, await rules(desk, session))
        # What was written stands with the ticket and goes when its time is over; an audit entry never does.
        audit.record(
            session,
            member,
            Action.TICKET_MOVED,
            audit.ticket(number),
            at=doing.at,
            detail={"步骤": STEP_NAMES[step]},
        )
    desk.to_send.set()


async def _checked(session: AsyncSession, number: str, step: Step, filled: Filled) -> Filled:
    """What was filled in, with the name of the department or level in the note. Raises `Incomplete`."""
    if step is Step.EXTENSION_ASKED and not 1 <= filled.days <= MOST_DAYS:
        raise Incomplete(number, step, f"请填写需要延长几个工作日（1 到 {MOST_DAYS}）。")
    if step is Step.ACCEPTED and filled.level is None:
        raise Incomplete(number, step, "请选择级别，它决定办理期限。")
    if step is Step.REGRADED and filled.level is None:
        raise Incomplete(number, step, "请选择级别，它决定办理期限。")
    if step is Step.REGRADED and filled.level and filled.note.strip():
        return replace(filled, note=f"调整为“{LEVEL_NAMES[filled.level]}”。{filled.note}")
    if step not in (Step.DISPATCHED, Step.ARBITRATED, Step.REASSIGNED):
        return filled
    department = await session.get(Department, filled.department or "")
    if department is None:
        raise Incomplete(number, step, "请选择承办部门。")
    if MOVE_OF[step].reason and not filled.note.strip():
        raise ReasonMissing(number, step)
    return replace(filled, note=f"派给{department.name}。{filled.note}")


def _doing(member: Member, part: Actor, at: datetime, filled: Filled) -> Doing:
    return Doing(
        by=member.account_id or "",
        actor=part,
        at=at,
        note=filled.note.strip(),
        level=filled.level,
        department=filled.department,
        days=filled.days,
        text=filled.text.strip(),
        called=filled.called,
    )


async def _same(session: AsyncSession, ticket: Ticket, done: TicketEvent, filled: Filled) -> bool:
    """Whether a step that was taken was filled in just like that."""
    if done.note != filled.note.strip() or done.called != filled.called:
        return False
    match done.step:
        case Step.ACCEPTED:
            return ticket.level == filled.level
        case Step.DRAFTED:
            answers = (await papers_of(session, ticket.id)).answers
            return bool(answers) and answers[-1].text == filled.text.strip()
        case Step.EXTENSION_ASKED:
            approvals = (await papers_of(session, ticket.id)).approvals
            return bool(approvals) and approvals[-1].days == filled.days
    return True


async def _first_since(session: AsyncSession, ticket: Ticket, after: int) -> TicketEvent | None:
    return await session.scalar(
        select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket.id, TicketEvent.id > after)
        .order_by(TicketEvent.id)
        .limit(1)
    )
