"""Taking a step: the one place where a ticket moves, its clocks with it, written down as it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from store.workdays import ANNOUNCED, Calendar
from tickets import timing
from tickets.call_back import Called
from tickets.conditions import ASKS, DECIDES, Bounds, refusal
from tickets.errors import Incomplete, NotHere, NotYours, ReasonMissing
from tickets.limits import Level, TimeLimits
from tickets.models import Answer, Approval, Ticket, TicketEvent
from tickets.papers import Papers, papers_of
from tickets.states import MOVE_OF, Actor, State, Step

ENTERPRISE = "enterprise"
CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Rules:
    """By what the time is counted."""

    calendar: Calendar = ANNOUNCED
    limits: TimeLimits = field(default_factory=TimeLimits)
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class Doing:
    """Who takes a step, and with what. `by`: an account's id, `ENTERPRISE` or `CLOCK`.

    `note`: the reason, or what the enterprise wrote; `message_id`: of that message, by which a repetition is known.
    `level`, `department`, `days` (an extension's working days), `text` (an answer) and `called` (what was answered
    when the enterprise was called back) belong to single steps.
    """

    by: str
    actor: Actor
    at: datetime
    note: str = ""
    message_id: int | None = None
    level: Level | None = None
    department: str | None = None
    days: int = 0
    text: str = ""
    called: Called | None = None


async def take(session: AsyncSession, ticket: Ticket, step: Step, doing: Doing, rules: Rules) -> TicketEvent:
    """Take a step, in the session's transaction; the event written. A repeated message takes it once.

    Raises `StepRefused`. The ticket's row is locked until the transaction ends.
    """
    await session.refresh(ticket, with_for_update=True)
    if done := await _done_before(session, ticket, step, doing):
        return done
    _check_move(ticket, step, doing)
    papers = await papers_of(session, ticket.id)
    if refused := refusal(step, ticket, doing.by, papers, doing.at, rules.bounds):
        raise refused
    before, asked = ticket.state, papers.asked(Step.EXTENSION_ASKED)
    await _note_papers(session, ticket, step, doing, papers)
    _change(ticket, step, doing)
    await timing.apply(session, ticket, step, doing.at, rules.calendar, rules.limits)
    if step is Step.EXTENDED and asked:
        await timing.extend(session, ticket, asked.days, rules.calendar)
    if step is Step.REGRADED:
        begun = papers.handling_begun or doing.at
        await timing.regrade(session, ticket, begun, doing.at, rules.calendar, rules.limits)
    return record(session, ticket, step, doing, before=before)


def record(
    session: AsyncSession, ticket: Ticket, step: Step, doing: Doing, *, before: State | None
) -> TicketEvent:
    """Add a step to the ticket's history."""
    ticket.changed_at = doing.at
    event = TicketEvent(
        ticket_id=ticket.id,
        step=step,
        note=doing.note,
        by=doing.by,
        message_id=doing.message_id,
        before=before,
        after=ticket.state,
        at=doing.at,
        solved=doing.called.solved if doing.called else None,
        satisfied=doing.called.satisfied if doing.called else None,
    )
    session.add(event)
    return event


def _check_move(ticket: Ticket, step: Step, doing: Doing) -> None:
    move = MOVE_OF[step]
    if doing.actor not in move.actors:
        raise NotYours(ticket.number, step)
    if ticket.state not in move.before:
        raise NotHere(ticket.number, step, ticket.state)
    if move.reason and not doing.note.strip():
        raise ReasonMissing(ticket.number, step)
    if step is Step.REGRADED and doing.level in (None, ticket.level):
        raise Incomplete(ticket.number, step, "请选择另一个级别：现在就是这个级别。")
    if step is Step.DRAFTED and not doing.text.strip():
        raise ReasonMissing(ticket.number, step)


async def _note_papers(
    session: AsyncSession, ticket: Ticket, step: Step, doing: Doing, papers: Papers
) -> None:
    """What is asked for, decided, drafted or released."""
    if step in DECIDES and (asked := papers.asked(DECIDES[step])):
        asked.decided_by, asked.decided_at = doing.by, doing.at
        asked.granted = step in (Step.REFUSED, Step.EXTENDED)
    if step in (Step.RELEASED, Step.SENT_BACK) and papers.draft:
        _decide(papers.draft, doing, released=step is Step.RELEASED)
    if MOVE_OF[step].after is not None:
        _withdraw_asked(papers, doing)
    if step in ASKS:
        session.add(
            Approval(
                ticket_id=ticket.id, asked=step, reason=doing.note, days=doing.days,
                asked_by=doing.by, asked_at=doing.at,
            )
        )  # fmt: skip
    if step is Step.DRAFTED:
        session.add(Answer(ticket_id=ticket.id, text=doing.text, drafted_by=doing.by, drafted_at=doing.at))
    await session.flush()


def _withdraw_asked(papers: Papers, doing: Doing) -> None:
    """The ticket moves on: what was asked for where it stood, or drafted, is asked no more."""
    for step in ASKS:
        if asked := papers.asked(step):
            asked.decided_by, asked.decided_at, asked.granted = doing.by, doing.at, False
    if papers.draft:
        _decide(papers.draft, doing, released=False)


def _decide(answer: Answer, doing: Doing, *, released: bool) -> None:
    answer.decided_by, answer.decided_at, answer.released = doing.by, doing.at, released


def _change(ticket: Ticket, step: Step, doing: Doing) -> None:
    ticket.state = MOVE_OF[step].after or ticket.state
    match step:
        case Step.ACCEPTED | Step.REGRADED:
            ticket.level = doing.level or ticket.level
        case Step.DISPATCHED | Step.ARBITRATED | Step.REASSIGNED:
            ticket.department, ticket.handler = doing.department, None
            ticket.arbitrated = step is Step.ARBITRATED
        case Step.SIGNED:
            ticket.handler = doing.by
        case Step.RETURNED:
            ticket.returns += 1
            ticket.department = None
        case Step.REWORKED:
            ticket.round += 1
            ticket.supervised_at = None
        case Step.OVERTURNED:
            ticket.round += 1
            ticket.returns, ticket.arbitrated = 0, False
            ticket.department, ticket.handler, ticket.supervised_at = None, None, None
        case Step.SUPERVISED:
            ticket.supervised_at = ticket.supervised_at or doing.at


async def _done_before(session: AsyncSession, ticket: Ticket, step: Step, doing: Doing) -> TicketEvent | None:
    if doing.message_id is None:
        return None
    return await session.scalar(
        select(TicketEvent).where(
            TicketEvent.ticket_id == ticket.id,
            TicketEvent.step == step,
            TicketEvent.message_id == doing.message_id,
        )
    )
