"""The monthly report: read on the page, with the cases that are to be told, and taken out as Word or Excel."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.reports import download, note_export
from console.routes import Console, Routes
from desk.reports import excel, word
from desk.reports.bulletin import Bulletin, bulletin
from desk.reports.cases import MOST_TOLD, cases
from desk.reports.period import FIRST_DAY, Period, month_before, parse_month
from staff.roles import Permission
from store.clock import city_date


def bulletin_routes(routes: Routes) -> None:
    """`/console/reports/bulletin`."""
    console = routes.console

    @routes.get("/reports/bulletin", Permission.REPORTS_READ)
    async def page(request: Request, month: str = "") -> Response:
        chosen = request.query_params.getlist("case")
        given = _month(console, month)
        period = given or month_before(city_date(console.desk.clock()))
        async with console.door.database.read() as session:
            report = await bulletin(console.desk, session, period, chosen[:MOST_TOLD])
            offered = await cases(session, period)
        problem = "月份不对：请选择本月或以前的月份。下面是上个月。" if month and given is None else ""
        if len(chosen) > MOST_TOLD:
            problem = f"案例最多选登 {MOST_TOLD} 件，已取前 {MOST_TOLD} 件。"
        return console.pages.show(
            request,
            "bulletin.html",
            problem=problem,
            report=report,
            month=f"{period.first:%Y-%m}",
            offered=offered,
            chosen=chosen[:MOST_TOLD],
            most=MOST_TOLD,
        )

    @routes.post("/reports/bulletin/export", Permission.REPORTS_READ)
    async def export(
        request: Request,
        month: Annotated[str, Form()] = "",
        form: Annotated[str, Form()] = "word",
        case: Annotated[list[str] | None, Form()] = None,
    ) -> Response:
        period = _month(console, month) or month_before(city_date(console.desk.clock()))
        async with console.door.database.read() as session:
            report = await bulletin(console.desk, session, period, (case or [])[:MOST_TOLD])
        await note_export(console, request, f"工作情况通报 {period}")
        return _file(report, "xlsx" if form == "excel" else "docx")


def _month(console: Console, text: str) -> Period | None:
    """A month that has begun."""
    period = parse_month(text)
    today = city_date(console.desk.clock())
    return period if period and FIRST_DAY <= period.first <= today else None


def _file(report: Bulletin, ending: str) -> Response:
    name = f"{report.title}（{report.period.first:%Y年%m月}）.{ending}"
    if ending == "docx":
        return download(word.bulletin_document(report), word.MEDIA_TYPE, name)
    sheets = [table for section in report.sections for table in section.tables]
    return download(excel.workbook(sheets), excel.MEDIA_TYPE, name)
