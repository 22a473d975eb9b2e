"""What becomes of tickets when their people go, and when their time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import Answer, Approval, Rectification, RectificationEvent, Ticket, TicketEvent
from tickets.states import OVER, State, Step

# Nothing more is done about it.
_ENDED = OVER | {State.ARCHIVED}


async def open_of(session: AsyncSession, person_id: str) -> Sequence[Ticket]:
    """What a person filed and what is not over, the oldest first."""
    rows = await session.scalars(
        select(Ticket)
        .where(Ticket.person_id == person_id, Ticket.state.not_in(_ENDED))
        .order_by(Ticket.submitted_at)
    )
    return rows.all()


async def part_from(session: AsyncSession, person_id: str) -> None:
    """Take what a person filed from them: it is handled on, and leads back to no channel."""
    await session.execute(
        update(Ticket).where(Ticket.person_id == person_id).values(person_id=None, thread_id=None)
    )


async def closed_before(session: AsyncSession, moment: datetime, limit: int = 1000) -> Sequence[str]:
    """The ids of tickets that ended before a moment and are not cleared. To be archived is no later end."""
    ended = (
        select(func.max(TicketEvent.at))
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.step != Step.ARCHIVED)
        .correlate(Ticket)
        .scalar_subquery()
    )
    found = await session.scalars(
        select(Ticket.id)
        .where(Ticket.state.in_(_ENDED), Ticket.cleared_at.is_(None), ended < moment)
        .limit(limit)
    )
    return found.all()


async def clear(session: AsyncSession, tickets: Sequence[str], *, at: datetime) -> None:
    """Take out of tickets who it was and what they wrote.

    Number, kind, state, subject, district and dates stay for the figures.
    """
    await session.execute(update(TicketEvent).where(TicketEvent.ticket_id.in_(tickets)).values(note=""))
    await session.execute(update(Approval).where(Approval.ticket_id.in_(tickets)).values(reason=""))
    await session.execute(update(Answer).where(Answer.ticket_id.in_(tickets)).values(text=""))
    cases = select(Rectification.id).where(Rectification.ticket_id.in_(tickets))
    await session.execute(
        update(RectificationEvent).where(RectificationEvent.rectification_id.in_(cases)).values(note="")
    )
    await session.execute(
        update(Rectification).where(Rectification.ticket_id.in_(tickets)).values(comment="", proposal="")
    )
    empty = dict.fromkeys(("enterprise", "contact", "phone", "description", "wanted"), "")
    await session.execute(
        update(Ticket)
        .where(Ticket.id.in_(tickets))
        .values(**empty, credit_code=None, cleared_at=at, changed_at=at)
    )
