"""The ledger of rectifications: read on the page, and taken out as Word or Excel."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.reports import download, note_export
from console.routes import Console, Routes
from desk.reports import excel, word
from desk.reports.ledger import TITLE, Ledger, ledger
from desk.reports.period import Period, month_before, month_of, parse_period
from staff.roles import Permission
from store.clock import city_date

_WRONG = "日期不对：请填写起止日期，开始不晚于结束，最长一年。下面是本月。"


def ledger_routes(routes: Routes) -> None:
    """`/console/reports/ledger`."""
    console = routes.console

    @routes.get("/reports/ledger", Permission.REPORTS_READ)
    async def page(request: Request, since: str = "", until: str = "") -> Response:
        today = city_date(console.desk.clock())
        given = parse_period(since, until)
        found = await _ledger(console, given or month_of(today))
        return console.pages.show(
            request,
            "ledger.html",
            problem=_WRONG if (since or until) and given is None else "",
            title=TITLE,
            ledger=found,
            spans=[("本月", month_of(today)), ("上月", month_before(today))],
        )

    @routes.post("/reports/ledger/export", Permission.REPORTS_READ)
    async def export(
        request: Request,
        since: Annotated[str, Form()] = "",
        until: Annotated[str, Form()] = "",
        form: Annotated[str, Form()] = "word",
    ) -> Response:
        period = parse_period(since, until) or month_of(city_date(console.desk.clock()))
        found = await _ledger(console, period)
        await note_export(console, request, f"{TITLE} {period}")
        name = f"{console.desk.city.name}市企业服务{TITLE} {period.first}—{period.last}"
        if form == "excel":
            return download(excel.workbook([found.table]), excel.MEDIA_TYPE, f"{name}.xlsx")
        paper = word.table_document(
            f"{console.desk.city.name}市企业服务{TITLE}", found.summary, [found.table]
        )
        return download(paper, word.MEDIA_TYPE, f"{name}.docx")


async def _ledger(console: Console, period: Period) -> Ledger:
    async with console.door.database.read() as session:
        return await ledger(console.desk, session, period)
