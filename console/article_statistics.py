"""How articles did: asked, solved, handed over, rated; as a page and as a table for Excel."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from console.routes import Console, Routes
from desk.article_statistics import Statistics, as_csv, statistics
from knowledge.catalogue import catalogue
from staff.roles import Permission

_READ = Permission.KNOWLEDGE_READ
_DAYS = 30
_SHOWN = 200  # articles in one list; the export has all
_LONGEST = 366
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 30)


def article_statistics_routes(routes: Routes) -> None:
    """`/console/article-statistics` and its export."""
    console = routes.console

    @routes.get("/article-statistics", _READ)
    async def show(request: Request, since: str = "", until: str = "", category: str = "") -> Response:
        found, problem = await _found(console, since, until, category)
        query = {"since": found.since, "until": found.until, **({"category": category} if category else {})}
        return console.pages.show(
            request,
            "article_statistics.html",
            status=422 if problem else 200,
            found=found,
            category=category,
            categories=catalogue().categories,
            query=urlencode(query),
            most=_SHOWN,
            problem=problem,
        )

    @routes.get("/article-statistics/export", _READ)
    async def export(since: str = "", until: str = "", category: str = "") -> Response:
        found, _ = await _found(console, since, until, category)
        name = f"article-statistics-{found.since:%Y%m%d}-{found.until:%Y%m%d}.csv"
        return Response(
            as_csv(found, dict(catalogue().categories)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


async def _found(console: Console, since: str, until: str, category: str) -> tuple[Statistics, str]:
    """The figures of the period, or of the last days with what is wrong with it."""
    first, last, problem = _period(console.desk.today(), since, until)
    found = await statistics(console.desk, first, last)
    if category:
        found = found.of_category(category)
    return found, problem


def _period(today: date, since: str, until: str) -> tuple[date, date, str]:
    usual = (today - timedelta(days=_DAYS - 1), today)
    try:
        first = date.fromisoformat(since) if since else usual[0]
        last = date.fromisoformat(until) if until else usual[1]
    except ValueError:
        return (*usual, "日期不对，请写成 2026-01-31 这样。下面是最近 30 天的。")
    if not _FIRST_DAY <= first <= last <= _LAST_DAY:
        return (*usual, "起止日期不对：开始的一天不能晚于结束的一天。下面是最近 30 天的。")
    if (last - first).days >= _LONGEST:
        return (*usual, "一次最多看一年。下面是最近 30 天的。")
    return first, last, ""
