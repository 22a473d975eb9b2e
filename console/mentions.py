"""What colleagues have called somebody to in their notes: the list, its figure, and the way to each note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.inbox import HERE as INBOX
from console.lines import lines
from console.numbers import row_id
from console.pages import visitor
from console.readable import readable
from console.routes import Console, Routes, seen_other
from conversations import inbox, mentions
from conversations.models import Mention, Note
from desk.parts import reader_of
from staff import accounts
from staff.roles import Permission

_READ = Permission.CONVERSATIONS_READ
_PAGE = 30


@dataclass(frozen=True, slots=True)
class Called:
    """A note that calls the reader."""

    id: int
    by: str
    thread: str
    text: str
    at: datetime
    new: bool


def mention_routes(routes: Routes) -> None:
    """`/console/mentions`, `/console/mentions/count`, `/console/mentions/{mention}`."""
    console = routes.console

    @routes.get("/mentions", _READ)
    async def called(request: Request, before: str = "") -> Response:
        account = visitor(request).actor.account_id or ""
        async with console.door.database.read() as session:
            found = await mentions.page(session, account, before=row_id(before), limit=_PAGE + 1)
            shown = await _shown(session, found[:_PAGE], request, console.door.clock())
        return console.pages.show(
            request,
            "mentions.html",
            called=shown,
            older=shown[-1].id if len(found) > _PAGE else None,
            first=not before,
            now=console.door.clock(),
        )

    @routes.get("/mentions/count", _READ, background=True)
    async def count(request: Request) -> Response:
        async with console.door.database.read() as session:
            unseen = await mentions.unseen(session, visitor(request).actor.account_id or "")
        return JSONResponse({"mentions": unseen})

    @routes.get("/mentions/{mention}", _READ)
    async def lead(request: Request, mention: str) -> Response:
        return await _lead(console, request, row_id(mention) or 0)


async def _lead(console: Console, request: Request, mention: int) -> Response:
    """To the note, in the part of the thread where it stands."""
    async with console.door.database.read() as session:
        found = await mentions.place(session, visitor(request).actor.account_id or "", mention)
    if found is None:
        return console.pages.trouble(request, 404, "没有这条提醒", "对话可能已经删除。")
    note, before = found
    part = f"?before={before}" if before else ""
    return seen_other(f"{INBOX}/{note.thread_id}{part}#n{note.id}")


async def _shown(
    session: AsyncSession, found: Sequence[tuple[Mention, Note]], request: Request, now: datetime
) -> list[Called]:
    threads = {note.thread_id for _, note in found}
    names = {line.id: line.name for line in await lines(session, await inbox.rows_of(session, threads), now)}
    words = await readable(session, [], reader_of(visitor(request).actor), threads=threads)
    staff = await accounts.names(session, {note.by for _, note in found})
    return [
        Called(
            mention.id,
            staff.get(note.by, "工作人员"),
            names.get(note.thread_id, "对话"),
            words.words(note.thread_id, note.text),
            note.at,
            mention.seen_at is None,
        )
        for mention, note in found
    ]
