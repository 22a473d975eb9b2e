"""One 差评 case: its page, and the steps that are taken with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.case_forms import CASE_FORM_OF, case_forms, case_notice
from console.due import due_by
from console.masked import shown
from console.numbers import row_id
from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.parts import sight_of
from desk.rating_words import LEVEL_NAMES
from desk.rectifications import case_parts, work_case
from staff.accounts import names
from staff.actors import Actor
from staff.departments import departments
from staff.masks import masked_text
from staff.roles import Permission
from tickets.life import ENTERPRISE
from tickets.limits import TIMED_NAMES, Limit, Timed
from tickets.lists import names_of
from tickets.models import Rectification
from tickets.rectification import CaseStepRefused, case_events, case_offered, rests
from tickets.rectification_lists import CaseRow, seen_case
from tickets.rectification_states import (
    CASE_CLOSED,
    CASE_STATE_NAMES,
    CASE_STEP_NAMES,
    WAY_NAMES,
    CaseState,
    CaseStep,
)
from tickets.timing import load_calendar

_HERE = f"{PREFIX}/rectifications"
_WORDS = {
    "state_names": CASE_STATE_NAMES, "step_names": CASE_STEP_NAMES, "way_names": WAY_NAMES, "level_names": LEVEL_NAMES,
    "State": CaseState,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Telling:
    """What the page says beside the case. `tried`: the step that was refused, with what was written."""

    notice: str = ""
    problem: str = ""
    tried: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def rectification_routes(routes: Routes) -> None:
    """`/console/rectifications/{case_id}` and its steps."""
    console = routes.console

    @routes.get("/rectifications/{case_id}", Permission.TICKETS_READ)
    async def rectification(request: Request, case_id: str, said: str = "") -> Response:
        return await _page(console, request, case_id, _Telling(notice=case_notice(said)))

    @routes.post("/rectifications/{case_id}/steps/{step}", Permission.TICKETS_READ)
    async def take(request: Request, case_id: str, step: str) -> Response:
        number = row_id(case_id)
        if number is None or step not in set(CASE_FORM_OF):
            return _none(console, request)
        fields = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        after, note = row_id(fields.get("after", "")) or 0, fields.get("note", "")
        try:
            await work_case(
                console.desk, visitor(request).actor, number, CaseStep(step), after=after, note=note
            )
        except CaseStepRefused as refused:
            return await _page(console, request, case_id, _Telling("", refused.text, step, fields))
        except LookupError:
            return _none(console, request)
        return seen_other(f"{_HERE}/{number}?said={step}")


async def _page(console: Console, request: Request, case_id: str, telling: _Telling) -> Response:
    actor, number = visitor(request).actor, row_id(case_id)
    async with console.door.database.read() as session:
        row = await seen_case(session, number, sight_of(actor)) if number is not None else None
        if row is None:
            return _none(console, request)
        context = await _context(console, session, actor, row)
    return console.pages.show(
        request,
        "rectification.html",
        status=422 if telling.problem else 200,
        notice=telling.notice,
        problem=telling.problem,
        telling=telling,
        **context,
        **_WORDS,
    )


async def _context(console: Console, session: AsyncSession, actor: Actor, row: CaseRow) -> dict[str, Any]:
    case, ticket = row.case, row.ticket
    history = await case_events(session, case.id)
    accounts = {event.by for event in history} | {case.handler or "", case.proposed_by or ""}
    names_in_talk = (await names_of(session, [case.thread_id])).get(case.thread_id or "", ())
    resting = rests(history, console.desk.clock(), console.desk.bounds)
    steps = case_offered(case, case_parts(actor, case), actor.account_id or "", resting=resting)

    def readable(text: str) -> str:
        return masked_text(text, ticket.names if ticket is not None else names_in_talk)

    def proposed(text: str) -> str:
        return text if actor.may(Permission.PERSONAL_DATA_REVEAL) else readable(text)

    return {
        "case": case,
        "ticket": ticket,
        "shown": shown(ticket) if ticket else None,
        "readable": readable,
        "proposed": proposed,
        "history": history,
        "last": history[-1].id if history else 0,
        "resting": resting,
        "pause": console.desk.bounds.call_pause.total_seconds() / 3600,
        "who": {**await names(session, accounts), ENTERPRISE: "企业"},
        "forms": case_forms(steps),
        "limits": await _limits(console, session, case),
        "departments": {item.key: item.name for item in await departments(session)},
    }


async def _limits(console: Console, session: AsyncSession, case: Rectification) -> list[dict[str, Any]]:
    """Both limits: what each says now, or how it ended."""
    calendar, now = await load_calendar(session), console.desk.clock()
    lines = (
        (Timed.CONTACT, case.contact_limit, case.contact_by, case.contacted_at),
        (Timed.RECTIFY, case.rectify_limit, case.rectify_by, case.closed_at),
    )
    found = []
    for timed, limit, end, done in lines:
        unreached = timed is Timed.CONTACT and case.unreached
        ended = done or (case.closed_at if case.state in CASE_CLOSED and not unreached else None)
        found.append(
            {
                "what": TIMED_NAMES[timed],
                "limit": Limit.parse(limit).text(),
                "due": None if ended or unreached else due_by(TIMED_NAMES[timed], limit, end, now, calendar),
                "unreached": unreached,
                "ended": ended,
                "late": ended is not None and ended > end,
                "end": end,
            }
        )
    return found


def _none(console: Console, request: Request) -> Response:
    return console.pages.trouble(
        request, 404, "没有这件差评", "编号可能写错了，或这件差评不在您能看的范围内。"
    )
