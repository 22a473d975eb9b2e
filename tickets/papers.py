"""All that lies with a ticket, and the steps that can be taken on the strength of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.life import MOST_RETURNS
from tickets.limits import Timed
from tickets.models import Answer, Approval, Ticket, TicketClock, TicketEvent
from tickets.states import Actor, Step, may

_Paper = TypeVar("_Paper", TicketEvent, TicketClock, Approval, Answer)


@dataclass(frozen=True, slots=True)
class Papers:
    """Each kind in the order in which it came."""

    events: Sequence[TicketEvent]
    clocks: Sequence[TicketClock]
    approvals: Sequence[Approval]
    answers: Sequence[Answer]

    @property
    def last(self) -> int:
        """The id of what happened last."""
        return self.events[-1].id if self.events else 0

    @property
    def draft(self) -> Answer | None:
        """The answer that waits for a second person."""
        return next((answer for answer in self.answers if answer.decided_at is None), None)

    def asked(self, step: Step) -> Approval | None:
        """What waits for a second person, of that kind."""
        return next((a for a in self.approvals if a.asked is step and a.decided_at is None), None)

    def running(self, timed: Timed) -> TicketClock | None:
        """The clock of that kind that has not ended."""
        return next((c for c in self.clocks if c.timed is timed and c.ended_at is None), None)


async def papers_of(session: AsyncSession, ticket_id: str) -> Papers:
    """What lies with the ticket now."""

    async def rows(kind: type[_Paper]) -> Sequence[_Paper]:
        return (
            await session.scalars(select(kind).where(kind.ticket_id == ticket_id).order_by(kind.id))
        ).all()

    return Papers(await rows(TicketEvent), await rows(TicketClock), await rows(Approval), await rows(Answer))


def offered(
    ticket: Ticket, parts: Iterable[Actor], account: str, papers: Papers, now: datetime
) -> tuple[Step, ...]:
    """The steps that somebody may take now: those of the table whose conditions hold as well."""
    return tuple(step for step in may(ticket.state, parts) if _holds(step, ticket, account, papers, now))


def _holds(step: Step, ticket: Ticket, account: str, papers: Papers, now: datetime) -> bool:
    match step:
        case Step.REFUSED | Step.REFUSAL_DENIED:
            return _another_asked(papers.asked(Step.REFUSAL_ASKED), account)
        case Step.EXTENDED | Step.EXTENSION_DENIED:
            return _another_asked(papers.asked(Step.EXTENSION_ASKED), account)
        case Step.REFUSAL_ASKED:
            return papers.asked(step) is None
        case Step.EXTENSION_ASKED:
            return papers.asked(step) is None and _in_time(papers.running(Timed.HANDLE), now)
        case Step.DISPATCHED:
            return ticket.returns < MOST_RETURNS
        case Step.ARBITRATED:
            return ticket.returns >= MOST_RETURNS
        case Step.RETURNED:
            return not ticket.arbitrated
        case Step.RELEASED:
            return papers.draft is not None and papers.draft.drafted_by != account
        case Step.SUPERVISED:
            return ticket.supervised_at is None
    return True


def _another_asked(asked: Approval | None, account: str) -> bool:
    return asked is not None and asked.asked_by != account


def _in_time(clock: TicketClock | None, now: datetime) -> bool:
    return clock is not None and clock.due_at is not None and now <= clock.due_at
