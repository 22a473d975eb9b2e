"""The inbox: the lists of threads, and the search in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from console.lines import lines
from console.live import Shown
from console.numbers import row_id
from console.pages import Pages, visitor
from console.routes import PREFIX, Console, Routes
from conversations import inbox
from conversations.inbox import Counts, Place, View
from desk.finding import find_threads
from desk.parts import reader_of
from staff.roles import Permission
from store.clock import Clock
from store.database import Database
from tickets import lists

HERE = f"{PREFIX}/inbox"
VIEW_NAMES: Mapping[View, str] = {
    View.WAITING: "等待接入",
    View.MINE: "我的",
    View.ALL: "全部",
    View.CLOSED: "已结束",
}
PAGE = 30
_MOST_LETTERS = 64


def inbox_routes(routes: Routes) -> None:
    """`/console/inbox`."""
    console = routes.console

    @routes.get("/inbox", Permission.CONVERSATIONS_READ)
    async def threads(
        request: Request, view: str = "", q: str = "", after: str = "", before: str = ""
    ) -> Response:
        chosen, words = View(view) if view in set(View) else View.WAITING, q.strip()[:_MOST_LETTERS]
        if words:
            return await _search(console, request, chosen, words, row_id(before))
        return await _list(console, request, chosen, _place(after))


class Rows:
    """Renders rows of the inbox by the ids of their threads."""

    def __init__(self, database: Database, pages: Pages, clock: Clock) -> None:
        self._database, self._pages, self._clock = database, pages, clock

    async def __call__(self, threads: Sequence[str]) -> Mapping[str, Shown]:
        """Thread -> its row."""
        now = self._clock()
        async with self._database.read() as session:
            found = await lines(session, await inbox.rows_of(session, threads), now)
        return {
            line.id: Shown(
                self._pages.part("_line.html", line=line, now=now), line.holder, line.staff_id, line.ended
            )
            for line in found
        }


async def _list(console: Console, request: Request, view: View, after: Place | None) -> Response:
    account, first = reader_of(visitor(request).actor).account, after is None
    async with console.door.database.read() as session:
        found = await inbox.page(session, view, staff=account, after=after, limit=PAGE + 1)
        shown = await lines(session, found[:PAGE], console.door.clock())
        counts = await inbox.counts(session, account)
    return console.pages.show(
        request,
        "inbox.html",
        lines=shown,
        events=_events(view, () if first else [line.id for line in shown]),
        first=first,
        more=more_link(view, found[PAGE - 1].place) if len(found) > PAGE else "",
        older="",
        begin="" if first else f"{HERE}?{urlencode({'view': view.value})}",
        **_around(console, view, counts),
    )


async def _search(console: Console, request: Request, view: View, q: str, before: int | None) -> Response:
    reader = reader_of(visitor(request).actor)
    async with console.door.database.read() as session:
        first = await lists.threads_of(session, q, reader.sight) if before is None else ()
        found = await find_threads(session, q, reader, first, limit=PAGE, before=before)
        shown = await lines(session, await inbox.rows_in_order(session, found.threads), console.door.clock())
        counts = await inbox.counts(session, reader.account)
    here = {"view": view.value, "q": q}
    return console.pages.show(
        request,
        "inbox.html",
        lines=shown,
        events=_events(view, [line.id for line in shown]),
        first=False,
        more="",
        older=f"{HERE}?{urlencode({**here, 'before': found.older})}" if found.older else "",
        begin=f"{HERE}?{urlencode(here)}" if before is not None else "",
        **_around(console, view, counts, q),
    )


def _around(console: Console, view: View, counts: Counts, q: str = "") -> dict[str, Any]:
    return {
        "view": view,
        "views": VIEW_NAMES,
        "counts": {View.WAITING: counts.waiting, View.MINE: counts.mine},
        "q": q,
        "now": console.door.clock(),
    }


def more_link(view: View, last: Place) -> str:
    """Where the page after a row is."""
    return f"{HERE}?{urlencode({'view': view.value, 'after': f'{last.at.isoformat()}_{last.id}'})}"


def _events(view: View, fixed: Sequence[str]) -> str:
    """Where the list hears of what changes; a later page or a search of the rows that it shows."""
    return f"{PREFIX}/events?{urlencode({'view': view.value} | ({'rows': ','.join(fixed)} if fixed else {}))}"


def _place(text: str) -> Place | None:
    at, _, id_ = text.partition("_")
    try:
        moment = datetime.fromisoformat(at)
        moment.astimezone(UTC)  # as the database takes it: at the end of all days there is no such moment
    except (ValueError, OverflowError):
        return None
    return Place(moment, id_) if moment.tzinfo is not None and id_ else None
