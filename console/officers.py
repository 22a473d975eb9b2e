"""Who looks after which enterprise: the list, one enterprise, added, changed, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.officers import Entry, OfficerRefused, end, keep, people, version
from staff.departments import departments
from staff.models import Account
from staff.roles import Permission
from tickets.models import Officer
from tickets.officers import Place, officer_of, page

EDIT = Permission.OFFICERS_EDIT
HERE = f"{PREFIX}/officers"
_PAGE = 50
_NOTICES = {
    "added": "已加入名单。",
    "changed": "已保存。",
    "ended": "已移出名单。",
    "imported": "名单已导入。",
}


def officer_routes(routes: Routes) -> None:
    """`/console/officers`, `/console/officers/~new`, `/console/officers/{code}`."""
    console = routes.console

    @routes.get("/officers", EDIT)
    async def listed(request: Request, q: str = "", after: str = "", said: str = "") -> Response:
        return await _list(console, request, q.strip()[:60], after, _NOTICES.get(said, ""))

    @routes.get("/officers/~new", EDIT)
    async def new(request: Request) -> Response:
        return await _form(console, request, Entry())

    @routes.post("/officers/~new", EDIT)
    async def add(
        request: Request,
        code: Annotated[str, Form()] = "",
        enterprise: Annotated[str, Form()] = "",
        officer: Annotated[str, Form()] = "",
        deputy: Annotated[str, Form()] = "",
    ) -> Response:
        entry = Entry(code, enterprise, officer, deputy)
        try:
            await keep(console.desk, visitor(request).actor, entry)
        except OfficerRefused as refused:
            return await _form(console, request, entry, problem=str(refused))
        return seen_other(f"{HERE}?said=added")


def one_officer_routes(routes: Routes) -> None:
    """`/console/officers/{code}` and its end."""
    console = routes.console

    @routes.get("/officers/{code}", EDIT)
    async def one(request: Request, code: str) -> Response:
        return await _one(console, request, code)

    @routes.post("/officers/{code}", EDIT)
    async def change(
        request: Request,
        code: str,
        enterprise: Annotated[str, Form()] = "",
        officer: Annotated[str, Form()] = "",
        deputy: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
    ) -> Response:
        entry = Entry(code, enterprise, officer, deputy)
        try:
            await keep(console.desk, visitor(request).actor, entry, seen or "unseen")
        except OfficerRefused as refused:
            return await _one(console, request, code, problem=str(refused), filled=entry)
        return seen_other(f"{HERE}?said=changed")

    @routes.post("/officers/{code}/end", EDIT)
    async def stop(request: Request, code: str, seen: Annotated[str, Form()] = "") -> Response:
        try:
            await end(console.desk, visitor(request).actor, code, seen)
        except OfficerRefused as refused:
            return await _one(console, request, code, problem=str(refused))
        return seen_other(f"{HERE}?said=ended")


async def _list(console: Console, request: Request, q: str, after: str, notice: str) -> Response:
    async with console.door.database.read() as session:
        rows = await page(session, q, after=_place(after), limit=_PAGE + 1)
        context = await _names(session, rows)
    more = rows[_PAGE - 1] if len(rows) > _PAGE else None
    older = urlencode({"q": q, "after": f"{more.credit_code}~{more.enterprise}"}) if more else ""
    return console.pages.show(
        request, "officers.html", rows=rows[:_PAGE], q=q, after=after, older=older, notice=notice, **context
    )


async def _one(
    console: Console, request: Request, code: str, *, problem: str = "", filled: Entry | None = None
) -> Response:
    async with console.door.database.read() as session:
        row = await officer_of(session, code)
        accounts = {} if row is None else await _accounts(session, [row])
    if row is None:
        detail = problem or "它可能已经移出名单，或代码写错了。"
        return console.pages.trouble(request, 404, "名单里没有这家企业", detail)
    deputy = accounts.get(row.deputy or "")
    stands = Entry(row.credit_code, row.enterprise, accounts[row.officer].username)
    stands = replace(stands, deputy=deputy.username if deputy else "")
    return await _form(console, request, filled or stands, row=row, problem=problem)


async def _form(
    console: Console, request: Request, entry: Entry, *, row: Officer | None = None, problem: str = ""
) -> Response:
    async with console.door.database.read() as session:
        able = (await people(session)).accounts
        names = {item.key: item.name for item in await departments(session)}
    choices = [
        (one.username, f"{one.name}（{names.get(one.department or '', '无部门')}，{one.username}）")
        for one in able
    ]
    return console.pages.show(
        request,
        "officer.html",
        status=422 if problem else 200,
        entry=entry,
        row=row,
        seen=version(row) if row else "",
        choices=choices,
        problem=problem,
    )


async def _names(session: AsyncSession, rows: Sequence[Officer]) -> dict[str, Any]:
    return {
        "accounts": await _accounts(session, rows),
        "departments": {item.key: item.name for item in await departments(session)},
    }


async def _accounts(session: AsyncSession, rows: Sequence[Officer]) -> dict[str, Account]:
    ids = {row.officer for row in rows} | {row.deputy for row in rows if row.deputy}
    return {id_: account for id_ in ids if (account := await session.get(Account, id_))}


def _place(text: str) -> Place | None:
    code, _, enterprise = text.partition("~")
    return Place(enterprise, code) if code and enterprise else None
