"""What a step needs beside the table of moves: asked and answered here, for whoever takes it and for whoever offers it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from tickets.errors import (
    CalledJustNow,
    NotHere,
    NothingAsked,
    SecondPersonNeeded,
    StepRefused,
    TooFewCalls,
    TooLate,
    TwiceReturned,
)
from tickets.limits import Timed
from tickets.models import Ticket, TicketClock
from tickets.papers import Papers
from tickets.states import Actor, State, Step, may

MOST_RETURNS = 2
CALL_TRIES = 3
# An enterprise that does not answer is tried at another time.
CALL_PAUSE = timedelta(hours=2)
ASKS = (Step.REFUSAL_ASKED, Step.EXTENSION_ASKED)
# What is decided by a second person, and by which step it was asked for.
DECIDES = {
    Step.REFUSED: Step.REFUSAL_ASKED,
    Step.REFUSAL_DENIED: Step.REFUSAL_ASKED,
    Step.EXTENDED: Step.EXTENSION_ASKED,
    Step.EXTENSION_DENIED: Step.EXTENSION_ASKED,
}


def offered(
    ticket: Ticket,
    parts: Iterable[Actor],
    account: str,
    papers: Papers,
    now: datetime,
    *,
    call_tries: int = CALL_TRIES,
) -> tuple[Step, ...]:
    """The steps that somebody may take now: those of the table whose conditions hold as well."""
    return tuple(
        step
        for step in may(ticket.state, parts)
        if refusal(step, ticket, account, papers, now, call_tries=call_tries) is None
    )


def refusal(
    step: Step, ticket: Ticket, by: str, papers: Papers, at: datetime, *, call_tries: int = CALL_TRIES
) -> StepRefused | None:
    """Why a step of the table is not taken after all; None where its conditions hold."""
    number = ticket.number
    not_here = NotHere(number, step, ticket.state)
    if step in DECIDES:
        asked = papers.asked(DECIDES[step])
        if asked is None:
            return NothingAsked(number, step)
        return SecondPersonNeeded(number, step) if asked.asked_by == by else None
    if step in ASKS and papers.asked(step):
        return not_here
    match step:
        case Step.EXTENSION_ASKED if not _in_time(papers.running(Timed.HANDLE), at):
            return TooLate(number, step)
        case Step.DISPATCHED if ticket.returns >= MOST_RETURNS:
            return TwiceReturned(number, step)
        case Step.RETURNED if ticket.arbitrated:
            return TwiceReturned(number, step)
        case Step.ARBITRATED if ticket.returns < MOST_RETURNS:
            return not_here
        case Step.RELEASED if papers.draft is None or papers.draft.drafted_by == by:
            return SecondPersonNeeded(number, step)
        case Step.CONTESTED if papers.contested:
            return not_here
        case Step.CALL_TRIED if (tried := papers.calls_in_vain) and at - tried[-1] < CALL_PAUSE:
            return CalledJustNow(number, step)
        case Step.CALL_GIVEN_UP if len(papers.calls_in_vain) < call_tries:
            return TooFewCalls(number, step, call_tries)
        case Step.SUPERVISED if ticket.supervised_at is not None:
            return not_here
        case Step.UPHELD if papers.reexamined is State.REFUSED:  # nothing was handled that could be closed
            return not_here
        case Step.REFUSAL_UPHELD if papers.reexamined is not State.REFUSED:
            return not_here
        case Step.REWORKED if ticket.department is None:  # nobody would have it in hand
            return not_here
    return None


def _in_time(clock: TicketClock | None, now: datetime) -> bool:
    return clock is not None and clock.due_at is not None and now <= clock.due_at
