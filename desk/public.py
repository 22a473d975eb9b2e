"""What other systems may read: tickets without their persons, articles in force, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from conversations.models import Thread
from desk.desk import Desk
from desk.progress import told_reason
from knowledge.article import Article
from staff.masks import masked_code, masked_enterprise, masked_name, masked_phone, masked_text
from store.clock import day_begins
from tickets.life import CLOCK, ENTERPRISE
from tickets.models import Ticket, TicketClock, TicketEvent
from tickets.reading import Narrowing, Place, Span, changed, counted, released_answer
from tickets.results import Results, results, sum_of
from tickets.tickets import by_number, events
from tickets.timing import all_running


@dataclass(frozen=True, slots=True)
class Happened:
    """A step of a ticket. `by`: `enterprise`, `clock` or `staff`; `note`: what the enterprise was told or wrote."""

    event: TicketEvent
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Told:
    """A ticket with its persons masked, in its texts too."""

    ticket: Ticket
    enterprise: str
    credit_code: str | None
    contact: str
    phone: str
    description: str
    wanted: str
    answer: str = ""
    timeline: Sequence[Happened] = ()
    running: Sequence[TicketClock] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """How many tickets were submitted in a period; `results` of whatever tickets, in the same period."""

    total: int
    by_state: dict[str, int]
    by_department: dict[str, int]
    by_channel: dict[str, int]
    results: Results


async def ticket_page(
    desk: Desk, wanted: Narrowing, *, after: Place | None, limit: int
) -> tuple[list[Told], Place | None]:
    """A page, and where the next one begins; None where there is none."""
    async with desk.database.read() as session:
        found = await changed(session, wanted, after=after, limit=limit + 1)
    page = found[:limit]
    more = Place(page[-1].changed_at, page[-1].id) if len(found) > limit else None
    return [_told(ticket) for ticket in page], more


async def one_ticket(desk: Desk, number: str, *, confidential: bool) -> Told | None:
    """A ticket with its timeline; None where there is none that may be read."""
    async with desk.database.read() as session:
        ticket = await by_number(session, number)
        if ticket is None or (ticket.confidential and not confidential):
            return None
        history = await events(session, ticket.id)
        answer = await released_answer(session, ticket.id)
        running = await all_running(session, ticket.id)
    timeline = [
        Happened(event, _part(event.by), _masked(ticket, told_reason(event, history))) for event in history
    ]
    return _told(ticket, _masked(ticket, answer), timeline, running)


async def article_page(desk: Desk, *, after: str, limit: int) -> tuple[list[Article], str | None]:
    """A page of the articles in force, by key, and where the next one begins."""
    await desk.library.refresh()
    found = [article for article in desk.library.in_force(desk.today()) if article.key > after]
    page = found[:limit]
    return page, page[-1].key if len(found) > limit else None


async def one_article(desk: Desk, key: str) -> Article | None:
    """An article in force."""
    await desk.library.refresh()
    return desk.library.article(key, desk.today())


async def figures(desk: Desk, since: date, until: date, *, confidential: bool) -> Figures:
    """The tickets submitted, and what came of tickets, from one day to another, both included; the city's days."""
    span = Span(day_begins(since), day_begins(until) + timedelta(days=1), confidential)
    async with desk.database.read() as session:
        by_state = await counted(session, span, Ticket.state)
        by_department = await counted(session, span, Ticket.department)
        query = (
            select(Thread.channel, func.count())
            .select_from(Ticket)
            .outerjoin(Thread, Thread.id == Ticket.thread_id)
            .where(Ticket.submitted_at >= span.since, Ticket.submitted_at < span.until)
            .group_by(Thread.channel)
        )
        if not confidential:
            query = query.where(Ticket.confidential.is_(False))
        by_channel = {str(row[0] or "none"): row[1] for row in await session.execute(query)}
        came = await results(session, span.since, span.until, desk.clock(), confidential=confidential)
    return Figures(sum(by_state.values()), by_state, by_department, by_channel, sum_of(came.values()))


def _told(
    ticket: Ticket,
    answer: str = "",
    timeline: Sequence[Happened] = (),
    running: Sequence[TicketClock] = (),
) -> Told:
    gone = ticket.cleared_at is not None  # nothing is left to mask
    return Told(
        ticket=ticket,
        enterprise="" if gone else masked_enterprise(ticket.enterprise),
        credit_code=masked_code(ticket.credit_code) if ticket.credit_code else None,
        contact="" if gone else masked_name(ticket.contact),
        phone="" if gone else masked_phone(ticket.phone),
        description=_masked(ticket, ticket.description),
        wanted=_masked(ticket, ticket.wanted),
        answer=answer,
        timeline=timeline,
        running=running,
    )


def _masked(ticket: Ticket, text: str) -> str:
    return masked_text(text, ticket.names)


def _part(by: str) -> str:
    return by if by in (ENTERPRISE, CLOCK) else "staff"
