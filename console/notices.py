"""What somebody is told beside their work: the list, the bell, read one by one or all at once."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Form, Request
from fastapi.responses import JSONResponse, Response

from console.numbers import row_id
from console.pages import visitor
from console.routes import PREFIX, Routes, seen_other
from staff import notices
from staff.notices import GRAVE, KIND_NAMES
from staff.roles import Permission

_OWN = Permission.OWN_ACCOUNT
_HERE = f"{PREFIX}/notices"
_PAGE = 50
_NOTICES = {"read": "已标为已读。", "all": "已全部标为已读。"}


def notice_routes(routes: Routes) -> None:
    """`/console/notices` and what is below it: everybody's own."""
    console = routes.console

    @routes.get("/notices", _OWN)
    async def listed(request: Request, view: str = "", before: str = "", said: str = "") -> Response:
        account = visitor(request).actor.account_id or ""
        only_unread = view != "all"
        async with console.door.database.read() as session:
            rows = await notices.page(
                session, account, only_unread=only_unread, before=row_id(before), limit=_PAGE + 1
            )
        more = rows[_PAGE - 1].id if len(rows) > _PAGE else 0
        return console.pages.show(
            request,
            "notices.html",
            rows=rows[:_PAGE],
            kind_names=KIND_NAMES,
            grave=GRAVE,
            view="" if only_unread else "all",
            before=before,
            older=urlencode({"view": view, "before": more}) if more else "",
            now=console.door.clock(),
            notice=_NOTICES.get(said, ""),
        )

    @routes.get("/notices/unread", _OWN, background=True)
    async def count(request: Request) -> Response:
        async with console.door.database.read() as session:
            unread = await notices.unread(session, visitor(request).actor.account_id or "")
        return JSONResponse({"unread": unread})

    @routes.post("/notices/all", _OWN)
    async def all_read(request: Request, up_to: Annotated[str, Form()] = "") -> Response:
        async with console.door.database.write() as session:
            account = visitor(request).actor.account_id or ""
            await notices.read_all(session, account, row_id(up_to) or 0, console.door.clock())
        return seen_other(f"{_HERE}?said=all")

    @routes.post("/notices/{notice}", _OWN)
    async def read(request: Request, notice: str, go: Annotated[str, Form()] = "") -> Response:
        async with console.door.database.write() as session:
            account = visitor(request).actor.account_id or ""
            found = await notices.read(session, account, row_id(notice) or 0, console.door.clock())
        if found is None:
            return console.pages.trouble(request, 404, "没有这条通知", "它可能已经过了保存的时间。")
        if not go:
            return seen_other(f"{_HERE}?said=read")
        if found.rectification:
            return seen_other(f"{PREFIX}/rectifications/{found.rectification}")
        if found.ticket:
            return seen_other(f"{PREFIX}/tickets/{found.ticket}")
        if found.article:
            return seen_other(f"{PREFIX}/knowledge/articles/{found.article}")
        if found.question_group:
            edits = visitor(request).actor.may(Permission.KNOWLEDGE_EDIT)
            page = "unanswered" if edits else "department-questions"
            return seen_other(f"{PREFIX}/{page}/{found.question_group}")
        return seen_other(f"{PREFIX}/inbox/{found.thread_id}" if found.thread_id else _HERE)
