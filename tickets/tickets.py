"""Opening a ticket exactly once, and finding it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from store.clock import city_date
from store.ids import NewId
from store.inserts import insert_into
from tickets import timing
from tickets.clocks import due_at
from tickets.life import ENTERPRISE, Doing, Rules, record
from tickets.limits import Level, Limit, Timed
from tickets.models import Kind, Serial, Ticket, TicketEvent
from tickets.states import Actor, State, Step


@dataclass(frozen=True, slots=True)
class Draft:
    """What an enterprise has confirmed. `phone` is E.164; `level`: what its words suggest, until somebody accepts it."""

    kind: Kind
    enterprise: str
    credit_code: str | None
    contact: str
    phone: str
    district: str
    subject: str
    description: str
    wanted: str
    confidential: bool
    level: Level = Level.GENERAL


async def open_ticket(
    session: AsyncSession,
    draft: Draft,
    *,
    prefix: str,
    person_id: str,
    thread_id: str,
    confirmed_by: int,
    at: datetime,
    new_id: NewId,
    rules: Rules | None = None,
    filed_by: str | None = None,
) -> Ticket:
    """The ticket of a confirmed draft: a repeated call with the same `confirmed_by` finds the first one.

    `filed_by`: the account of who filed it for the enterprise.
    """
    if existing := await opened_by(session, confirmed_by):
        return existing
    day, rules = city_date(at), rules or Rules()
    serial = await _next_serial(session, day)
    # On PostgreSQL a call that ran at the same time has held the day's row until now: look once more.
    if existing := await opened_by(session, confirmed_by):
        return existing
    ticket = Ticket(
        id=new_id(),
        number=ticket_number(prefix, day, serial),
        kind=draft.kind,
        state=State.SUBMITTED,
        person_id=person_id,
        thread_id=thread_id,
        confirmed_by=confirmed_by,
        enterprise=draft.enterprise,
        credit_code=draft.credit_code,
        contact=draft.contact,
        phone=draft.phone,
        district=draft.district,
        subject=draft.subject,
        description=draft.description,
        wanted=draft.wanted,
        confidential=draft.confidential,
        submitted_at=at,
        enter_by=_day(rules.limits.of(Timed.ENTER, draft.level).limit, at, rules),
        decide_by=_day(rules.limits.of(Timed.DECIDE, draft.level).limit, at, rules),
        level=draft.level,
    )
    session.add(ticket)
    await session.flush()
    doing = Doing(ENTERPRISE, Actor.ENTERPRISE, at, message_id=confirmed_by)
    if filed_by is not None:
        doing = Doing(filed_by, Actor.AGENT, at, "代企业登记。", confirmed_by)
    record(session, ticket, Step.SUBMITTED, doing, before=None)
    await timing.apply(session, ticket, Step.SUBMITTED, at, rules.calendar, rules.limits)
    return ticket


async def of_people(session: AsyncSession, people: Sequence[str], *, limit: int = 5) -> Sequence[Ticket]:
    """The tickets of a person and of those who are linked to them, the newest first."""
    rows = await session.scalars(
        select(Ticket).where(Ticket.person_id.in_(people)).order_by(Ticket.submitted_at.desc()).limit(limit)
    )
    return rows.all()


async def by_number(session: AsyncSession, number: str) -> Ticket | None:
    """The ticket with that number."""
    return await session.scalar(select(Ticket).where(Ticket.number == number))


async def events(session: AsyncSession, ticket_id: str) -> Sequence[TicketEvent]:
    """A ticket's history, in order."""
    rows = await session.scalars(
        select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.id)
    )
    return rows.all()


async def urged_since(session: AsyncSession, ticket_id: str, since: datetime) -> bool:
    """Whether a ticket was urged after that moment."""
    count = await session.scalar(
        select(func.count()).where(
            TicketEvent.ticket_id == ticket_id, TicketEvent.step == Step.URGED, TicketEvent.at >= since
        )
    )
    return bool(count)


def ticket_number(prefix: str, day: date, serial: int) -> str:
    """PDS-20261123-0001: prefix, day, serial of the day."""
    return f"{prefix}-{day:%Y%m%d}-{serial:04}"


async def opened_by(session: AsyncSession, confirmed_by: int) -> Ticket | None:
    """The ticket that a message confirmed."""
    return await session.scalar(select(Ticket).where(Ticket.confirmed_by == confirmed_by))


def _day(limit: Limit, at: datetime, rules: Rules) -> date:
    due = due_at(limit, at, rules.calendar)
    assert due is not None, "only a suspended limit has no end"
    return city_date(due)


async def _next_serial(session: AsyncSession, day: date) -> int:
    # One statement on both databases: two processes on the same day queue on the row.
    statement = (
        insert_into(session, Serial)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=[Serial.day], set_={"last": Serial.last + 1})
        .returning(Serial.last)
    )
    serial = await session.scalar(statement)
    assert serial is not None
    return serial
