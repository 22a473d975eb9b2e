"""Colleagues who are called in notes hear of it, once, until they have opened the thread."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from conversations.mentions import unseen
from conversations.models import Author, Mention, Message, Note
from desk.desk import Desk
from staff.models import Account
from staff.roles import Role
from tests.console.talks import INBOX, Talks
from tests.console.visit import House, Visit, said
from tests.staff.people import employ


@pytest.fixture
async def li(house: House) -> Account:
    return await employ(house.door, "li.si", Role.AGENT)


async def figure(visit: Visit, path: str = "/console") -> str:
    page = (await visit.get(path)).text
    found = re.search(r'data-count="mentions" data-unless-none( hidden)?><span data-figure>(\d+)', page)
    assert found
    return "" if found[1] else found[2]


async def test_who_is_called_finds_the_note_and_has_then_seen_it(
    talks: Talks, agent: Visit, house: House, li: Account
) -> None:
    thread_id = await talks.write("在吗")
    other = await house.signed_in(li)
    assert await figure(other) == ""
    for _ in range(2):
        await agent.post(f"{INBOX}/{thread_id}/note", {"text": "请 @Li.Si. 看一下，电话 13837512345"})
    assert (await figure(other), await figure(agent)) == ("1", "")
    assert (await other.get("/console/mentions/count")).json() == {"mentions": 1}
    page = (await other.get("/console/mentions")).text
    assert "没有看" in page and "姓名wang.wu" in page and "13837512345" not in page
    link = re.search(r'href="(/console/mentions/\d+)"', page)
    assert link
    answer = await other.get(link[1])
    assert answer.headers["location"].startswith(f"{INBOX}/{thread_id}#n")
    assert (await agent.get(link[1])).status_code == 404
    page = (await other.get(f"{INBOX}/{thread_id}")).text
    assert "提醒：姓名li.si" in page
    assert await figure(other) == "" and "看过" in (await other.get("/console/mentions")).text


async def test_an_open_page_that_reports_what_it_shows_has_seen_it(
    talks: Talks, agent: Visit, house: House, li: Account, desk: Desk
) -> None:
    thread_id = await talks.write("在吗")
    looker = await employ(house.door, "chen", Role.SUPERVISOR)
    await agent.post(f"{INBOX}/{thread_id}/note", {"text": "@li.si @chen @li.si"})
    visit = await house.signed_in(looker)
    assert (await visit.post(f"{INBOX}/{thread_id}/seen", {"message": "0"})).status_code == 204
    async with desk.database.read() as session:
        assert [await unseen(session, one.id) for one in (li, looker)] == [1, 0]
    assert (await talks.thread(thread_id)).staff_seen == 0


@pytest.mark.parametrize(
    "text", ["发到 info@example.com", "info@li.si", "写给 a.b+c@mail.gov.cn 了", "@ 一下"]
)
async def test_an_address_calls_nobody_and_is_saved(
    text: str, talks: Talks, agent: Visit, li: Account, desk: Desk
) -> None:
    thread_id = await talks.write("在吗")
    assert (await agent.post(f"{INBOX}/{thread_id}/note", {"text": text})).status_code == 303
    async with desk.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Mention)) == 0
        assert (await session.scalars(select(Note.text))).all() == [text]


async def test_only_who_may_read_the_thread_can_be_called_and_the_words_stay(
    talks: Talks, agent: Visit, house: House
) -> None:
    thread_id = await talks.write("在吗")
    await employ(house.door, "zhao.liu", Role.HANDLER)
    for name in ("zhao.liu", "nobody"):
        page = await agent.post(f"{INBOX}/{thread_id}/note", {"text": f"请@{name}看，很长的话"})
        assert page.status_code == 422 and f"@{name}" in said(page)
        assert f"请@{name}看，很长的话</textarea>" in page.text


async def test_a_note_far_back_is_shown_where_it_stands(
    talks: Talks, agent: Visit, house: House, li: Account, desk: Desk
) -> None:
    thread_id = await talks.write("在吗")
    await agent.post(f"{INBOX}/{thread_id}/note", {"text": "@li.si 从前"})
    async with desk.database.write() as session:
        session.add_all(
            Message(
                thread_id=thread_id,
                author=Author.PERSON,
                channel="wechat",
                text="话",
                created_at=desk.clock(),
            )
            for _ in range(90)
        )
    other = await house.signed_in(li)
    answer = await other.get("/console/mentions/1")
    page = await other.get(answer.headers["location"])
    assert "@li.si 从前" in page.text


@pytest.mark.parametrize(
    "path", ["mentions/0", "mentions/x", "mentions/" + "9" * 40, "mentions?before=" + "9" * 40]
)
async def test_what_is_no_mention_is_no_fault(path: str, agent: Visit) -> None:
    assert (await agent.get(f"/console/{path}")).status_code in (200, 404)
