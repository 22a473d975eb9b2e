"""The 差评 cases by what has to be done with them, what is due first in front."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from console.case_forms import case_notice
from console.due import Due, due_by
from console.masked import shown
from console.pages import visitor
from console.routes import PREFIX, Routes
from desk.parts import sight_of
from desk.rating_words import LEVEL_NAMES
from staff.departments import departments
from staff.roles import Permission
from store.clock import CITY_ZONE
from store.workdays import Calendar
from tickets.limits import TIMED_NAMES, Timed
from tickets.models import Rectification
from tickets.rectification_lists import (
    CASE_QUEUE_NAMES,
    CasePlace,
    CaseQueue,
    CaseRow,
    case_counts,
    case_page,
)
from tickets.rectification_states import CASE_OPEN, CASE_STATE_NAMES, WAY_NAMES, CaseState
from tickets.timing import load_calendar

_PAGE = 50
_HERE = f"{PREFIX}/rectifications"
MOST_ID = 2**31


def rectifications_routes(routes: Routes) -> None:
    """`/console/rectifications`."""
    console = routes.console

    @routes.get("/rectifications", Permission.TICKETS_READ)
    async def rectifications(
        request: Request, queue: str = "", department: str = "", after: str = "", said: str = ""
    ) -> Response:
        actor = visitor(request).actor
        chosen = CaseQueue(queue) if queue in set(CaseQueue) else CaseQueue.OPEN
        now, sight = console.desk.clock(), sight_of(actor)
        everywhere = sight.department is None
        narrowed = department if everywhere else ""
        async with console.door.database.read() as session:
            rows = await case_page(
                session, chosen, sight, now=now, department=narrowed, after=_place(after), limit=_PAGE + 1
            )
            counted = await case_counts(session, sight, now=now)
            calendar = await load_calendar(session)
            names = {item.key: item.name for item in await departments(session)}
        return console.pages.show(
            request,
            "rectifications.html",
            notice=case_notice(said),
            chosen=chosen,
            tabs=[(one, CASE_QUEUE_NAMES[one], counted.get(one)) for one in CaseQueue],
            rows=[
                (row, shown(row.ticket) if row.ticket else None, due_of(row.case, now, calendar))
                for row in rows[:_PAGE]
            ],
            queue_names=CASE_QUEUE_NAMES,
            state_names=CASE_STATE_NAMES,
            way_names=WAY_NAMES,
            level_names=LEVEL_NAMES,
            departments=names,
            by_department=everywhere,
            department=narrowed,
            after=after,
            link=lambda **other: _link(chosen, narrowed, **other),
            older=_written(rows[_PAGE - 1], chosen) if len(rows) > _PAGE else "",
        )


def due_of(case: Rectification, now: datetime, calendar: Calendar) -> Due | None:
    """What is due next of a case; None where it is closed."""
    if case.state not in CASE_OPEN:
        return None
    if case.state is CaseState.TO_CONTACT:
        return due_by(TIMED_NAMES[Timed.CONTACT], case.contact_limit, case.contact_by, now, calendar)
    return due_by(TIMED_NAMES[Timed.RECTIFY], case.rectify_limit, case.rectify_by, now, calendar)


def _link(chosen: CaseQueue, department: str, **other: str) -> str:
    fields = {"queue": str(chosen), "department": department, **other}
    return f"{_HERE}?" + urlencode({name: value for name, value in fields.items() if value})


def _written(row: CaseRow, queue: CaseQueue) -> str:
    place = row.place(queue)
    return f"{place.at.astimezone(CITY_ZONE).isoformat()}~{place.id}"


def _place(text: str) -> CasePlace | None:
    at, _, id_ = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        moment.astimezone(UTC)  # as the database takes it
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None or not re.fullmatch(r"[0-9]{1,10}", id_) or int(id_) >= MOST_ID:
        return None
    return CasePlace(moment, int(id_))
