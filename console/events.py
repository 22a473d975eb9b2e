"""`/console/events`: what open pages are told as it happens, out of the database from where they left off.

A stream ends after a minute and the browser comes again by itself: so a session that has ended, or a role that was
taken away, ends it too. A stream whose session cannot come back in says so by the answer it gets.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from console import attached, talk
from console.entries import state
from console.inbox import PAGE, more_link
from console.live import Listener, Shown
from console.pages import visitor
from console.routes import Console, Routes
from console.talk import Head
from conversations import changes, holding, inbox, mentions
from conversations.changes import Mark
from conversations.inbox import View
from conversations.models import Holder, Message, Thread
from desk.parts import reader_of
from staff.notices import unread
from staff.roles import Permission
from staff.sessions import Visitor

_PING_SECONDS = 15.0
_LIFE_SECONDS = 60.0
# Who has missed more than this of one thread loads the page anew.
_MOST_MISSED = 200
# How many of the newest messages a page that comes back is told the state of.
_STATES = 60
# What the page's own look at the database may not have seen yet, as it was not committed.
_LATELY = timedelta(minutes=10)
_MOST_ROWS = 100


def event_routes(routes: Routes) -> None:
    """`/console/events?view=waiting` or `?rows=ID,ID` for the inbox, `?thread=ID&after=12-3` for a thread."""
    console = routes.console

    @routes.get("/events", Permission.CONVERSATIONS_READ, background=True)
    async def events(
        request: Request, view: str = "", rows: str = "", thread: str = "", after: str = "0-0"
    ) -> Response:
        try:
            since = Mark.parse(request.headers.get("last-event-id") or after)
        except ValueError:
            return console.pages.trouble(request, 422, "提交的内容不对", "请刷新页面。")
        who = visitor(request)
        if not thread:
            chosen = View(view) if view in set(View) else View.WAITING
            fixed = tuple(rows.split(",")[:_MOST_ROWS]) if rows else ()
            stream = inbox_events(console, who, chosen, fixed)
        else:
            async with console.door.database.read() as session:
                if await session.get(Thread, thread) is None:
                    return console.pages.trouble(request, 404, "没有这段对话", "对话可能已经删除。")
            stream = ThreadEvents(console, who, thread).stream(since)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def inbox_events(
    console: Console, who: Visitor, view: View, fixed: Sequence[str] = ()
) -> AsyncIterator[str]:
    """The list as it is now, then the rows that change, with the figures of the tabs.

    `fixed`: the only rows that the page shows, as a later page or a search does.
    """
    account, live = who.actor.account_id or "", console.live
    async with live.listen(None, account) as listener:
        yield _event("rows", await _as_it_is(console, account, view, fixed), live.mark)
        async for _ in _told(listener):
            rows, listener.rows, called, listener.called = listener.rows, {}, listener.called, False
            if bell := await _bell(console, account, listener):
                yield bell
            if rows or called:
                yield _event("rows", _rows(console, account, view, rows), listener.mark)
            else:
                yield ": ping\n\n"


async def _as_it_is(console: Console, account: str, view: View, fixed: Sequence[str]) -> dict[str, Any]:
    """What a page that comes (back) has to show, whatever it showed before: so no change is lost to a cut."""
    async with console.door.database.read() as session:
        found = [] if fixed else await inbox.page(session, view, staff=account, limit=PAGE + 1)
        counts = await inbox.counts(session, account)
        called = await mentions.unseen(session, account)
    wanted = list(fixed) or [row.thread.id for row in found[:PAGE]]
    rows = await console.live.render(wanted)
    shown = {id_: rows.get(id_) for id_ in wanted}
    more = more_link(view, found[PAGE - 1].place) if len(found) > PAGE else ""
    return {
        "whole": not fixed,
        "more": more,
        "rows": [_row(id_, row, view, account) for id_, row in shown.items()],
        "counts": {View.WAITING: counts.waiting, View.MINE: counts.mine, "mentions": called},
    }


class ThreadEvents:
    """What one open page of a thread is told."""

    def __init__(self, console: Console, who: Visitor, thread_id: str) -> None:
        self._console, self._who, self._thread = console, who, thread_id
        self._account, self._reader = who.actor.account_id or "", reader_of(who.actor)
        self._unsettled: set[int] = set()
        self._arriving: set[int] = set()
        self._since = Mark(0, 0)
        self._sent: set[int] = set()
        self._noted: set[int] = set()
        self._shown: dict[str, Any] = {}

    async def stream(self, since: Mark) -> AsyncIterator[str]:
        """Entries, states of delivery, and who has the thread."""
        live, name = self._console.live, self._who.actor.name
        self._since = since
        live.presence.arrive(self._thread, self._account, name)
        try:
            async with live.listen(self._thread, self._account) as listener:
                mark = listener.mark
                yield _event("thread", await self._missed(), mark)
                async for told in _told(listener):
                    if not told:
                        yield ": ping\n\n"
                        continue
                    if bell := await _bell(self._console, self._account, listener):
                        yield bell
                    # Taken together, as what comes next is not told yet.
                    ids, mark = listener.messages, listener.mark
                    listener.messages, listener.touched, listener.called = set(), False, False
                    if news := await self._news(ids):
                        yield _event("thread", news, mark)
        finally:
            live.presence.leave(self._thread, self._account)

    async def _missed(self) -> dict[str, Any]:
        """What the page may not show; it leaves out what it does."""
        lately = self._console.door.clock() - _LATELY
        async with self._console.door.database.read() as session:
            newest = await inbox.messages(session, self._thread, limit=_MOST_MISSED)
            self._noted = {
                note.id
                for note in await holding.notes(session, self._thread)
                if note.id <= self._since.note and note.at < lately
            }
        missed = {m.id for m in newest if m.id > self._since.message or m.created_at >= lately}
        if len(newest) == _MOST_MISSED and 0 < self._since.message < newest[0].id:
            return {"reload": True}
        self._unsettled = {message.id for message in newest[-_STATES:]}
        return await self._news(missed)

    async def _news(self, ids: set[int]) -> dict[str, Any]:
        console, now = self._console, self._console.door.clock()
        ids = ids - self._sent
        async with console.door.database.read() as session:
            unsettled = set(await changes.unsettled(session, [self._thread]))
            arriving = set(await changes.arriving(session, [self._thread]))
            about = {*ids, *unsettled, *self._unsettled, *arriving, *self._arriving}
            messages = await inbox.messages_of(session, self._thread, about)
            notes = [
                note for note in await holding.notes(session, self._thread) if note.id not in self._noted
            ]
            news = [message for message in messages if message.id in ids]
            entries = await talk.told(console.desk, session, news, notes, self._reader, actor=self._who.actor)
            files = await self._files(session, [m for m in messages if m.id in arriving | self._arriving])
            head = await talk.head(session, self._thread, self._reader, now)
            called = await mentions.unseen(session, self._account)
        if head is None:
            return {"gone": True}
        self._unsettled, self._arriving, self._sent = unsettled, arriving, self._sent | ids
        self._noted |= {note.id for note in notes}
        states = [state(message) for message in messages if message.id not in ids]
        told = {
            "entries": [
                {"id": entry.id, "order": entry.order, "html": self._part("_entry.html", head, entry=entry)}
                for entry in entries
            ],
            "states": {f"m{one.id}": self._part("_state.html", head, state=one) for one in states if one},
            "files": {
                f"m{id_}": self._part("_files.html", head, files=of, of=f"m{id_}")
                for id_, of in files.items()
            },
            "newest": max(ids, default=0),
        }
        return (
            {name: value for name, value in told.items() if value}
            | self._head_news(head)
            | {"counts": {"mentions": called}}
        )

    async def _files(
        self, session: AsyncSession, messages: Sequence[Message]
    ) -> Mapping[int, Sequence[attached.File]]:
        return await attached.files_of(session, messages, self._reader, self._who.actor) if messages else {}

    def _head_news(self, head: Head) -> dict[str, Any]:
        at = self._console.live.presence.at(self._thread)
        others = [one for who, one in at.items() if who != self._account]
        shown = {
            "head": self._part("_head.html", head, others=others),
            "quota": self._part("_quota.html", head),
            "mine": head.mine,
        }
        before, self._shown = self._shown, shown
        return {name: value for name, value in shown.items() if before.get(name) != value}

    def _part(self, template: str, head: Head, **context: Any) -> str:
        return self._console.pages.part(
            template,
            visitor=self._who,
            may_answer=self._who.actor.may(Permission.CONVERSATIONS_ANSWER),
            now=self._console.door.clock(),
            head=head,
            **context,
        )


async def _told(listener: Listener) -> AsyncIterator[bool]:
    """Each time there is something to tell, or when the connection has been quiet for long (False)."""
    ends = asyncio.get_running_loop().time() + _LIFE_SECONDS
    while not listener.closed:
        left = ends - asyncio.get_running_loop().time()
        if left <= 0:
            return
        told = await listener.wait(min(left, _PING_SECONDS))
        if not listener.closed:
            yield told


async def _bell(console: Console, account: str, listener: Listener) -> str:
    """How many notices are unread, where there may be a new one."""
    rung, listener.rung = listener.rung, False
    if not rung:
        return ""
    async with console.door.database.read() as session:
        return _event("bell", {"unread": await unread(session, account)}, listener.mark)


def _rows(console: Console, account: str, view: View, rows: Mapping[str, Shown | None]) -> dict[str, Any]:
    standing = console.live.standing.values()
    return {
        "rows": [_row(id_, row, view, account) for id_, row in rows.items()],
        "counts": {
            View.WAITING: sum(one.holder is Holder.WAITING for one in standing),
            View.MINE: sum(one.holder is Holder.STAFF and one.staff == account for one in standing),
            "mentions": console.live.called.get(account, 0),
        },
    }


def _row(id_: str, row: Shown | None, view: View, account: str) -> dict[str, Any]:
    """`html`: empty for a thread that is no more."""
    return {
        "id": id_,
        "html": row.html if row else "",
        "in": row is not None and _belongs(row, view, account),
    }


def _belongs(row: Shown, view: View, account: str) -> bool:
    match view:
        case View.WAITING:
            return row.holder is Holder.WAITING
        case View.MINE:
            return row.staff == account
        case View.CLOSED:
            return row.ended
    return True


def _event(name: str, data: Mapping[str, Any], mark: Mark) -> str:
    return f"id: {mark}\nretry: 1000\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
