"""A member of staff takes a step with a ticket: once, on what they have seen, and it is in the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from tickets.errors import MovedOn, NotYours
from tickets.life import MOST_RETURNS, Doing
from tickets.limits import Level, Timed
from tickets.lists import seen
from tickets.models import Answer, Approval, Ticket, TicketClock, TicketEvent
from tickets.states import MOVE_OF, STEP_NAMES, Actor, Step, may

_MOST_NOTE = 200


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in. `after`: the last event of the ticket that whoever filled it in has seen."""

    after: int
    note: str = ""
    level: Level | None = None
    department: str | None = None
    days: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies with a ticket: what waits for a second person, the answer drafted, its clocks."""

    approvals: Sequence[Approval]
    answer: Answer | None
    clocks: Sequence[TicketClock]

    def asked(self, step: Step) -> Approval | None:
        """What waits of that kind."""
        return next((paper for paper in self.approvals if paper.asked is step), None)


async def take_step(desk: Desk, member: Member, number: str, step: Step, filled: Filled) -> None:
    """Take a step. A second press of the same form changes nothing.

    Raises `StepRefused`; `LookupError` where there is no such ticket, or none that this member sees.
    """
    async with desk.database.write() as session:
        ticket = await seen(session, number, sight_of(member))
        if ticket is None:
            raise LookupError(number)
        await session.refresh(ticket, with_for_update=True)
        if await _pressed_before(session, ticket, member, step, filled.after):
            return
        parts = MOVE_OF[step].actors & parts_for(member, ticket)
        if not parts:
            raise NotYours(number, step)
        doing = _doing(member, sorted(parts)[0], desk.clock(), filled)
        await move(desk, session, ticket, step, doing, await rules(desk, session))
        detail = {"步骤": STEP_NAMES[step], "说明": filled.note[:_MOST_NOTE]}
        audit.record(
            session,
            member,
            Action.TICKET_MOVED,
            audit.ticket(number),
            at=doing.at,
            detail={name: value for name, value in detail.items() if value},
        )
    desk.to_send.set()


def offered(ticket: Ticket, parts: Iterable[Actor], account: str, papers: Papers) -> tuple[Step, ...]:
    """The steps that somebody may take now: those of the table whose conditions hold as well."""
    return tuple(step for step in may(ticket.state, parts) if _holds(step, ticket, account, papers))


def _holds(step: Step, ticket: Ticket, account: str, papers: Papers) -> bool:
    twice = ticket.returns >= MOST_RETURNS
    match step:
        case Step.REFUSED | Step.REFUSAL_DENIED:
            return _another_asked(papers.asked(Step.REFUSAL_ASKED), account)
        case Step.EXTENDED | Step.EXTENSION_DENIED:
            return _another_asked(papers.asked(Step.EXTENSION_ASKED), account)
        case Step.REFUSAL_ASKED | Step.EXTENSION_ASKED:
            return papers.asked(step) is None
        case Step.DISPATCHED:
            return not twice
        case Step.ARBITRATED:
            return twice
        case Step.RETURNED:
            return not ticket.arbitrated
        case Step.RELEASED:
            return papers.answer is not None and papers.answer.drafted_by != account
        case Step.SUPERVISED:
            return ticket.supervised_at is None
    return True


def in_time(papers: Papers, now: datetime) -> bool:
    """Whether an extension may still be asked for."""
    running = [clock for clock in papers.clocks if clock.timed is Timed.HANDLE and clock.ended_at is None]
    return any(clock.due_at is not None and now <= clock.due_at for clock in running)


def _another_asked(asked: Approval | None, account: str) -> bool:
    return asked is not None and asked.asked_by != account


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
    )


async def _pressed_before(
    session: AsyncSession, ticket: Ticket, member: Member, step: Step, after: int
) -> bool:
    """Whether the first thing that happened since is this very step by this member. Raises `MovedOn` for another one."""
    happened = await session.scalar(
        select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket.id, TicketEvent.id > after)
        .order_by(TicketEvent.id)
        .limit(1)
    )
    if happened is None:
        return False
    if happened.step is step and happened.by == member.account_id:
        return True
    raise MovedOn(ticket.number, step, happened.step)
