"""Files that staff send to an enterprise: kept with the thread, and reached by a link in the message, in every channel."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath

from conversations.attachments import OF_STAFF
from conversations.media_types import NotTaken, media_type, named
from conversations.messages import by_external_id
from conversations.models import Attachment, Stored, Thread
from desk.article_files import FileNotTaken, put_scanned
from desk.attachments import Opened, file_headers, is_picture
from desk.desk import Desk
from desk.keeping import cleaned, too_large
from desk.ports import Scan
from desk.takeover import Reply, reply_in
from store.files import Files

SENT_FILES = "/files/"
# A link may be passed on: it opens for so long.
OPENS_FOR = timedelta(days=30)
_NO_ADDRESS = "还没有设置对外的网址（QIFU_PUBLIC_URL），微信和 Telegram 里的企业打不开文件，请先告诉管理员。"
_SLUG = re.compile(r"[^A-Za-z0-9_-]+")
_MOST_SLUG = 40


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file that is sent. `key`: of the form, so that a second press sends nothing more; `root`: where the person's browser
    finds us, empty where nobody knows."""

    name: str
    data: bytes
    key: str
    root: str


async def send_file(
    desk: Desk, files: Files, scan: Scan | None, thread_id: str, staff: str, file: Outgoing
) -> None:
    """Send a file in a thread that this member of staff holds. Raises `FileNotTaken` or `NotYours`."""
    kind = await _kind_of(desk, file)
    if not file.root:
        raise FileNotTaken(_NO_ADDRESS)
    name = named(cleaned(file.name), kind)
    noun = "图片" if is_picture(kind) else "文件"
    id, key = desk.new_id(), desk.new_id()
    digest = hashlib.sha256(file.data).hexdigest()
    # Written before its row: what has no row is swept.
    scanned = await put_scanned(files, scan, key, file.data)
    link = f"{file.root}{SENT_FILES}{id}/{_slug(name)}"
    async with desk.database.write() as session:
        thread = await session.get_one(Thread, thread_id, with_for_update=True)
        written = Reply(
            f"{noun}：{name}\n{link}\n（{OPENS_FOR.days} 天内可以打开）", f"{file.key}-{digest[:8]}", "file"
        )
        if await by_external_id(session, thread.channel, written.external_id(staff)):
            return
        message = await reply_in(desk, session, thread, staff, written)
        session.add(
            Attachment(
                id=id, message_id=message.id, thread_id=thread_id, talk=thread.talk, channel=thread.channel,
                source=OF_STAFF, noun=noun, name=name, state=Stored.STORED, media_type=kind,
                size=len(file.data), sha256=digest, key=key, scanned=scanned, created_at=message.created_at,
            )
        )  # fmt: skip
    desk.to_send.set()


async def sent_file(desk: Desk, files: Files, id: str, name: str) -> Opened | None:
    """The file behind a link; None where there is none, or its time is over."""
    async with desk.database.read() as session:
        row = await session.get(Attachment, id)
    if row is None or row.source != OF_STAFF or _slug(row.name) != name:
        return None
    path = files.path(row.key)
    if desk.clock() > row.created_at + OPENS_FOR or not path.exists():
        return None
    headers = file_headers(row.media_type, row.name, inline=is_picture(row.media_type))
    return Opened(path, row.name, headers)


async def _kind_of(desk: Desk, file: Outgoing) -> str:
    if len(file.data) > desk.attachments.most_bytes:
        raise FileNotTaken(too_large(desk.attachments.most_bytes))
    try:
        return await asyncio.to_thread(media_type, file.data, file.name)
    except NotTaken as refusal:
        raise FileNotTaken(str(refusal)) from refusal


def _slug(name: str) -> str:
    """The name in plain letters, so that every chat makes a link of the whole address."""
    stem, ending = PurePath(name).stem, PurePath(name).suffix.lower()
    return (_SLUG.sub("-", stem).strip("-")[:_MOST_SLUG].strip("-") or "file") + ending
