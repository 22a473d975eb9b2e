"""Articles out into files, and what was brought in last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from fastapi import Request
from fastapi.responses import Response

from console.routes import PREFIX, Console, Routes
from knowledge import imports
from knowledge.article import Article
from knowledge.catalogue import catalogue
from knowledge.exchange.archive import to_zip
from knowledge.exchange.csv_file import to_csv
from knowledge.exchange.documents import DOCUMENTS
from knowledge.exchange.excel import to_excel
from knowledge.exchange.problems import FileRefused
from knowledge.exchange.reader import TABLES
from staff.roles import Permission
from store.clock import city_date

HERE = f"{PREFIX}/exchange"
_EDIT = Permission.KNOWLEDGE_EDIT
_SHOWN = 300  # articles to choose from, one by one
_LATEST = 10
_NOTICES = {"given-up": "已放弃，什么也没有改。"}


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that articles are exported as."""

    name: str
    ending: str
    media_type: str
    write: Callable[[Sequence[Article]], bytes]


FORMATS = {
    "xlsx": Format(
        "Excel",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda articles: to_excel(articles, catalogue().categories),
    ),
    "csv": Format(
        "CSV", "csv", "text/csv; charset=utf-8", lambda articles: to_csv(articles, catalogue().categories)
    ),
    "zip": Format("Markdown（ZIP）", "zip", "application/zip", to_zip),
}


def exchange_routes(routes: Routes) -> None:
    """`/console/exchange`, `/console/exchange/export`."""
    console = routes.console

    @routes.get("/exchange", _EDIT)
    async def exchange(request: Request, said: str = "") -> Response:
        return await exchange_page(console, request, notice=_NOTICES.get(said, ""))

    @routes.get("/exchange/export", _EDIT)
    async def export(request: Request, format: str = "xlsx", category: str = "") -> Response:
        keys = set(request.query_params.getlist("key"))
        chosen = FORMATS.get(format)
        if chosen is None:
            return await exchange_page(console, request, problem="请在列表里选择文件格式。")
        await console.desk.library.refresh()
        articles = sorted(console.desk.library.held().values(), key=lambda article: article.key)
        wanted = [
            article
            for article in articles
            if (not category or article.category == category) and (not keys or article.key in keys)
        ]
        if not wanted:
            return await exchange_page(console, request, problem="没有符合的文章，没有导出。")
        try:
            data = await asyncio.to_thread(chosen.write, wanted)
        except FileRefused as refused:
            return await exchange_page(console, request, problem=str(refused))
        name = f"articles-{city_date(console.desk.clock()):%Y%m%d}.{chosen.ending}"
        return Response(
            data,
            media_type=chosen.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


async def exchange_page(
    console: Console, request: Request, *, notice: str = "", problem: str = ""
) -> Response:
    """The page where files come from and go to."""
    await console.desk.library.refresh()
    articles = console.desk.library.held().values()
    async with console.desk.database.read() as session:
        latest = await imports.latest(session, _LATEST)
    return console.pages.show(
        request,
        "exchange.html",
        status=422 if problem else 200,
        articles=nsmallest(_SHOWN, articles, key=lambda article: article.key),
        count=len(articles),
        categories=catalogue().categories,
        formats=FORMATS,
        accepted=",".join((*TABLES, *DOCUMENTS)),
        latest=latest,
        notice=notice,
        problem=problem,
    )
