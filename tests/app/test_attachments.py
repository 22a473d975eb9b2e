"""`qifu attachments` and what `qifu tickets show` tells of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app as commands
from app.main import create_app
from app.settings import Settings
from conversations.attachments import Kept, claim, settle
from conversations.models import Attachment, Stored
from desk.complaints import submit
from desk.desk import Desk
from desk.fetching import LEASE
from desk.receive import Handling, receive
from desk.values import InboundMessage, SentFile
from store.files import Files
from store.migrate import upgrade
from tests.desk.test_talk import VALUES
from tests.files_sent import PDF
from tickets.models import Kind


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, list(words))
    return result.exit_code, result.output


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Attachment, str]:
    """A document of a ticket with its number, and a refused document, in the data of the commands."""
    monkeypatch.setenv("QIFU_DATA", str(tmp_path))
    settings = Settings(data=tmp_path)
    upgrade(settings.database_url())
    return asyncio.run(_fill(settings))


@pytest.fixture
def kept(filled: tuple[Attachment, str]) -> Attachment:
    return filled[0]


async def _fill(settings: Settings) -> tuple[Attachment, str]:
    desk: Desk = create_app(settings).state.desk
    files = Files(settings.attachments_folder())
    for source, refused in (("f1", ""), ("f2", "微信不提供。")):
        file = SentFile(source, "文件", "../现场.pdf", refused=refused)
        message = InboundMessage("telegram", source, "55", "［文件］", desk.clock(), file)
        received = await receive(desk, message, Handling(for_dialogue=False))
    async with desk.database.write() as session:
        [attachment] = await claim(session, "telegram", now=desk.clock(), lease=LEASE, limit=9)
        files.put(attachment.key, PDF)
        await settle(session, attachment, Kept(Stored.STORED, "", "application/pdf", len(PDF), "0" * 64))
    reply = await submit(
        desk,
        thread_id=received.thread_id,
        message_id=received.message_id,
        kind=Kind.COMPLAINT,
        values=VALUES,
    )
    await desk.database.close()
    assert reply.ticket is not None
    return attachment, reply.ticket


def test_attachments_are_listed_and_saved_under_a_name_that_is_given(
    filled: tuple[Attachment, str], tmp_path: Path
) -> None:
    kept, number = filled
    code, listed = run("attachments", "list")
    assert code == 0
    assert f"{kept.id} 已收下 现场.pdf application/pdf {len(PDF)} 字节 未查病毒" in listed
    assert "没有收下 现场.pdf 微信不提供。" in listed
    code, of_ticket = run("attachments", "list", "--ticket", number.lower())
    assert (code, of_ticket.count("现场.pdf")) == (0, 1)
    assert f"附件 {kept.id} 已收下 现场.pdf" in run("tickets", "show", number)[1]
    target = tmp_path / "saved.pdf"
    assert run("attachments", "save", kept.id, str(target))[0] == 0
    assert target.read_bytes() == PDF


def test_saving_overwrites_nothing_and_says_why_it_cannot(kept: Attachment, tmp_path: Path) -> None:
    target = tmp_path / "mine.pdf"
    target.write_bytes(b"mine")
    code, said = run("attachments", "save", kept.id, str(target))
    assert (code, target.read_bytes()) == (1, b"mine")
    assert "没有覆盖" in said
    code, said = run("attachments", "save", "nothing", str(tmp_path / "other.pdf"))
    assert code == 1 and "没有这个附件" in said
    code, said = run("attachments", "save", kept.id, str(tmp_path / "none" / "x.pdf"))
    assert code == 1 and "写不了" in said
    code, said = run("attachments", "list", "--ticket", "PDS-20200101-0001")
    assert code == 1 and "没有工单" in said


def test_a_backup_takes_the_files_along(
    kept: Attachment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = tmp_path / "backup.zip"
    assert run("db", "backup", str(backup))[0] == 0
    monkeypatch.setenv("QIFU_DATA", str(tmp_path / "new"))
    assert run("db", "restore", str(backup))[0] == 0
    assert Files(tmp_path / "new" / "attachments").read(kept.key) == PDF
    assert run("db", "restore", str(backup))[0] == 1
