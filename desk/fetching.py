"""Files that people sent are fetched from their channels, looked at, scanned and kept, each by one process."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversations.attachments import Kept, any_due, claim, settle, unknown_keys
from conversations.media_types import NotTaken, media_type
from conversations.models import Attachment, Author, Delivery, Message, Stored
from desk.delivery import BACK_OFF, Jitter
from desk.desk import Desk
from desk.keeping import too_large
from desk.ports import Fetched, Fetching, FetchResult, Gone, NotYet, Scan, TooLarge, Verdict
from knowledge.files import known_keys
from store.files import Files

log = logging.getLogger(__name__)

FETCH_SECONDS = 120.0
# Longer than a fetch and a scan may take together.
LEASE = timedelta(minutes=5)
_SWEPT_AT_ONCE = 500
AT_ONCE = 4
# WeChat keeps what was sent for three days; who waits longer should be told to send it again.
GIVE_UP_AFTER = timedelta(days=3)
_NO_ROOM = "服务器存不下，请管理员检查磁盘。"
_NOT_SCANNED = "还没有通过病毒检查：检查程序没有运行。"
INFECTED = "没有通过病毒检查，已经删除。"


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What fetching from a channel needs: where files are kept, and a scanner where one is set."""

    desk: Desk
    channel: Fetching
    files: Files
    scan: Scan | None
    jitter: Jitter

    async def round(self) -> bool:
        """Fetch what is due, a few at once. Whether there was something."""
        desk, name = self.desk, self.channel.name
        # Looked at first without the lock of a writer: mostly there is nothing to do.
        async with desk.database.read() as session:
            if not await any_due(session, name, desk.clock()):
                return False
        async with desk.database.write() as session:
            claimed = await claim(session, name, now=desk.clock(), lease=LEASE, limit=AT_ONCE)
        await asyncio.gather(*(self._bring(attachment) for attachment in claimed))
        return bool(claimed)

    async def sweep(self, *, before: datetime) -> None:
        """Remove files that were written before a moment and that no row knows: of people who are erased."""
        old = await asyncio.to_thread(self.files.older, before)
        for first in range(0, len(old), _SWEPT_AT_ONCE):
            async with self.desk.database.read() as session:
                unknown = await unknown_keys(session, old[first : first + _SWEPT_AT_ONCE])
                unknown -= await known_keys(session, unknown)
            for key in unknown:
                await asyncio.to_thread(self.files.remove, key)

    async def _bring(self, attachment: Attachment) -> None:
        try:
            kept = await self._keep(attachment)
        except OSError:
            log.exception("a file could not be written")
            kept = self._later(attachment, _NO_ROOM)
        async with self.desk.database.write() as session:
            if not await settle(session, attachment, kept) or kept.state in (Stored.PENDING, Stored.STORED):
                return
            if attachment.thread_id is not None:  # else its person is erased
                session.add(_notice(attachment, kept.reason, self.desk.clock()))
            # Before the commit: should this process die here, the file is fetched again, and none is left over.
            await asyncio.to_thread(self.files.remove, attachment.key)
        self.desk.to_send.set()

    async def _keep(self, attachment: Attachment) -> Kept:
        """What becomes of it. What an earlier try has written needs no fetching."""
        data = here = await asyncio.to_thread(self.files.read, attachment.key)
        if data is None:
            found = await self._fetch(attachment)
            if not isinstance(found, Fetched):
                return self._not_fetched(attachment, found)
            data = found.data
        if len(data) > self.desk.attachments.most_bytes:
            return self._not_fetched(attachment, TooLarge())
        try:
            kind = await asyncio.to_thread(media_type, data, attachment.name)
        except NotTaken as refusal:
            return Kept(Stored.REFUSED, str(refusal), size=len(data))
        if here is None:
            await asyncio.to_thread(self.files.put, attachment.key, data)
        verdict = await self.scan(self.files.path(attachment.key)) if self.scan else None
        if verdict is Verdict.INFECTED:
            return Kept(Stored.REFUSED, INFECTED, kind, len(data))
        if verdict is Verdict.UNKNOWN:
            # It is here: nothing is lost however long the scanner is away.
            return Kept(Stored.PENDING, _NOT_SCANNED, kind, len(data), due_at=self._due(attachment))
        digest = hashlib.sha256(data).hexdigest()
        return Kept(Stored.STORED, "", kind, len(data), digest, scanned=verdict is Verdict.CLEAN)

    async def _fetch(self, attachment: Attachment) -> FetchResult:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self.channel.fetch(attachment.source, self.desk.attachments.most_bytes)
        except TimeoutError:
            return NotYet("取文件超时。")
        except Exception as error:  # without its message, which may hold an address with a token
            log.error("fetching a file through %s failed: %s", self.channel.name, type(error).__name__)
            return NotYet("取文件时程序出错。")

    def _not_fetched(self, attachment: Attachment, found: TooLarge | Gone | NotYet) -> Kept:
        if isinstance(found, TooLarge):
            return Kept(Stored.REFUSED, too_large(self.desk.attachments.most_bytes), size=attachment.size)
        if isinstance(found, Gone):
            return Kept(Stored.FAILED, found.reason, size=attachment.size)
        return self._later(attachment, found.reason)

    def _later(self, attachment: Attachment, reason: str) -> Kept:
        if self.desk.clock() >= attachment.created_at + GIVE_UP_AFTER:
            return Kept(Stored.FAILED, f"{reason}已经试了三天，请重新发送。", size=attachment.size)
        return Kept(Stored.PENDING, reason, size=attachment.size, due_at=self._due(attachment))

    def _due(self, attachment: Attachment) -> datetime:
        """The next try: within the times of the delivery, and once more when it would be given up."""
        now, end = self.desk.clock(), attachment.created_at + GIVE_UP_AFTER
        due = now + BACK_OFF[min(attachment.attempts, len(BACK_OFF) - 1)] * self.jitter()
        return min(due, end) if now < end else due


def _notice(attachment: Attachment, reason: str, at: datetime) -> Message:
    """What the person is told who has sent it."""
    name = f"“{attachment.name}”" if attachment.name else ""
    return Message(
        thread_id=attachment.thread_id,
        author=Author.SYSTEM,
        channel=attachment.channel,
        external_id=f"attachment:{attachment.id}",
        answers_id=attachment.message_id,
        text=f"您发来的{attachment.noun}{name}没有收下：{reason}",
        delivery=Delivery.PENDING,
        created_at=at,
    )
