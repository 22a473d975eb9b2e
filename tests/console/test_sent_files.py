"""A file that staff send: the enterprise gets a link that opens, once for a press, and it is nothing of the enterprise's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from connectors.web.articles import article_router
from conversations.attachments import of_talk
from conversations.models import Attachment, Message
from conversations.threads import open_thread
from desk.desk import Desk
from desk.sent_files import OPENS_FOR, Outgoing, send_file
from desk.takeover import take_over
from staff.roles import Role
from store.files import Files
from tests.console.visit import House, Visit
from tests.fakes import HandClock
from tests.files_sent import EXE, PDF, PNG
from tests.staff.people import account_of

KEY = "f" * 20
LINK = re.compile(r"(https?://[^/]+)(/files/\S+)")


@pytest.fixture
async def public(desk: Desk, files: Files) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody on the internet."""
    app = FastAPI()
    app.include_router(article_router(desk, "", files))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page") as client:
        yield client


async def held(house: House, desk: Desk, channel: str = "web") -> tuple[Visit, str]:
    """An agent, and a thread that they hold."""
    agent = await house.member("wang", Role.AGENT)
    async with desk.database.write() as session:
        thread = await open_thread(session, channel=channel, address="a", at=desk.clock(), new_id=desk.new_id)
    await take_over(desk, thread.id, (await account_of(desk.database, "wang")).id)
    return agent, thread.id


async def sends(
    agent: Visit, thread_id: str, name: str = "用水 申请表.pdf", data: bytes = PDF, key: str = KEY
) -> httpx.Response:
    return await agent.client.post(
        f"/console/files-to-send/{thread_id}",
        data={"csrf": agent.csrf, "key": key},
        files={"file": (name, data)},
    )


async def texts(desk: Desk) -> list[str]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Message.text).order_by(Message.id)))


async def test_the_enterprise_gets_a_link_that_opens_for_thirty_days(
    house: House, desk: Desk, public: httpx.AsyncClient, clock: HandClock
) -> None:
    agent, thread_id = await held(house, desk)
    for _ in range(2):  # a second press of the same form sends nothing more
        assert (await sends(agent, thread_id)).status_code == 303
    (text,) = await texts(desk)
    assert text.startswith("文件：用水 申请表.pdf\nhttp://")
    link = LINK.search(text)
    assert link is not None and link[2].endswith("/file.pdf")
    got = await public.get(link[2])
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"].startswith("attachment;")
    assert (await public.get(link[2].replace("file.pdf", "other.pdf"))).status_code == 404
    page = await agent.get(f"/console/inbox/{thread_id}")
    assert "用水 申请表.pdf</a>" in page.text
    clock.advance(OPENS_FOR + timedelta(minutes=1))
    assert (await public.get(link[2])).status_code == 404


async def test_it_is_no_file_of_the_enterprises(house: House, desk: Desk) -> None:
    agent, thread_id = await held(house, desk)
    await sends(agent, thread_id, "现场.png", PNG)
    assert (await texts(desk))[0].startswith("图片：现场.png")
    async with desk.database.read() as session:
        assert await of_talk(session, thread_id) == []
        (row,) = (await session.scalars(select(Attachment))).all()
    assert (row.noun, row.size, row.thread_id) == ("图片", len(PNG), thread_id)


@pytest.mark.parametrize(
    ("name", "data", "key", "told"),
    [
        ("病毒.exe", EXE, KEY, "文件没有发送："),
        ("空.pdf", b"", KEY, "文件没有发送："),
        ("大.pdf", PDF + bytes(21 * 1024 * 1024), KEY, "超过了 20 MB"),
        ("表.pdf", PDF, "", "请刷新页面后再发送。"),
    ],
)
async def test_what_cannot_be_sent_is_told_and_sends_nothing(
    house: House, desk: Desk, files: Files, name: str, data: bytes, key: str, told: str
) -> None:
    agent, thread_id = await held(house, desk)
    answer = await sends(agent, thread_id, name, data, key)
    assert answer.status_code == 422 and told in answer.text
    assert await texts(desk) == [] and list(files) == []


async def test_only_who_holds_the_thread_sends(house: House, desk: Desk) -> None:
    _, thread_id = await held(house, desk)
    other = await house.member("li", Role.AGENT)
    answer = await sends(other, thread_id)
    assert answer.status_code == 409 and await texts(desk) == []


async def test_wechat_needs_an_address_that_the_internet_sees(house: House, desk: Desk, files: Files) -> None:
    agent, thread_id = await held(house, desk, "wechat")
    answer = await sends(agent, thread_id)
    assert answer.status_code == 422 and "QIFU_PUBLIC_URL" in answer.text
    account = await account_of(desk.database, "wang")
    file = Outgoing("表.pdf", PDF, KEY, "https://qifu.example.cn")
    await send_file(desk, files, None, thread_id, account.id, file)
    assert "https://qifu.example.cn/files/" in (await texts(desk))[0]
