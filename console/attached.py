"""The files that people sent: what a page says of each, and the file itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.pages import visitor
from console.routes import Console, Routes
from conversations.attachments import of_messages, of_ticket
from conversations.media_types import ENDINGS, named
from conversations.models import Attachment, Message, Stored
from desk.attachments import STATE_NAMES, is_picture, open_attachment
from desk.belonging import Reader
from desk.parts import reader_of
from desk.reading_files import opens, readable_files
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from staff.masks import masked_text
from staff.roles import Permission
from tickets.lists import names_of
from tickets.models import Ticket

# A greater picture is not fetched with every page that shows it.
_THUMBNAIL_BYTES = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class File:
    """What is said of a file. `opens`: this reader may open it; `thumbnail`: it is shown as a picture."""

    id: str
    name: str
    about: str
    bad: bool
    opens: bool
    thumbnail: bool


def attachment_routes(routes: Routes) -> None:
    """`/console/attachments/{attachment}`; `?show=1`: in the page, where it is a picture."""
    console = routes.console

    @routes.get("/attachments/{attachment}", Permission.TICKETS_READ)
    async def file(request: Request, attachment: str, show: str = "") -> Response:
        actor = visitor(request).actor
        async with console.door.database.read() as session:
            row = await session.get(Attachment, attachment)
            found = await readable_files(session, [row], reader_of(actor)) if row else []
            if found and found[0][1] is None and not actor.may(Permission.CONVERSATIONS_READ):
                found = []
        if not found or console.files is None:
            return _no_file(console, request)
        if not actor.may(Permission.PERSONAL_DATA_REVEAL):
            return console.pages.trouble(request, 403, "没有权限", "您的角色不能打开附件。")
        opened = await open_attachment(console.door.database, console.files, attachment, inline=bool(show))
        if opened is None:
            return _no_file(console, request)
        try:
            content = await asyncio.to_thread(opened.path.read_bytes)
        except FileNotFoundError:  # its time was over just now
            return _no_file(console, request)
        ticket = found[0][1]
        if ticket is not None and ticket.confidential:
            await _write_down(console, actor, ticket, opened.name)
        return Response(content, headers=opened.headers)


async def files_of(
    session: AsyncSession,
    messages: Sequence[Message],
    reader: Reader,
    actor: Actor,
    *,
    revealed: bool = False,
) -> dict[int, list[File]]:
    """Message -> its files, as far as the reader may know of them."""
    attachments = await of_messages(session, [message.id for message in messages])
    if not attachments:
        return {}
    names = await names_of(session, {message.thread_id for message in messages})
    found: dict[int, list[File]] = {}
    for attachment, ticket in await readable_files(session, attachments, reader):
        hidden = () if revealed else names.get(attachment.thread_id or "", ())
        file = _file(attachment, ticket, actor, hidden, revealed=revealed)
        found.setdefault(attachment.message_id or 0, []).append(file)
    return found


async def files_of_ticket(
    session: AsyncSession, ticket: Ticket, actor: Actor, *, revealed: bool
) -> list[File]:
    """The files of a ticket that may be seen."""
    return [
        _file(one, ticket, actor, () if revealed else ticket.names, revealed=revealed)
        for one in await of_ticket(session, ticket.id)
    ]


def _file(
    one: Attachment, ticket: Ticket | None, actor: Actor, names: Iterable[str], *, revealed: bool
) -> File:
    name = named(one.name, one.media_type) if one.state is Stored.STORED else one.name or one.noun
    may = opens(actor, one)
    # Each look at a file of a confidential ticket is written down, so none is taken by the page itself.
    small = (one.size or 0) <= _THUMBNAIL_BYTES and not (ticket and ticket.confidential)
    return File(
        id=one.id,
        name=name if revealed else masked_text(name, names),
        about=_about(one),
        bad=one.state in (Stored.REFUSED, Stored.FAILED),
        opens=may,
        thumbnail=may and small and is_picture(one.media_type),
    )


def _about(one: Attachment) -> str:
    scan = ("已查病毒" if one.scanned else "未查病毒") if one.state is Stored.STORED else ""
    size = _size(one.size) if one.size is not None else ""
    kind = ENDINGS[one.media_type][0].removeprefix(".").upper() if one.media_type in ENDINGS else ""
    return " · ".join(filter(None, (kind, size, STATE_NAMES[one.state], scan, one.reason)))


def _size(size: int) -> str:
    if size < 1024:
        return f"{size} 字节"
    return f"{size / 1024:.0f} KB" if size < 1024**2 else f"{size / 1024**2:.1f} MB"


def _no_file(console: Console, request: Request) -> Response:
    return console.pages.trouble(
        request, 404, "没有这个附件", "附件可能没有收下、已经删除，或不在您能看的范围内。"
    )


async def _write_down(console: Console, actor: Actor, ticket: Ticket, name: str) -> None:
    async with console.door.database.write() as session:
        audit.record(
            session,
            actor,
            Action.ATTACHMENT_OPENED,
            audit.ticket(ticket.number),
            at=console.door.clock(),
            detail={"附件": name},
        )
