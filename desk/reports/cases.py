"""Matters that ended well enough to be told of: the 案例摘登 of the monthly report, without whose they were."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.reports.period import Period
from staff.masks import masked_text
from tickets.models import Answer, Ticket, TicketEvent
from tickets.states import Step

MOST = 20
MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class Case:
    """A matter in three sentences; persons are masked in each of them."""

    number: str
    subject: str
    district: str
    asked: str
    answered: str


async def cases(session: AsyncSession, period: Period, only: Collection[str] | None = None) -> list[Case]:
    """Tickets closed in the period whose enterprise asked for no confidence, the newest first.

    `only`: those of these numbers. A text cannot be cleared of every trace of a person by rules: who publishes it reads it first.
    """
    wanted = (
        select(Ticket)
        .join(TicketEvent, TicketEvent.ticket_id == Ticket.id)
        .where(
            TicketEvent.step == Step.CALLED_BACK,
            TicketEvent.at >= period.since,
            TicketEvent.at < period.until,
            ~Ticket.confidential,
            Ticket.cleared_at.is_(None),
        )
        .order_by(TicketEvent.at.desc(), TicketEvent.id.desc())
        .limit(MOST)
    )
    if only is not None:
        wanted = wanted.where(Ticket.number.in_(only))
    tickets = {ticket.id: ticket for ticket in await session.scalars(wanted)}
    answers = await _answers(session, tickets)
    return [_told(ticket, answers[ticket.id]) for ticket in tickets.values() if ticket.id in answers]


async def _answers(session: AsyncSession, tickets: Collection[str]) -> dict[str, str]:
    rows = await session.execute(
        select(Answer.ticket_id, Answer.text)
        .where(Answer.ticket_id.in_(tickets), Answer.released.is_(True))
        .order_by(Answer.id)
    )
    return {row[0]: row[1] for row in rows if row[1]}  # the last one is what they were told in the end


def _told(ticket: Ticket, answer: str) -> Case:
    return Case(
        ticket.number,
        ticket.subject,
        ticket.district,
        masked_text(ticket.description, ticket.names),
        masked_text(answer, ticket.names),
    )
