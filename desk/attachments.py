"""Opening what people sent, for staff: where it is, what it is called, and how a browser may treat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from conversations.media_types import named
from conversations.models import Attachment, Stored
from store.database import Database
from store.files import Files

# Pictures that every browser shows and that hold nothing to run.
_SHOWN = {"image/jpeg", "image/png", "image/gif", "image/webp"}
STATE_NAMES = {
    Stored.PENDING: "正在收取",
    Stored.STORED: "已收下",
    Stored.REFUSED: "没有收下",
    Stored.FAILED: "没有取到",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A stored file. `name` says its true type; `headers`: to be sent with it over HTTP, all of them."""

    path: Path
    name: str
    headers: Mapping[str, str]


async def open_attachment(
    database: Database, files: Files, attachment_id: str, *, inline: bool = True
) -> Opened | None:
    """The file of an attachment; None where there is none, or none that was taken.

    `inline`: a picture may be shown by the browser; everything else is saved in any case.
    Whoever calls this has made sure that the reader is staff and may see its thread and ticket.
    """
    async with database.read() as session:
        attachment = await session.get(Attachment, attachment_id)
    if attachment is None or attachment.state != Stored.STORED:
        return None
    path = files.path(attachment.key)
    name = named(attachment.name, attachment.media_type)
    headers = file_headers(attachment.media_type, name, inline=inline and is_picture(attachment.media_type))
    return Opened(path, name, headers) if path.exists() else None


def is_picture(media_type: str) -> bool:
    """Whether every browser shows it and it holds nothing to run."""
    return media_type in _SHOWN


def described(attachment: Attachment) -> str:
    """One line for staff."""
    parts = [
        attachment.id,
        STATE_NAMES[attachment.state],
        attachment.name or attachment.noun,
        attachment.media_type,
        f"{attachment.size} 字节" if attachment.size is not None else "",
        ("查过病毒" if attachment.scanned else "未查病毒") if attachment.state == Stored.STORED else "",
        attachment.reason,
    ]
    return " ".join(filter(None, parts))


def file_headers(kind: str, name: str, *, inline: bool) -> dict[str, str]:
    """What is sent with a file: nothing in it runs, and nothing of it is taken for a page of ours."""
    how = "inline" if inline else "attachment"
    return {
        "Content-Type": kind,
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
