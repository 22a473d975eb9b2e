"""The tickets by what has to be done with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.due import first_due
from console.masked import shown
from console.pages import visitor
from console.routes import Console, Routes
from console.step_forms import done_notice
from desk.intake.fields import subjects
from desk.parts import queues_of, sight_of
from desk.stuck import stuck
from staff.actors import Actor
from staff.departments import departments
from staff.roles import Permission
from store.clock import CITY_ZONE
from tickets.limits import LEVEL_NAMES
from tickets.lists import QUEUE_NAMES, Place, Queue, Row, Wanted, contested, counts, page
from tickets.models import KIND_NAMES
from tickets.states import STATE_NAMES
from tickets.timing import load_calendar

_PAGE = 50
_NUMBER = re.compile(r"[A-Za-z]+-\d{8}-\d{4,}")


def tickets_routes(routes: Routes) -> None:
    """`/console/tickets`."""
    console = routes.console

    @routes.get("/tickets", Permission.TICKETS_READ)
    async def tickets(
        request: Request,
        queue: str = "",
        q: str = "",
        subject: str = "",
        district: str = "",
        department: str = "",
        after: str = "",
        said: str = "",
    ) -> Response:
        actor = visitor(request).actor
        wanted = Wanted(_text(actor, q), subject, district, department)
        queues = queues_of(actor)
        chosen = Queue(queue) if queue in set(Queue) else queues[0]
        now, most = console.desk.clock(), console.desk.bounds.most_returns
        async with console.door.database.read() as session:
            nobodys = await stuck(session) if Queue.STUCK in queues else frozenset()
            rows = await page(
                session,
                chosen,
                sight_of(actor),
                wanted,
                now=now,
                stuck=nobodys,
                most_returns=most,
                after=_place(after),
                limit=_PAGE + 1,
            )
            counted = await counts(
                session, sight_of(actor), now=now, queues=queues, stuck=nobodys, most_returns=most
            )
            context = await _around(console, session, actor, rows[:_PAGE], now)
        return console.pages.show(
            request,
            "tickets.html",
            notice=done_notice(said),
            chosen=chosen,
            tabs=_tabs(queues, counted, chosen),
            wanted=wanted,
            link=lambda **other: _link(chosen, wanted, **other),
            after=after,
            older=_written(rows[_PAGE - 1].place) if len(rows) > _PAGE else "",
            **context,
        )


async def _around(
    console: Console,
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[Row],
    now: datetime,
) -> dict[str, Any]:
    calendar = await load_calendar(session)
    choices = await departments(session)
    return {
        "rows": [(row.ticket, shown(row.ticket), first_due(row.due, now, calendar)) for row in rows],
        "contested": await contested(session, [row.ticket for row in rows]),
        "queue_names": QUEUE_NAMES,
        "subjects": list(subjects()),
        "districts": list(console.desk.city.districts),
        "departments": {item.key: item.name for item in choices},
        "kind_names": KIND_NAMES,
        "state_names": STATE_NAMES,
        "level_names": LEVEL_NAMES,
        "by_department": sight_of(actor).department is None,
    }


def _tabs(
    queues: Sequence[Queue], counted: Mapping[Queue, int], chosen: Queue
) -> list[tuple[Queue, str, int]]:
    """The tabs with their counts; the one for what nobody can work only where there is something in it."""
    return [
        (queue, QUEUE_NAMES[queue], counted[queue])
        for queue in queues
        if queue is not Queue.STUCK or counted[queue] or queue is chosen
    ]


def _text(actor: Actor, text: str) -> str:
    """Who may not see names and telephone numbers does not find out by guessing them."""
    text = text.strip()[:60]
    return text if actor.may(Permission.PERSONAL_DATA_REVEAL) or _NUMBER.fullmatch(text) else ""


def _link(chosen: Queue, wanted: Wanted, **other: str) -> str:
    fields = {
        "queue": str(chosen),
        "q": wanted.text,
        "subject": wanted.subject,
        "district": wanted.district,
        "department": wanted.department,
        **other,
    }
    return "/console/tickets?" + urlencode({name: value for name, value in fields.items() if value})


def _written(place: Place) -> str:
    return f"{place.at.astimezone(CITY_ZONE).isoformat()}~{place.id}"


def _place(text: str) -> Place | None:
    at, _, id = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        moment.astimezone(UTC)  # as the database takes it: at the end of all days there is no such moment
    except (ValueError, OverflowError):
        return None
    return Place(moment, id) if moment.tzinfo is not None and id else None
