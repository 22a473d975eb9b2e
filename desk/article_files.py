"""Files to download with an article: taken from an editor, and given to the public while a published article carries them."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import timedelta
from pathlib import PurePath

from conversations.media_types import DAMAGED, DOCX, EMPTY, ENDINGS, MACROS, XLSX, NotTaken, media_type
from desk.attachments import Opened, file_headers
from desk.desk import Desk
from desk.fetching import INFECTED
from desk.keeping import cleaned, too_large
from desk.ports import Scan, Verdict
from knowledge.article import FILES, Download
from knowledge.files import unused
from knowledge.models import ArticleFile, Card
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from store.files import Files

UNUSED_KEPT = timedelta(days=90)
_ODT = "application/vnd.oasis.opendocument.text"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
# Forms that enterprises fill in, and nothing that a browser would show as a page of ours.
_TAKEN = {
    **{kind: ENDINGS[kind] for kind in ("application/pdf", "application/msword", "application/vnd.ms-excel")},
    DOCX: ENDINGS[DOCX],
    XLSX: ENDINGS[XLSX],
    _ODT: (".odt",),
    _ODS: (".ods",),
}
_OTHER = "只收 PDF、Word、Excel、WPS 和 ODT、ODS 文件，这个文件的内容不是其中任何一种。"
_NOT_SCANNED = "病毒检查程序没有运行，暂时不能上传，请稍后再试或告诉管理员。"
_NO_ROOM = "服务器存不下，请管理员检查磁盘。"
# A file of OpenDocument begins with its type, not compressed (ODF 1.2, part 3, 3.3): nothing has to be unpacked.
_ODF = re.compile(
    rb"PK\x03\x04.{26}mimetype(?P<kind>application/vnd\.oasis\.opendocument\.[a-z]+)", re.DOTALL
)
_BASIC = (b"Basic/", b"Scripts/")
_SLUG = re.compile(r"[^A-Za-z0-9_-]+")
_MOST_SLUG = 40


class FileNotTaken(ValueError):
    """The file is not taken; the message says why, for a person."""


async def take_file(
    desk: Desk, files: Files, scan: Scan | None, member: Actor, article: str, name: str, data: bytes
) -> Download:
    """Keep a file and say under which title and link it can be downloaded. Raises `FileNotTaken`."""
    if len(data) > desk.attachments.most_bytes:
        raise FileNotTaken(too_large(desk.attachments.most_bytes))
    try:
        kind = await asyncio.to_thread(_kind, data, name)
    except NotTaken as refusal:
        raise FileNotTaken(str(refusal)) from refusal
    row = ArticleFile(
        id=desk.new_id(),
        article=article,
        name=_named(cleaned(name), kind),
        media_type=kind,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        key=desk.new_id(),
        by=member.username,
        at=desk.clock(),
    )
    # Written before its row: what has no row is swept, and a row without a file would be a dead link.
    row.scanned = await put_scanned(files, scan, row.key, data)
    async with desk.database.write() as session:
        if await session.get(Card, article) is None:
            raise FileNotTaken("请先保存草稿，再上传文件。")
        session.add(row)
        audit.record(
            session,
            member,
            Action.KNOWLEDGE_CHANGED,
            audit.article(article),
            at=desk.clock(),
            detail={"步骤": "上传文件", "文件": row.name},
        )
    return Download(PurePath(row.name).stem, link_of(row))


async def clear_unused(desk: Desk, files: Files) -> int:
    """Remove files, with their rows, that were uploaded long ago and that no revision, draft or autosave names; how many."""
    before = desk.clock() - UNUSED_KEPT
    async with desk.database.read() as session:
        if not await unused(session, before):
            return 0
    async with desk.database.write() as session:
        # Looked at again where nobody else writes.
        gone = await unused(session, before)
        for row in gone:
            # Before the commit: should this process die here, the row is found again, and no file is left over.
            await asyncio.to_thread(files.remove, row.key)
            await session.delete(row)
    return len(gone)


def link_of(file: ArticleFile) -> str:
    """Where the public gets it: in plain letters, so that every chat makes a link of it."""
    stem, ending = PurePath(file.name).stem, PurePath(file.name).suffix
    slug = _SLUG.sub("-", stem).strip("-")[:_MOST_SLUG].strip("-") or "file"
    return f"{FILES}{file.id}/{slug}{ending.lower()}"


async def public_file(desk: Desk, files: Files, id: str, name: str) -> Opened | None:
    """A file that an article carries which is published and in force; None for every other."""
    async with desk.database.read() as session:
        row = await session.get(ArticleFile, id)
    if row is None or (link := link_of(row)) != f"{FILES}{id}/{name}":
        return None
    await desk.library.refresh()
    today = desk.today()
    for article in desk.library.held().values():
        if any(one.link.endswith(link) for one in article.downloads) and article.in_force(today):
            return _opened(files, row)
    return None


async def staff_file(desk: Desk, files: Files, id: str) -> Opened | None:
    """The same for who may see drafts, whatever carries it."""
    async with desk.database.read() as session:
        row = await session.get(ArticleFile, id)
    return _opened(files, row) if row is not None else None


def _opened(files: Files, row: ArticleFile) -> Opened | None:
    path = files.path(row.key)
    headers = file_headers(row.media_type, row.name, inline=False)
    return Opened(path, row.name, headers) if path.exists() else None


async def put_scanned(files: Files, scan: Scan | None, key: str, data: bytes) -> bool:
    """Keep a file that staff give us; whether it was scanned. Raises `FileNotTaken`."""
    try:
        path = await asyncio.to_thread(files.put, key, data)
    except OSError as error:
        raise FileNotTaken(_NO_ROOM) from error
    verdict = await scan(path) if scan else None
    if verdict in (Verdict.INFECTED, Verdict.UNKNOWN):
        await asyncio.to_thread(files.remove, key)
        raise FileNotTaken(INFECTED if verdict is Verdict.INFECTED else _NOT_SCANNED)
    return verdict is Verdict.CLEAN


def _kind(data: bytes, name: str) -> str:
    """By the content alone. Raises `NotTaken`."""
    if not data:
        raise NotTaken(EMPTY)
    if (found := _ODF.match(data)) is not None:
        kind = found["kind"].decode()
        if any(folder in data for folder in _BASIC):
            raise NotTaken(MACROS)
        if b"PK\x05\x06" not in data:
            raise NotTaken(DAMAGED)
    else:
        kind = media_type(data, name)
    if kind not in _TAKEN:
        raise NotTaken(_OTHER)
    return kind


def _named(name: str, kind: str) -> str:
    stem, ending = PurePath(name).stem, PurePath(name).suffix.lower()
    return name if ending in _TAKEN[kind] and stem else f"{name or '下载'}{_TAKEN[kind][0]}"
