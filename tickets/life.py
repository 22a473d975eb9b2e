"""Taking a step: the one place where a ticket moves, its clocks with it, written down as it happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from store.workdays import ANNOUNCED, Calendar
from tickets import timing
from tickets.errors import (
    NotHere,
    NothingAsked,
    NotYours,
    ReasonMissing,
    SecondPersonNeeded,
    TooLate,
    TwiceReturned,
)
from tickets.limits import Level, Timed, TimeLimits
from tickets.models import Answer, Approval, Ticket, TicketEvent
from tickets.states import MOVE_OF, Actor, State, Step

ENTERPRISE = "enterprise"
CLOCK = "clock"
MOST_RETURNS = 2


@dataclass(frozen=True, slots=True)
class Rules:
    """By what the time is counted."""

    calendar: Calendar = ANNOUNCED
    limits: TimeLimits = field(default_factory=TimeLimits)


@dataclass(frozen=True, slots=True)
class Doing:
    """Who takes a step, and with what. `by`: an account's id, `ENTERPRISE` or `CLOCK`.

    `note`: the reason, or what the enterprise wrote; `message_id`: of that message, by which a repetition is known.
    `level`, `department`, `days` (an extension's working days) and `text` (an answer) belong to single steps.
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


async def take(session: AsyncSession, ticket: Ticket, step: Step, doing: Doing, rules: Rules) -> TicketEvent:
    """Take a step, in the session's transaction; the event written. A repeated message takes it once.

    Raises `StepRefused`. The ticket's row is locked until the transaction ends.
    """
    await session.refresh(ticket, with_for_update=True)
    if done := await _done_before(session, ticket, step, doing):
        return done
    _check_move(ticket, step, doing)
    await _check_conditions(session, ticket, step, doing)
    before = ticket.state
    await _note_papers(session, ticket, step, doing)
    _change(ticket, step, doing)
    await timing.apply(session, ticket, step, doing.at, rules.calendar, rules.limits)
    if step is Step.EXTENDED:
        await timing.extend(session, ticket, await _granted_days(session, ticket), rules.calendar)
    return record(session, ticket, step, doing, before=before)


def record(
    session: AsyncSession, ticket: Ticket, step: Step, doing: Doing, *, before: State | None
) -> TicketEvent:
    """Add a step to the ticket's history."""
    event = TicketEvent(
        ticket_id=ticket.id,
        step=step,
        note=doing.note,
        by=doing.by,
        message_id=doing.message_id,
        before=before,
        after=ticket.state,
        at=doing.at,
    )
    session.add(event)
    return event


async def pending(session: AsyncSession, ticket_id: str, asked: Step) -> Approval | None:
    """What was asked for and is not decided."""
    return await session.scalar(
        select(Approval).where(
            Approval.ticket_id == ticket_id, Approval.asked == asked, Approval.decided_at.is_(None)
        )
    )


async def drafted(session: AsyncSession, ticket_id: str) -> Answer | None:
    """The answer that waits for a second person."""
    return await session.scalar(
        select(Answer).where(Answer.ticket_id == ticket_id, Answer.decided_at.is_(None))
    )


def _check_move(ticket: Ticket, step: Step, doing: Doing) -> None:
    move = MOVE_OF[step]
    if doing.actor not in move.actors:
        raise NotYours(ticket.number, step)
    if ticket.state not in move.before:
        raise NotHere(ticket.number, step, ticket.state)
    if move.reason and not doing.note.strip():
        raise ReasonMissing(ticket.number, step)
    if step is Step.DRAFTED and not doing.text.strip():
        raise ReasonMissing(ticket.number, step)


_DECIDES = {
    Step.REFUSED: Step.REFUSAL_ASKED,
    Step.REFUSAL_DENIED: Step.REFUSAL_ASKED,
    Step.EXTENDED: Step.EXTENSION_ASKED,
    Step.EXTENSION_DENIED: Step.EXTENSION_ASKED,
}
_ASKS = (Step.REFUSAL_ASKED, Step.EXTENSION_ASKED)


async def _check_conditions(session: AsyncSession, ticket: Ticket, step: Step, doing: Doing) -> None:
    if step in _DECIDES:
        asked = await pending(session, ticket.id, _DECIDES[step])
        if asked is None:
            raise NothingAsked(ticket.number, step)
        if asked.asked_by == doing.by:
            raise SecondPersonNeeded(ticket.number, step)
    if step in _ASKS and await pending(session, ticket.id, step):
        raise NotHere(ticket.number, step, ticket.state)
    if step is Step.RELEASED:
        answer = await drafted(session, ticket.id)
        if answer is None or answer.drafted_by == doing.by:
            raise SecondPersonNeeded(ticket.number, step)
    if step is Step.EXTENSION_ASKED:
        clock = await timing.running(session, ticket.id, Timed.HANDLE)
        if clock is None or clock.due_at is None or doing.at > clock.due_at:
            raise TooLate(ticket.number, step)
    spent = ticket.arbitrated or (step is Step.DISPATCHED and ticket.returns >= MOST_RETURNS)
    if step in (Step.RETURNED, Step.DISPATCHED) and spent:
        raise TwiceReturned(ticket.number, step)
    if step is Step.ARBITRATED and ticket.returns < MOST_RETURNS:
        raise NotHere(ticket.number, step, ticket.state)


async def _note_papers(session: AsyncSession, ticket: Ticket, step: Step, doing: Doing) -> None:
    """What is asked for, decided, drafted or released."""
    if step in _ASKS:
        session.add(
            Approval(
                ticket_id=ticket.id, asked=step, reason=doing.note, days=doing.days,
                asked_by=doing.by, asked_at=doing.at,
            )
        )  # fmt: skip
    if step in _DECIDES and (asked := await pending(session, ticket.id, _DECIDES[step])):
        asked.decided_by, asked.decided_at = doing.by, doing.at
        asked.granted = step in (Step.REFUSED, Step.EXTENDED)
    if step is Step.DRAFTED:
        session.add(Answer(ticket_id=ticket.id, text=doing.text, drafted_by=doing.by, drafted_at=doing.at))
    if step in (Step.RELEASED, Step.SENT_BACK) and (answer := await drafted(session, ticket.id)):
        answer.decided_by, answer.decided_at = doing.by, doing.at
        answer.released = step is Step.RELEASED
    if MOVE_OF[step].after is not None:
        await _withdraw_asked(session, ticket, doing)
    await session.flush()


async def _withdraw_asked(session: AsyncSession, ticket: Ticket, doing: Doing) -> None:
    """The ticket moves on: what was asked for where it stood, or drafted, is asked no more."""
    for asked in _ASKS:
        if approval := await pending(session, ticket.id, asked):
            approval.decided_by, approval.decided_at, approval.granted = doing.by, doing.at, False
    if ticket.state is State.REVIEW and (answer := await drafted(session, ticket.id)):
        answer.decided_by, answer.decided_at, answer.released = doing.by, doing.at, False


def _change(ticket: Ticket, step: Step, doing: Doing) -> None:
    ticket.state = MOVE_OF[step].after or ticket.state
    match step:
        case Step.ACCEPTED:
            ticket.level = doing.level or ticket.level
        case Step.DISPATCHED | Step.ARBITRATED:
            ticket.department, ticket.handler = doing.department, None
            ticket.arbitrated = step is Step.ARBITRATED
        case Step.SIGNED:
            ticket.handler = doing.by
        case Step.RETURNED:
            ticket.returns += 1
            ticket.department = None
        case Step.REWORKED:
            ticket.round += 1
        case Step.OVERTURNED:
            ticket.round += 1
            ticket.returns, ticket.arbitrated = 0, False
            ticket.department, ticket.handler = None, None
        case Step.SUPERVISED:
            ticket.supervised_at = ticket.supervised_at or doing.at


async def _granted_days(session: AsyncSession, ticket: Ticket) -> int:
    days = await session.scalar(
        select(Approval.days)
        .where(
            Approval.ticket_id == ticket.id,
            Approval.asked == Step.EXTENSION_ASKED,
            Approval.granted.is_(True),
        )
        .order_by(Approval.id.desc())
        .limit(1)
    )
    return days or 0


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
