"""What a step needs beside the table of moves: asked and answered here, for whoever takes it and for whoever offers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickets.errors import (
    CalledJustNow,
    NotHere,
    NothingAsked,
    ReturnedTooOften,
    SecondPersonNeeded,
    StepRefused,
    TooFewCalls,
    TooLate,
)
from tickets.limits import Timed
from tickets.models import Ticket, TicketClock
from tickets.papers import Papers
from tickets.states import Actor, State, Step, may

ASKS = (Step.REFUSAL_ASKED, Step.EXTENSION_ASKED)
# What is decided by a second person, and by which step it was asked for.
DECIDES = {
    Step.REFUSED: Step.REFUSAL_ASKED,
    Step.REFUSAL_DENIED: Step.REFUSAL_ASKED,
    Step.EXTENDED: Step.EXTENSION_ASKED,
    Step.EXTENSION_DENIED: Step.EXTENSION_ASKED,
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often something is done, and how soon again.

    `most_returns`: a department says that it is not theirs (退单) before the arbiter decides; `call_tries`: the enterprise is
    called in vain before the ticket may be closed without its word, each `call_pause` after the last; `urge_pause`: between
    two 催办.
    """

    most_returns: int = 2
    call_tries: int = 3
    call_pause: timedelta = timedelta(hours=2)
    urge_pause: timedelta = timedelta(hours=24)


_DEFAULTS = Bounds()


def offered(
    ticket: Ticket,
    parts: Iterable[Actor],
    account: str,
    papers: Papers,
    now: datetime,
    bounds: Bounds = _DEFAULTS,
) -> tuple[Step, ...]:
    """The steps that somebody may take now: those of the table whose conditions hold as well."""
    return tuple(
        step
        for step in may(ticket.state, parts)
        if refusal(step, ticket, account, papers, now, bounds) is None
    )


def refusal(
    step: Step, ticket: Ticket, by: str, papers: Papers, at: datetime, bounds: Bounds = _DEFAULTS
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
        case Step.DISPATCHED if ticket.returns >= bounds.most_returns:
            return ReturnedTooOften(number, step, bounds.most_returns)
        case Step.RETURNED if ticket.arbitrated or ticket.returns >= bounds.most_returns:
            return ReturnedTooOften(number, step, bounds.most_returns)
        case Step.ARBITRATED if ticket.returns < bounds.most_returns:
            return not_here
        case Step.REASSIGNED if (
            ticket.returns >= bounds.most_returns
        ):  # whose it is the arbiter says, then too
            return not_here
        case Step.RELEASED if papers.draft is None or papers.draft.drafted_by == by:
            return SecondPersonNeeded(number, step)
        case Step.CONTESTED if papers.contested:
            return not_here
        case Step.CALL_TRIED if (tried := papers.calls_in_vain) and at - tried[-1] < bounds.call_pause:
            return CalledJustNow(number, step, bounds.call_pause)
        case Step.CALL_GIVEN_UP if len(papers.calls_in_vain) < bounds.call_tries:
            return TooFewCalls(number, step, bounds.call_tries)
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
