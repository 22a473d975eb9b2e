"""Files that people sent, in the console: shown with their state, opened by who may read what they belong to."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from conversations.models import Attachment, Stored
from desk.desk import Desk
from staff.roles import Role
from store.files import Files
from tests.console.talks import INBOX, Talks
from tests.console.visit import House, Visit
from tests.staff.people import written

NUMBER = "PDS-20261123-0001"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


async def attach(talks: Talks, desk: Desk, files: Files, **values: object) -> tuple[str, str]:
    """A thread with a picture that was taken; its id and the file's."""
    thread_id = await talks.waiting()
    message_id, file_id = await talks.last(thread_id), desk.new_id()
    row = {
        "name": "王建国的执照.png", "noun": "图片", "state": Stored.STORED, "media_type": "image/png", "size": len(PNG),
        "scanned": True, **values,
    }  # fmt: skip
    async with desk.database.write() as session:
        key = desk.new_id()
        session.add(
            Attachment(
                id=file_id, message_id=message_id, thread_id=thread_id, talk=1, channel="wechat", source="x", key=key,
                created_at=desk.clock(), **row,
            )
        )  # fmt: skip
    files.put(key, PNG)
    return thread_id, file_id


async def test_a_picture_is_shown_and_saved_by_who_reads_the_thread(
    talks: Talks, agent: Visit, house: House, desk: Desk, files: Files
) -> None:
    thread_id, file_id = await attach(talks, desk, files)
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "PNG · 72 字节 · 已收下 · 已查病毒" in page
    assert f'<img src="/console/attachments/{file_id}?show=1"' in page
    answer = await agent.get(f"/console/attachments/{file_id}")
    assert answer.content == PNG and answer.headers["content-disposition"].startswith("attachment;")
    shown = await agent.get(f"/console/attachments/{file_id}?show=1")
    assert shown.headers["content-disposition"].startswith("inline;")
    for one in (answer, shown):
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["content-security-policy"].startswith("default-src 'none'")
        assert "sandbox" in one.headers["content-security-policy"]
    for role in (Role.HANDLER, Role.REVIEWER, Role.INVITED_SUPERVISOR, Role.ADMIN):
        visit = await house.member(f"r.{role}".replace("_", "."), role)
        assert (await visit.get(f"/console/attachments/{file_id}")).status_code in (403, 404), role
    assert (await house.stranger().get(f"/console/attachments/{file_id}")).status_code == 303


@pytest.mark.parametrize("media_type", ["image/heic", "application/pdf", "text/plain"])
async def test_nothing_but_plain_pictures_is_shown_by_the_browser(
    media_type: str, talks: Talks, agent: Visit, desk: Desk, files: Files
) -> None:
    thread_id, file_id = await attach(talks, desk, files, media_type=media_type)
    assert "<img" not in (await agent.get(f"{INBOX}/{thread_id}")).text
    answer = await agent.get(f"/console/attachments/{file_id}?show=1")
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("state", [Stored.REFUSED, Stored.FAILED, Stored.PENDING])
async def test_what_was_not_taken_is_never_served(
    state: Stored, talks: Talks, agent: Visit, desk: Desk, files: Files
) -> None:
    thread_id, file_id = await attach(talks, desk, files, state=state, reason="查出病毒")
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "查出病毒" in page and f"/console/attachments/{file_id}" not in page
    assert (await agent.get(f"/console/attachments/{file_id}")).status_code == 404


@pytest.mark.parametrize("file_id", ["x", "1", "..%2f..%2fetc%2fpasswd", "a" * 3000])
async def test_what_is_no_file_is_said_to_be_missing(file_id: str, agent: Visit) -> None:
    assert (await agent.get(f"/console/attachments/{file_id}")).status_code == 404


async def test_a_confidential_tickets_file_is_for_who_works_it_and_written_down(
    talks: Talks, agent: Visit, house: House, desk: Desk, files: Files
) -> None:
    thread_id, file_id = await attach(talks, desk, files)
    await talks.ticket(thread_id, confidential="是")
    async with desk.database.read() as session:
        assert await session.scalar(select(Attachment.ticket_id)) is not None
    assert file_id not in (await agent.get(f"{INBOX}/{thread_id}")).text
    assert (await agent.get(f"/console/attachments/{file_id}")).status_code == 404
    trusted = await house.member("pai", Role.DISPATCHER)
    page = (await trusted.get(f"/console/tickets/{NUMBER}")).text
    assert f'href="/console/attachments/{file_id}"' in page and "<img" not in page
    assert (await written(desk.database))[-1] != "attachment_opened"
    assert (await trusted.get(f"/console/attachments/{file_id}")).content == PNG
    assert (await written(desk.database))[-1] == "attachment_opened"


async def test_an_invited_supervisor_sees_that_there_is_a_file_and_not_whose(
    talks: Talks, house: House, desk: Desk, files: Files
) -> None:
    thread_id, file_id = await attach(talks, desk, files)
    await talks.ticket(thread_id)
    visit = await house.member("te.yao", Role.INVITED_SUPERVISOR)
    page = (await visit.get(f"/console/tickets/{NUMBER}")).text
    assert "附件（1）" in page and "＊＊的执照.png" in page and file_id not in page
    assert (await visit.get(f"/console/attachments/{file_id}")).status_code == 403


async def test_a_file_that_is_gone_from_the_disk_is_no_fault(
    talks: Talks, agent: Visit, desk: Desk, files: Files
) -> None:
    _, file_id = await attach(talks, desk, files)
    for key in list(files):
        files.remove(key)
    assert (await agent.get(f"/console/attachments/{file_id}")).status_code == 404
