"""Everything of one ticket, gathered for its page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.attached import files_of_ticket
from console.due import Due, day_text, due
from console.loads import Loads, loads
from console.masked import answered, shown, written
from console.pages import visitor
from console.routes import Console
from console.step_forms import forms_of
from conversations.ratings import of_ticket
from desk.desk import Desk
from desk.dispatch import suggestions
from desk.grading import Grade, urgency
from desk.officers import acting
from desk.parts import parts_for, sight_of
from desk.rating_words import LEVEL_NAMES as LEVEL_NAMES_OF_RATINGS
from desk.stuck import stuck
from staff.accounts import names
from staff.actors import Actor
from staff.departments import departments
from store.workdays import Calendar
from tickets.clocks import due_at
from tickets.conditions import offered
from tickets.dispatching import all_rules
from tickets.life import CLOCK, ENTERPRISE
from tickets.limits import LEVEL_NAMES, TIMED_NAMES, Level, Limit, Timed, Unit
from tickets.lists import seen
from tickets.models import KIND_NAMES, Ticket, TicketClock
from tickets.papers import Papers, papers_of
from tickets.rectification_lists import case_of_ticket
from tickets.rectification_states import CASE_STATE_NAMES
from tickets.states import STATE_NAMES, STEP_NAMES, Step
from tickets.timing import load_calendar, pauses_of

_NOBODY = {ENTERPRISE: "企业", CLOCK: "系统"}
_WORDS = {
    "kind_names": KIND_NAMES, "state_names": STATE_NAMES, "step_names": STEP_NAMES, "level_names": LEVEL_NAMES,
    "timed_names": TIMED_NAMES, "Step": Step,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Telling:
    """What a page says beside the ticket itself. `tried`: the step that was refused, with what was filled in."""

    notice: str = ""
    problem: str = ""
    tried: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    revealed: bool = False


async def ticket_page(console: Console, request: Request, number: str, telling: Telling) -> Response:
    """The page, or that there is no such ticket: to somebody who may not see it there is none."""
    actor = visitor(request).actor
    async with console.door.database.read() as session:
        ticket = await seen(session, number, sight_of(actor))
        if ticket is None:
            return no_ticket(console, request)
        context = await _context(console.desk, session, actor, ticket, telling)
    return console.pages.show(
        request, "ticket.html", status=422 if telling.problem else 200, **context, **_WORDS
    )


def no_ticket(console: Console, request: Request) -> Response:
    """What is said where there is none."""
    return console.pages.trouble(
        request, 404, "没有这张工单", "工单号可能写错了，或这张工单不在您能看的范围内。"
    )


async def _context(
    desk: Desk, session: AsyncSession, actor: Actor, ticket: Ticket, telling: Telling
) -> dict[str, Any]:
    papers = await papers_of(session, ticket.id)
    calendar = await load_calendar(session)
    parts, account = parts_for(actor, ticket), actor.account_id or ""
    steps = offered(ticket, parts, account, papers, desk.clock(), desk.bounds)
    choices = {item.key: item.name for item in await departments(session)}
    officer = await acting(session, ticket.credit_code)
    urgent = urgency(ticket) if Step.ACCEPTED in steps else None
    found = suggestions(await all_rules(session), ticket, officer) if _sends(steps) else []
    return {
        "ticket": ticket,
        "shown": shown(ticket, revealed=telling.revealed),
        "written": lambda text: written(ticket, text, revealed=telling.revealed),
        "answered": lambda text: answered(ticket, actor, text),
        "telling": telling,
        "notice": telling.notice,
        "problem": telling.problem,
        "papers": papers,
        "who": await _who(session, ticket, papers),
        "clocks": [_clock(clock, desk, calendar) for clock in papers.clocks],
        "forms": forms_of(steps),
        "files": await files_of_ticket(session, ticket, actor, revealed=telling.revealed),
        "departments": choices,
        "loads": await loads(session, desk.clock()) if _sends(steps) else Loads(),
        "officer": officer,
        "suggested": found,
        "levels": _levels(desk, calendar, papers),
        "urgent": urgent,
        "rating": await of_ticket(session, ticket.id),
        "case": await case_of_ticket(session, ticket.id),
        "rating_names": LEVEL_NAMES_OF_RATINGS,
        "case_state_names": CASE_STATE_NAMES,
        "stuck": ticket.confidential and ticket.id in await stuck(session),
        "starting": _starting(papers, ticket, found[0].department if found else "", urgent),
    }


def _sends(steps: Iterable[Step]) -> bool:
    return bool({Step.DISPATCHED, Step.ARBITRATED, Step.REASSIGNED} & set(steps))


async def _who(session: AsyncSession, ticket: Ticket, papers: Papers) -> dict[str, str]:
    accounts = {event.by for event in papers.events} | {answer.drafted_by for answer in papers.answers}
    accounts |= {approval.asked_by for approval in papers.approvals} | {ticket.handler or ""}
    return {**await names(session, accounts), **_NOBODY}


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One limit: what it says now, what it was, why it is due then."""

    clock: TicketClock
    due: Due | None  # None: it has ended
    limit: str
    late: bool

    @property
    def running(self) -> bool:
        """Whether it matters to somebody now."""
        return self.due is not None and self.clock.timed is not Timed.ARCHIVE


def _clock(clock: TicketClock, desk: Desk, calendar: Calendar) -> ClockLine:
    limit = Limit.parse(clock.limit).text()
    if clock.ended_at is None:
        return ClockLine(clock, due(clock, desk.clock(), calendar), limit, late=False)
    late = clock.due_at is not None and clock.ended_at > clock.due_at
    return ClockLine(clock, None, limit, late)


def _levels(desk: Desk, calendar: Calendar, papers: Papers) -> list[tuple[Level, str]]:
    """The levels, each with the time that it gives: to a ticket in hand what it would give from where it began."""
    clock, now, found = papers.running(Timed.HANDLE), desk.clock(), []
    extra, pauses = (clock.extra, pauses_of(clock)) if clock else (0, [])
    for level in Level:
        limit = desk.limits.of(Timed.HANDLE, level).limit
        begun = now if limit.unit is Unit.HOURS else papers.handling_begun or now
        end = due_at(limit, begun if clock else now, calendar, extra=extra, pauses=pauses)
        until = f"{day_text(end)}前" if end else "中止期间暂停计算"
        found.append((level, f"{LEVEL_NAMES[level]} · {limit.text()}，{until}"))
    return found


def _starting(papers: Papers, ticket: Ticket, department: str, urgent: Grade | None) -> dict[str, str]:
    """What the forms are filled with at first."""
    extension = papers.asked(Step.EXTENSION_ASKED)
    last = papers.answers[-1].text if papers.answers else ""
    return {
        "level": urgent.level if urgent else ticket.level,
        "department": department,
        "days": "5",
        "text": last,
        f"note-{Step.EXTENDED}": extension.reason if extension else "",
        f"note-{Step.REFUSED}": "同意",
    }
