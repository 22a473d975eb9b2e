"""From a talk to a ticket: the form, filled in beforehand, and its filing for the enterprise."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import Response

from console import talk
from console.inbox import HERE
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from console.thread_acts import whose
from conversations.models import Thread
from desk.filing import FiledOtherwise, WrongFields, drafted, file_for
from desk.intake.fields import MAX_TEXT
from desk.parts import reader_of
from desk.takeover import NotYours
from staff import audit
from staff.audit import Action
from staff.roles import Permission
from tickets.models import KIND_NAMES, Kind

_ANSWER = Permission.CONVERSATIONS_ANSWER
_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")
_PERSONS = ("enterprise", "credit_code", "contact", "phone")
_LONG = ("description", "wanted")


def filing_routes(routes: Routes) -> None:
    """`/console/inbox/{thread_id}/ticket`."""
    console = routes.console

    @routes.get("/inbox/{thread_id}/ticket", _ANSWER)
    async def form(request: Request, thread_id: str) -> Response:
        actor = visitor(request).actor
        async with console.door.database.read() as session:
            if await session.get(Thread, thread_id) is None:
                return _no_thread(console, request)
            values = await drafted(console.desk, session, thread_id, reader_of(actor))
        if any(values[name] for name in _PERSONS) and actor.may(Permission.PERSONAL_DATA_REVEAL):
            async with console.door.database.write() as session:
                detail = {"内容": "企业名称、统一社会信用代码、联系人、电话", "用于": "代企业登记工单"}
                audit.record(
                    session,
                    actor,
                    Action.PERSONAL_DATA_REVEALED,
                    audit.thread(thread_id),
                    at=console.door.clock(),
                    detail=detail,
                )
        return await _page(
            console, request, thread_id, {"kind": Kind.REQUEST, **values, "confidential": "否"}
        )

    @routes.post("/inbox/{thread_id}/ticket", _ANSWER)
    async def file(request: Request, thread_id: str) -> Response:
        given = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        async with console.door.database.read() as session:
            if await session.get(Thread, thread_id) is None:
                return _no_thread(console, request)
        kind, key = given.get("kind", ""), given.get("key", "")
        if kind not in set(Kind) or not _KEY.fullmatch(key):
            return await _page(console, request, thread_id, given, problem="请选择投诉还是诉求，再提交。")
        try:
            await file_for(console.desk, visitor(request).actor, thread_id, key, Kind(kind), given)
        except WrongFields as refused:
            problem = "有几项还不对，没有提交。"
            return await _page(
                console, request, thread_id, given, problem=problem, wrong=refused.wrong, key=key
            )
        except FiledOtherwise as filed:
            problem = f"这张表刚才已经登记为工单 {filed.number}，这次改过的内容没有提交。确实是另一件事的，请再点一次提交。"
            return await _page(console, request, thread_id, given, problem=problem, status=409)
        except NotYours as refused:
            problem = await whose(console, refused)
            return await _page(console, request, thread_id, given, problem=problem, status=409, key=key)
        return seen_other(f"{HERE}/{thread_id}?said=filed")


def _no_thread(console: Console, request: Request) -> Response:
    return console.pages.trouble(request, 404, "没有这段对话", "地址可能写错了，或对话已经删除。")


async def _page(
    console: Console,
    request: Request,
    thread_id: str,
    values: Mapping[str, str],
    *,
    problem: str = "",
    wrong: Mapping[str, str] | None = None,
    status: int = 422,
    key: str = "",
) -> Response:
    actor, now = visitor(request).actor, console.door.clock()
    async with console.door.database.read() as session:
        head = await talk.head(session, thread_id, reader_of(actor), now)
    if head is None:
        return _no_thread(console, request)
    return console.pages.show(
        request,
        "filing.html",
        status=status if problem else 200,
        head=head,
        here=f"{HERE}/{thread_id}",
        fields_of=list(console.desk.intake.fields.values()),
        long=_LONG,
        most=MAX_TEXT,
        kinds=KIND_NAMES,
        labels={"wanted": "企业的要求"},
        given=values,
        wrong=wrong or {},
        key=key or console.door.new_id(),
        problem=problem,
    )
