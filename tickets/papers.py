"""All that lies with a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.clocks import HANDLING_BEGINS
from tickets.limits import Timed
from tickets.models import Answer, Approval, TicketClock, TicketEvent
from tickets.states import State, Step

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

    @property
    def handling_begun(self) -> datetime | None:
        """From when the time for handling is counted."""
        return next((one.at for one in reversed(self.events) if one.step in HANDLING_BEGINS), None)

    @property
    def reexamined(self) -> State | None:
        """Where the ticket stood when its re-examination was last asked for."""
        asked = (one.before for one in reversed(self.events) if one.step is Step.REEXAMINATION_ASKED)
        return next(asked, None)

    @property
    def calls_in_vain(self) -> list[datetime]:
        """When the enterprise was called back in vain since the last answer went out."""
        found: list[datetime] = []
        for event in self.events:
            if event.step is Step.RELEASED:
                found = []
            elif event.step is Step.CALL_TRIED:
                found.append(event.at)
        return found

    @property
    def contested(self) -> bool:
        """Whether the enterprise has said of the last answer that nothing is solved."""
        last = (one for one in reversed(self.events) if one.step in (Step.RELEASED, Step.CONTESTED))
        return next((one.step is Step.CONTESTED for one in last), False)

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
