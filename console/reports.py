"""The dashboard: figures of a period in tiles, tables and charts, and as a workbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Request
from fastapi.responses import Response

from console.pages import visitor
from console.routes import Console, Routes
from desk.reports import tables
from desk.reports.excel import MEDIA_TYPE, workbook
from desk.reports.figures import Figures, figures, share
from desk.reports.period import Period, month_before, month_of, parse_period
from desk.reports.tables import Table
from staff import audit
from staff.audit import Action
from staff.roles import Permission
from store.clock import city_date

_MEANING = (
    f"满意率：评价“非常满意”“满意”“基本满意”的占比，申诉成立的评价不计。{tables.IN_TIME}{tables.CALLED}"
)
_WRONG = "日期不对：请填写起止日期，开始不晚于结束，最长一年。下面是最近 30 天。"


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure. `bad`: it asks for somebody's attention; `path`: where that is found."""

    name: str
    figure: str
    about: str = ""
    bad: bool = False
    path: str = ""


def reports_routes(routes: Routes) -> None:
    """`/console/reports`."""
    console = routes.console

    @routes.get("/reports", Permission.REPORTS_READ)
    async def reports(request: Request, since: str = "", until: str = "") -> Response:
        today = city_date(console.desk.clock())
        given = parse_period(since, until)
        period = given or Period(today - timedelta(days=29), today)
        found = await _figures(console, period)
        return console.pages.show(
            request,
            "reports.html",
            problem=_WRONG if (since or until) and given is None else "",
            period=period,
            spans=_spans(today),
            tiles=_tiles(found),
            charts=_charts(found),
            departments=tables.departments(found),
            results=tables.results(found),
            meaning=_MEANING,
            at=found.at,
        )

    @routes.post("/reports/export", Permission.REPORTS_READ)
    async def export(
        request: Request, since: Annotated[str, Form()] = "", until: Annotated[str, Form()] = ""
    ) -> Response:
        today = city_date(console.desk.clock())
        period = parse_period(since, until) or Period(today - timedelta(days=29), today)
        found = await _figures(console, period)
        await note_export(console, request, f"统计 {period}")
        drawn = (table for table, _ in _charts(found))
        sheets = (_overview(found), *drawn, tables.departments(found), tables.results(found))
        return download(workbook(sheets), MEDIA_TYPE, f"统计 {period.first}—{period.last}.xlsx")


def download(content: bytes, media_type: str, name: str) -> Response:
    """A file to be saved under a name."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media_type, headers=headers)


async def note_export(console: Console, request: Request, what: str) -> None:
    """Write down who took figures out of the house."""
    async with console.door.database.write() as session:
        audit.record(
            session,
            visitor(request).actor,
            Action.REPORT_EXPORTED,
            at=console.desk.clock(),
            detail={"内容": what},
        )


async def _figures(console: Console, period: Period) -> Figures:
    async with console.door.database.read() as session:
        return await figures(session, period, now=console.desk.clock())


def _spans(today: date) -> list[tuple[str, Period]]:
    monday = today - timedelta(days=today.weekday())
    return [
        ("最近 30 天", Period(today - timedelta(days=29), today)),
        ("本周", Period(monday, today)),
        ("本月", Period(today.replace(day=1), today)),
        ("上月", month_before(today)),
        ("今年", Period(today.replace(month=1, day=1), month_of(today).last)),
    ]


def _tiles(found: Figures) -> list[tuple[str, list[Tile]]]:
    asked, rated, flow, standing, came = found.asked, found.rated, found.flow, found.standing, found.result
    return [
        (
            "现在",
            [
                Tile("等候人工", str(found.waiting), "个对话", bad=found.waiting > 0, path="/console/inbox"),
                Tile("在办工单", str(standing.open), "件", path="/console/tickets?queue=all"),
                Tile(
                    "已超期", str(standing.overdue), "件", bad=standing.overdue > 0,
                    path="/console/tickets?queue=overdue",
                ),
                Tile("督办中", str(standing.supervised), "件", path="/console/tickets?queue=supervised"),
            ],
        ),
        (
            "期内的对话",
            [
                Tile("企业咨询", str(asked.all), f"件次，{found.talks.askers} 家（户）"),
                Tile("智能助手答复", share(asked.answered, asked.all), f"{asked.answered} 件次"),
                Tile("未能答复", share(asked.unknown, asked.all), f"{asked.unknown} 件次"),
                Tile("转人工", str(asked.handed_over), "次"),
                Tile("人工接待", str(found.talks.taken), "家（户）"),
                Tile("满意率", share(rated.content, rated.all), f"{rated.all} 条评价"),
            ],
        ),
        (
            "期内的工单",
            [
                Tile("新登记", str(flow.received), "件"),
                Tile("已答复", str(flow.answered.count), "件"),
                Tile("按时答复", share(flow.answered.in_time, flow.answered.count), f"{flow.answered.in_time} 件"),
                Tile("办结", str(flow.closed), "件"),
                Tile("重办", str(flow.reworked), f"件，催办 {flow.urged} 次"),
                Tile("按期办结率", share(came.in_time, came.due), f"应办结 {came.due} 件，按期 {came.in_time} 件"),
                Tile("解决率", share(came.solved, came.reached), f"回访到 {came.reached} 件，已解决 {came.solved} 件"),
                Tile("回访满意率", share(came.satisfied, came.reached), f"回访到 {came.reached} 件，满意 {came.satisfied} 件"),
            ],
        ),
    ]  # fmt: skip


def _charts(found: Figures) -> list[tuple[Table, str]]:
    """Each with the kind of chart that it is drawn as."""
    total = found.flow.received
    drawn = (
        (tables.days(found), "days"),
        (tables.shares("事项类别分布", "事项类别", found.subjects, total), "bars"),
        (tables.channels(found), "columns"),
        (tables.most_asked(found), "bars"),
        (tables.ratings(found), "columns"),
        (tables.shares("区县分布", "区县", found.districts, total), "bars"),
        *((table, "rates") for table in tables.served(found)),
    )
    return [(table, kind) for table, kind in drawn if table.rows]


def _overview(found: Figures) -> Table:
    rows = tuple(
        (group, tile.name, tile.figure, tile.about) for group, tiles in _tiles(found) for tile in tiles
    )
    return Table("总览", ("范围", "指标", "数值", "说明"), rows, _MEANING)
