"""Files are fetched once, looked at, scanned and kept; a crash anywhere loses none and leaves none over."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from conversations.attachments import claim
from conversations.models import Attachment, Author, Delivery, Message, Stored
from desk.attachments import described, open_attachment
from desk.desk import AttachmentLimits, Desk
from desk.fetching import INFECTED, LEASE, Fetcher
from desk.ports import Fetched, FetchResult, Gone, NotYet, TooLarge, Verdict
from desk.values import SentFile
from store.files import Files
from tests.desk.test_keeping import attachments, sends
from tests.fakes import HandClock, ScriptedFetching
from tests.files_sent import EXE, JPEG, PDF, docx

NAMED = SentFile("f", "文件", "现场.pdf")


class Scanner:
    """The `Scan` port: says what it is told to. `seen`: the content of what it was given."""

    def __init__(self, *verdicts: Verdict) -> None:
        self._verdicts = list(verdicts)
        self.seen: list[bytes] = []

    async def __call__(self, file: Path) -> Verdict:
        self.seen.append(file.read_bytes())
        return self._verdicts.pop(0) if len(self._verdicts) > 1 else self._verdicts[0]


@pytest.fixture
def channel() -> ScriptedFetching:
    return ScriptedFetching()


@pytest.fixture
def fetcher(desk: Desk, channel: ScriptedFetching, tmp_path: Path) -> Fetcher:
    return Fetcher(desk, channel, Files(tmp_path / "attachments"), None, lambda: 1.0)


async def told(desk: Desk) -> list[str]:
    """What the person was told after the first answer."""
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Message.text, Message.delivery).where(Message.external_id.like("attachment:%"))
        )
        found = rows.all()
    assert all(delivery == Delivery.PENDING for _, delivery in found)
    return [text for text, _ in found]


async def the_one(desk: Desk) -> Attachment:
    [attachment] = await attachments(desk)
    return attachment


async def test_a_file_is_fetched_and_kept_under_a_name_of_ours(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching
) -> None:
    channel.results["f"] = [Fetched(JPEG)]
    await sends(desk, SentFile("f", "图片", "../../x.jpg"))
    assert await fetcher.round()
    assert not await fetcher.round()
    kept = await the_one(desk)
    assert (kept.state, kept.media_type, kept.size, kept.name) == (
        Stored.STORED,
        "image/jpeg",
        len(JPEG),
        "x.jpg",
    )
    assert kept.sha256 == hashlib.sha256(JPEG).hexdigest()
    assert (list(fetcher.files), fetcher.files.read(kept.key)) == ([kept.key], JPEG)
    assert not kept.scanned and "未查病毒" in described(kept)
    assert await told(desk) == []


@pytest.mark.parametrize(
    ("result", "state", "reason"),
    [
        (Fetched(EXE), Stored.REFUSED, "只收图片"),
        (Fetched(b""), Stored.REFUSED, "空的"),
        (Fetched(b"x" * 2001), Stored.REFUSED, "超过了"),
        (TooLarge(), Stored.REFUSED, "超过了"),
        (Gone("已经过期。"), Stored.FAILED, "已经过期"),
    ],
)
async def test_what_is_not_kept_is_told_once_with_its_reason(
    result: FetchResult, state: Stored, reason: str, desk: Desk, fetcher: Fetcher, channel: ScriptedFetching
) -> None:
    small = replace(fetcher, desk=replace(desk, attachments=AttachmentLimits(most_bytes=2000)))
    channel.results["f"] = [result]
    await sends(desk, NAMED)
    await small.round()
    await small.round()
    kept = await the_one(desk)
    assert kept.state == state
    assert reason in kept.reason
    [text] = await told(desk)
    assert text == f"您发来的文件“现场.pdf”没有收下：{kept.reason}"
    assert list(fetcher.files) == []
    assert await open_attachment(desk.database, fetcher.files, kept.id) is None


async def test_what_does_not_come_is_tried_again_ever_later_and_given_up_after_three_days(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching, clock: HandClock
) -> None:
    channel.results["f"] = [NotYet("没有连上微信。"), RuntimeError("secret"), NotYet("没有连上微信。")]
    await sends(desk, NAMED)
    began, times = clock(), []
    while (kept := await the_one(desk)).state == Stored.PENDING:
        clock.now = kept.due_at or clock()
        assert await fetcher.round()
        times.append((clock() - began).total_seconds())
        assert not await fetcher.round()
    assert times[:5] == [0, 5, 35, 155, 755]
    assert times[-1] == timedelta(days=3).total_seconds()
    assert kept.state == Stored.FAILED
    assert len(await told(desk)) == 1


async def test_it_comes_in_the_end(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching, clock: HandClock
) -> None:
    channel.results["f"] = [NotYet("没有连上微信。"), Fetched(PDF)]
    await sends(desk, NAMED)
    await fetcher.round()
    assert (await the_one(desk)).reason == "没有连上微信。"
    clock.advance(timedelta(seconds=5))
    await fetcher.round()
    assert ((await the_one(desk)).state, (await the_one(desk)).reason) == (Stored.STORED, "")
    assert await told(desk) == []


async def test_several_processes_fetch_each_file_once(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching
) -> None:
    for number in range(10):
        channel.results[f"f{number}"] = [Fetched(JPEG + bytes([number]))]
        await sends(desk, SentFile(f"f{number}", "图片"))
    while any(await asyncio.gather(*(fetcher.round() for _ in range(4)))):
        pass
    assert sorted(channel.fetched) == sorted(channel.results)
    assert {one.state for one in await attachments(desk)} == {Stored.STORED}


async def test_who_died_while_fetching_is_followed_when_the_lease_is_over(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching, clock: HandClock
) -> None:
    channel.results["f1"], channel.gate = [Fetched(JPEG)], asyncio.Event()
    await sends(desk)
    dying = asyncio.create_task(fetcher.round())
    await channel.reached.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    channel.gate = None
    assert not await fetcher.round()
    clock.advance(LEASE + timedelta(seconds=1))
    assert await fetcher.round()
    assert (await the_one(desk)).state == Stored.STORED


async def test_who_died_between_the_file_and_its_row_leaves_nothing_to_fetch_again(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> bool:
        raise asyncio.CancelledError

    channel.results["f1"] = [Fetched(JPEG), Gone("已经过期。")]
    await sends(desk)
    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr("desk.fetching.settle", dies)
        await fetcher.round()
    assert (await the_one(desk)).state == Stored.PENDING
    assert len(list(fetcher.files)) == 1
    clock.advance(LEASE + timedelta(seconds=1))
    await fetcher.round()
    kept = await the_one(desk)
    assert (kept.state, list(fetcher.files), channel.fetched) == (Stored.STORED, [kept.key], ["f1"])


async def test_who_was_slow_changes_nothing_any_more(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching, clock: HandClock
) -> None:
    channel.results["f1"], channel.gate = [Fetched(EXE)], asyncio.Event()
    await sends(desk)
    slow = asyncio.create_task(fetcher.round())
    await channel.reached.wait()
    clock.advance(LEASE + timedelta(seconds=1))
    async with desk.database.write() as session:
        assert await claim(session, "telegram", now=clock(), lease=LEASE, limit=1)
    channel.gate.set()
    await slow
    assert (await the_one(desk)).state == Stored.PENDING
    assert await told(desk) == []


async def test_a_full_disk_is_no_reason_to_refuse(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    channel.results["f1"] = [Fetched(JPEG)]
    await sends(desk)
    with monkeypatch.context() as patch:
        patch.setattr(Files, "put", full)
        await fetcher.round()
    assert "磁盘" in (await the_one(desk)).reason
    clock.advance(timedelta(seconds=5))
    await fetcher.round()
    assert (await the_one(desk)).state == Stored.STORED


async def test_what_is_scanned_clean_is_kept_and_says_so(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching
) -> None:
    scanner = Scanner(Verdict.CLEAN)
    channel.results["f1"] = [Fetched(JPEG)]
    await sends(desk)
    await replace(fetcher, scan=scanner).round()
    kept = await the_one(desk)
    assert (kept.state, kept.scanned, scanner.seen) == (Stored.STORED, True, [JPEG])
    assert "查过病毒" in described(kept)


async def test_what_is_infected_is_refused_deleted_and_told(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching
) -> None:
    channel.results["f"] = [Fetched(docx())]
    await sends(desk, NAMED)
    await replace(fetcher, scan=Scanner(Verdict.INFECTED)).round()
    kept = await the_one(desk)
    assert (kept.state, kept.reason, list(fetcher.files)) == (Stored.REFUSED, INFECTED, [])
    assert len(await told(desk)) == 1


async def test_while_the_scanner_is_away_a_file_waits_for_days_and_is_not_fetched_again(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching, clock: HandClock
) -> None:
    scanning = replace(fetcher, scan=Scanner(*[Verdict.UNKNOWN] * 12, Verdict.CLEAN))
    channel.results["f1"] = [Fetched(JPEG)]
    await sends(desk)
    for _ in range(12):
        await scanning.round()
        kept = await the_one(desk)
        assert kept.state == Stored.PENDING
        assert await open_attachment(desk.database, fetcher.files, kept.id) is None
        clock.now = kept.due_at or clock()
    assert clock() > kept.created_at + timedelta(days=4)
    await scanning.round()
    assert ((await the_one(desk)).state, channel.fetched) == (Stored.STORED, ["f1"])
    assert await told(desk) == []


@pytest.mark.parametrize(
    ("data", "name", "how"),
    [
        (JPEG, "现场.jpg", "inline; filename*=UTF-8''%E7%8E%B0%E5%9C%BA.jpg"),
        (PDF, 'a"\r\n;.exe', "attachment; filename*=UTF-8''a%22%3B.exe.pdf"),
        ("<".join("ab").encode(), "a.txt", "attachment; filename*=UTF-8''a.txt"),
    ],
)
async def test_an_opened_file_cannot_run_in_a_browser(
    data: bytes, name: str, how: str, desk: Desk, fetcher: Fetcher, channel: ScriptedFetching
) -> None:
    channel.results["f"] = [Fetched(data)]
    await sends(desk, SentFile("f", "文件", name))
    await fetcher.round()
    opened = await open_attachment(desk.database, fetcher.files, (await the_one(desk)).id)
    assert opened is not None and opened.path.read_bytes() == data
    assert opened.headers["Content-Disposition"] == how
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in opened.headers["Content-Security-Policy"]


async def test_nobody_opens_what_there_is_not(desk: Desk, fetcher: Fetcher) -> None:
    assert await open_attachment(desk.database, fetcher.files, "../../etc/passwd") is None


async def test_the_notice_does_not_become_the_bots_last_word(
    desk: Desk, fetcher: Fetcher, channel: ScriptedFetching
) -> None:
    channel.results["f1"] = [Gone("已经过期。")]
    await sends(desk)
    await fetcher.round()
    async with desk.database.read() as session:
        authors = await session.scalars(select(Message.author).order_by(Message.id))
        assert list(authors) == [Author.PERSON, Author.SYSTEM, Author.SYSTEM]
