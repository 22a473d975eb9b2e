"""What staff are told: the bell on every page, the list, read by its owner and nobody else."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from desk.desk import Desk
from desk.reminders import remind
from staff.models import NoticeKind
from staff.notices import Telling, tell
from staff.roles import Role
from tests.console.ticket_office import Office
from tests.console.visit import House, said
from tests.staff.people import account_of

HERE = "/console/notices"


@pytest.fixture
def office(house: House, desk: Desk) -> Office:
    return Office(house, desk)


def unread_on(page: httpx.Response) -> int:
    found = re.search(r'class="unseen">，(?:(\d+) 条未读|没有未读的)<', page.text)
    assert found, "no bell"
    return int(found[1] or 0)


def ids_on(page: httpx.Response) -> list[int]:
    return [int(found) for found in re.findall(r'action="/console/notices/(\d+)"', page.text)]


async def told(office: Office, username: str, count: int, **about: Any) -> None:
    account = await account_of(office.desk.database, username)
    async with office.desk.database.write() as session:
        for number in range(count):
            one = Telling(account.id, NoticeKind.URGED, f"test-{number}", f"第 {number} 条<b>", **about)
            await tell(session, [one], office.desk.clock())


async def test_a_ticket_that_comes_rings_the_bell_and_is_opened_from_the_list(office: Office) -> None:
    await office.call_in("pai", Role.DISPATCHER)
    shui = await office.call_in("shui", Role.HANDLER, department="water")
    number = await office.file()
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department="water")
    assert unread_on(await shui.get("/console/tickets")) == 0
    await remind(office.desk)
    assert unread_on(await shui.get("/console/tickets")) == 1
    assert (await shui.get(f"{HERE}/unread")).json() == {"unread": 1}
    page = await shui.get(HERE)
    assert f"投诉 {number}（供水）已派给本部门，请签收。" in page.text
    answer = await shui.post(f"{HERE}/{ids_on(page)[0]}", {"go": "1"})
    assert answer.headers["location"] == f"/console/tickets/{number}"
    assert unread_on(await shui.get("/console/tickets")) == 0
    assert number in (await shui.get(f"{HERE}?view=all")).text


async def test_nobody_reads_or_opens_the_notices_of_another(office: Office) -> None:
    await office.call_in("pai", Role.DISPATCHER)
    other = await office.call_in("other", Role.DISPATCHER)
    await told(office, "pai", 1)
    mine = ids_on(await office.staff["pai"].get(HERE))
    assert (await other.post(f"{HERE}/{mine[0]}")).status_code == 404
    assert "第 0 条" not in (await other.get(f"{HERE}?view=all")).text
    await other.post(f"{HERE}/all", {"up_to": "999999"})
    assert unread_on(await office.staff["pai"].get(HERE)) == 1


async def test_all_are_read_but_those_that_came_after_the_page_was_shown(office: Office) -> None:
    pai = await office.call_in("pai", Role.DISPATCHER)
    await told(office, "pai", 3)
    up_to = str(max(ids_on(await pai.get(HERE))))
    account = await account_of(office.desk.database, "pai")
    async with office.desk.database.write() as session:
        await tell(session, [Telling(account.id, NoticeKind.DUE, "later", "后来的")], office.desk.clock())
    for _ in range(2):
        page = await pai.follow(await pai.post(f"{HERE}/all", {"up_to": up_to}))
        assert said(page) == "已全部标为已读。"
        assert unread_on(page) == 1 and "后来的" in page.text


async def test_pages_hold_every_notice_once_and_texts_are_escaped(office: Office) -> None:
    pai = await office.call_in("pai", Role.DISPATCHER)
    await told(office, "pai", 120)
    found: list[int] = []
    at = f"{HERE}?view=all"
    while at:
        page = await pai.get(at)
        found += ids_on(page)
        assert "<b>，" not in page.text and "条&lt;b&gt;" in page.text
        link = re.search(r'href="(/console/notices\?[^"]*)">下一页', page.text)
        at = link[1].replace("&amp;", "&") if link else ""
    assert len(found) == len(set(found)) == 120
    assert ">99+<" in page.text


@pytest.mark.parametrize("nonsense", ["0", "-1", "x", "9" * 40, "１", "1.5"])
async def test_what_is_not_there_is_told(nonsense: str, office: Office) -> None:
    pai = await office.call_in("pai", Role.DISPATCHER)
    assert (await pai.post(f"{HERE}/{nonsense}")).status_code == 404
    assert (await pai.get(f"{HERE}?before={nonsense}")).status_code == 200
    assert (await pai.post(f"{HERE}/all", {"up_to": nonsense})).status_code == 303


async def test_a_notice_of_nothing_leads_back_to_the_list(office: Office) -> None:
    pai = await office.call_in("pai", Role.DISPATCHER)
    await told(office, "pai", 1)
    answer = await pai.post(f"{HERE}/{ids_on(await pai.get(HERE))[0]}", {"go": "1"})
    assert answer.headers["location"] == HERE


async def test_a_notice_of_an_article_leads_to_it(house: House, stocked_desk: Desk) -> None:
    editor = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    account = await account_of(stocked_desk.database, "editor")
    async with stocked_desk.database.write() as session:
        about = Telling(
            account.id, NoticeKind.EXPIRING, "article-1", "快到期了。", article="water-connection"
        )
        await tell(session, [about], stocked_desk.clock())
    page = await editor.get(HERE)
    assert "知识到期" in page.text and "查看文章 water-connection" in page.text
    answer = await editor.post(f"{HERE}/{ids_on(page)[0]}", {"go": "1"})
    assert answer.headers["location"] == "/console/knowledge/articles/water-connection"
    assert (await editor.follow(answer)).status_code == 200


async def test_a_notice_of_a_bad_rating_leads_to_its_case(office: Office) -> None:
    shui = await office.call_in("shui", Role.HANDLER, department="water")
    await told(office, "shui", 1, rectification=7, thread_id="t")
    page = await shui.get(HERE)
    assert "查看差评" in page.text
    answer = await shui.post(f"{HERE}/{ids_on(page)[0]}", {"go": "1"})
    assert answer.headers["location"] == "/console/rectifications/7"
