"""The audit log: filtered, page by page, and as a table for Excel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Request
from fastapi.responses import Response, StreamingResponse

from console.numbers import row_id
from console.pages import visitor
from console.routes import Console, Routes
from staff import audit, audit_csv
from staff.audit import ACTION_NAMES, Action, Wanted
from staff.roles import Permission
from store.clock import city_date

_PAGE = 50
_BATCH = 1000
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


def audit_routes(routes: Routes) -> None:
    """`/console/audit`, `/console/audit/export`."""
    console = routes.console

    @routes.get("/audit", Permission.AUDIT_READ)
    async def log(
        request: Request,
        who: str = "",
        action: str = "",
        target: str = "",
        since: str = "",
        until: str = "",
        before: str = "",
    ) -> Response:
        wanted = _wanted(who, action, target, since, until)
        last = row_id(before)
        async with console.door.database.read() as session:
            found = await audit.entries(session, wanted, before=last, limit=_PAGE + 1)
        older = {"before": found[_PAGE - 1].id} if len(found) > _PAGE else None
        return console.pages.show(
            request,
            "audit.html",
            entries=found[:_PAGE],
            wanted=wanted,
            actions=ACTION_NAMES,
            action_name=audit.action_name,
            target_name=audit.target_name,
            older=urlencode({**_query(wanted), **older}) if older else "",
            newest=urlencode(_query(wanted)) if last is not None else None,
        )

    @routes.post("/audit/export", Permission.AUDIT_READ)
    async def export(
        request: Request,
        who: Annotated[str, Form()] = "",
        action: Annotated[str, Form()] = "",
        target: Annotated[str, Form()] = "",
        since: Annotated[str, Form()] = "",
        until: Annotated[str, Form()] = "",
    ) -> Response:
        wanted = _wanted(who, action, target, since, until)
        now = console.door.clock()
        detail = {"范围": "、".join(f"{name}={value}" for name, value in _query(wanted).items()) or "全部"}
        async with console.door.database.write() as session:
            audit.record(session, visitor(request).actor, Action.AUDIT_EXPORTED, at=now, detail=detail)
        name = f"audit-{city_date(now):%Y%m%d}.csv"
        return StreamingResponse(
            _table(console, wanted),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


async def _table(console: Console, wanted: Wanted) -> AsyncIterator[str]:
    yield audit_csv.head()
    before: int | None = None
    while True:
        # A transaction for each batch: a slow reader must not keep one open.
        async with console.door.database.read() as session:
            found = await audit.entries(session, wanted, before=before, limit=_BATCH)
        yield audit_csv.lines(found)
        if len(found) < _BATCH:
            return
        before = found[-1].id


def _wanted(who: str, action: str, target: str, since: str, until: str) -> Wanted:
    chosen = action if action in set(Action) else ""
    return Wanted(who.strip(), chosen, target.strip(), _day(since), _day(until))


def _query(wanted: Wanted) -> dict[str, str]:
    fields = {name: getattr(wanted, name) for name in ("who", "action", "target", "since", "until")}
    return {name: str(value) for name, value in fields.items() if value}


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Beyond, midnight in the city is no moment that a database has.
    return day if _FIRST_DAY <= day <= _LAST_DAY else None
