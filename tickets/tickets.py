"""Opening a ticket exactly once, and every later step in its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from store.clock import city_date
from store.ids import NewId
from store.workdays import add_workdays
from tickets.errors import TicketClosed
from tickets.models import Kind, Serial, State, Step, Ticket, TicketEvent

ENTERPRISE = "enterprise"
# 《河南省营商环境投诉举报案件调查处理办法》(豫政办〔2024〕67号): entered on the platform within 1 working day,
# decided upon within 3.
ENTER_WITHIN = 1
DECIDE_WITHIN = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """What an enterprise has confirmed. `phone` is E.164."""

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
) -> Ticket:
    """The ticket of a confirmed draft: a repeated call with the same `confirmed_by` finds the first one."""
    if existing := await _confirmed(session, confirmed_by):
        return existing
    day = city_date(at)
    serial = await _next_serial(session, day)
    # On PostgreSQL a call that ran at the same time has held the day's row until now: look once more.
    if existing := await _confirmed(session, confirmed_by):
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
        enter_by=add_workdays(day, ENTER_WITHIN),
        decide_by=add_workdays(day, DECIDE_WITHIN),
    )
    session.add(ticket)
    await session.flush()
    _record(session, ticket, Step.SUBMITTED, before=None, message_id=confirmed_by, note="", at=at)
    return ticket


async def add_step(
    session: AsyncSession, ticket: Ticket, step: Step, *, message_id: int, note: str, at: datetime
) -> None:
    """Something that the enterprise does: urge, supplement, withdraw. A repeated message adds nothing.

    Raises `TicketClosed` where the ticket is withdrawn already.
    """
    if await session.scalar(
        select(
            exists().where(
                TicketEvent.ticket_id == ticket.id,
                TicketEvent.step == step,
                TicketEvent.message_id == message_id,
            )
        )
    ):
        return
    if ticket.state == State.WITHDRAWN:
        raise TicketClosed(ticket.number)
    before = ticket.state
    if step == Step.WITHDRAWN:
        ticket.state = State.WITHDRAWN
    _record(session, ticket, step, before=before, message_id=message_id, note=note, at=at)


async def of_person(session: AsyncSession, person_id: str, *, limit: int = 5) -> Sequence[Ticket]:
    """A person's tickets, the newest first."""
    rows = await session.scalars(
        select(Ticket).where(Ticket.person_id == person_id).order_by(Ticket.submitted_at.desc()).limit(limit)
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


async def _confirmed(session: AsyncSession, confirmed_by: int) -> Ticket | None:
    return await session.scalar(select(Ticket).where(Ticket.confirmed_by == confirmed_by))


def _record(
    session: AsyncSession,
    ticket: Ticket,
    step: Step,
    *,
    before: State | None,
    message_id: int,
    note: str,
    at: datetime,
) -> None:
    session.add(
        TicketEvent(
            ticket_id=ticket.id,
            step=step,
            note=note,
            by=ENTERPRISE,
            message_id=message_id,
            before=before,
            after=ticket.state,
            at=at,
        )
    )


async def _next_serial(session: AsyncSession, day: date) -> int:
    # One statement on both databases: two processes on the same day queue on the row.
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = (
        insert(Serial)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=[Serial.day], set_={"last": Serial.last + 1})
        .returning(Serial.last)
    )
    serial = await session.scalar(statement)
    assert serial is not None
    return serial
