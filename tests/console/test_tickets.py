"""The list of tickets: the queues of each part, filters, pages, what is near its end."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from desk.answers import Context
from desk.contesting import Contested, contest
from desk.desk import Desk
from staff.roles import Role
from tests.console.ticket_office import Office, full_office, to_hand
from tests.console.visit import House
from tests.fakes import HandClock
from tickets.models import Ticket


@pytest.fixture
def office(house: House, desk: Desk) -> Office:
    return Office(house, desk)


def tabs(page: httpx.Response) -> dict[str, int]:
    """The tabs with their counts."""
    found = re.findall(r'>([^<>]+) <span class="count[^"]*">(\d+)</span>', page.text)
    return {name: int(count) for name, count in found}


def numbers(page: httpx.Response) -> list[str]:
    """The tickets listed, by the last digits of their number."""
    return [number[-2:] for number in re.findall(r'class="number" href="[^"]*/(PDS-\d+-\d+)"', page.text)]


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.DISPATCHER, ["待受理", "待派单", "全部"]),
        (Role.HANDLER, ["待签收", "办理中", "已超期", "督办", "全部"]),
        (Role.REVIEWER, ["待审核", "全部"]),
        (Role.AGENT, ["待回访", "全部"]),
        (Role.SUPERVISOR, ["待派单", "待指定", "待审核", "待批准", "待复核", "已超期", "督办", "全部"]),
        (Role.INVITED_SUPERVISOR, ["全部"]),
    ],
)
async def test_everybody_has_the_queues_of_their_work(role: Role, names: list[str], office: Office) -> None:
    visit = await office.call_in("somebody", role, department="water")
    assert list(tabs(await visit.get("/console/tickets"))) == names


@pytest.mark.parametrize("after", ["0001-01-01T00:00:00+08:00~x", "9999-12-31T23:59:59-08:00~x", "~", "x~x"])
async def test_a_page_that_begins_nowhere_is_no_failure(after: str, office: Office) -> None:
    await office.call_in("pai", Role.DISPATCHER)
    agent = await office.call_in("zuo", Role.AGENT)
    assert (
        await office.staff["pai"].client.get("/console/tickets", params={"after": after})
    ).status_code == 200
    inbox = {"view": "all", "after": after.replace("~", "_")}
    assert (await agent.client.get("/console/inbox", params=inbox)).status_code == 200


async def test_a_row_tells_what_is_due_in_words_and_masks_the_enterprise(
    office: Office, clock: HandClock
) -> None:
    await office.call_in("pai", Role.DISPATCHER)
    await office.call_in("du", Role.SUPERVISOR)
    number = await office.file()
    page = await office.staff["pai"].get("/console/tickets")
    assert tabs(page) == {"待受理": 1, "待派单": 0, "全部": 1}
    assert "平顶＊＊有限公司" in page.text and "某某" not in page.text
    assert '<span class="badge light soft">绿灯 · 11月26日前</span>' in page.text
    await office.press("du", number, "supervised", note="重点企业")
    for days, mark in (
        (2, '<span class="badge light warn">黄灯 · 下个工作日到期（11月26日）</span>'),
        (1, '<span class="badge light warn">黄灯 · 今天到期（11月26日）</span>'),
    ):
        clock.advance(timedelta(days=days))
        await office.enter_again()
        assert mark in (await office.staff["pai"].get("/console/tickets")).text
    clock.advance(timedelta(days=1))
    await office.enter_again()
    page = await office.staff["du"].get("/console/tickets?queue=overdue")
    assert '<span class="badge light bad">红灯 · 已超期 1 个工作日</span>' in page.text
    assert '<span class="badge bad">督办</span>' in page.text


async def test_who_calls_back_sees_which_answers_their_enterprises_say_solved_nothing(
    house: House, desk: Desk, clock: HandClock
) -> None:
    office = await full_office(house, desk)
    quiet, contested = await office.file(), await office.file()
    for number in (quiet, contested):
        await to_hand(office, number)
        await _answer(office, number)
    await _contest(desk, await office.ticket(contested))
    await office.next_day(clock)
    page = await office.staff["zuo"].get("/console/tickets?queue=call_back")
    assert numbers(page) == [contested[-2:], quiet[-2:]]
    mark = '<span class="badge bad">反映未解决</span>'
    assert [mark in row for row in page.text.split("<tr>")[2:]] == [True, False]
    await office.press("zuo", contested, "reworked", note="水还是没通")
    await _answer(office, contested)
    await office.next_day(clock)
    page = await office.staff["zuo"].get("/console/tickets?queue=call_back")
    assert numbers(page) == [contested[-2:], quiet[-2:]] and mark not in page.text


async def _answer(office: Office, number: str) -> None:
    await office.press("ban", number, "drafted", text="管道已经修好")
    await office.press("shen", number, "released")


async def _contest(desk: Desk, ticket: Ticket) -> None:
    assert ticket.thread_id is not None
    await contest(desk, Contested(ticket.thread_id, 900, "没有解决", ticket.number), Context())


async def test_a_list_is_narrowed_by_text_subject_district_and_department(office: Office) -> None:
    pai = await office.call_in("pai", Role.DISPATCHER)
    water = await office.file(enterprise="老王烩面馆", phone="+8613911112222")
    await office.file(subject="燃气", district="叶县")
    await office.press("pai", water, "accepted", level="general")
    await office.press("pai", water, "dispatched", department="water")
    for query, found in (
        ("q=烩面", ["01"]), ("q=2222", ["01"]), (f"q={water.lower()}", ["01"]), ("subject=燃气", ["02"]), ("district=叶县", ["02"]),
        ("department=water", ["01"]), ("subject=燃气&department=water", []), ("", ["02", "01"]), ("after=nonsense", ["02", "01"]),
    ):  # fmt: skip
        assert numbers(await pai.get(f"/console/tickets?queue=all&{query}")) == found, query


async def test_who_may_not_see_names_does_not_find_by_them(office: Office) -> None:
    te = await office.call_in("te", Role.INVITED_SUPERVISOR)
    number = await office.file()
    other = await office.file(enterprise="老王烩面馆")
    assert numbers(await te.get("/console/tickets?q=烩面")) == numbers(await te.get("/console/tickets"))
    assert numbers(await te.get(f"/console/tickets?q={number}")) == [number[-2:]] != [other[-2:]]


async def test_a_long_list_is_turned_page_by_page(office: Office) -> None:
    pai = await office.call_in("pai", Role.DISPATCHER)
    for _ in range(60):
        await office.file()
    first = await pai.get("/console/tickets")
    more = re.search(r'href="(/console/tickets\?[^"]*after=[^"]*)"', first.text)
    assert more
    second = await pai.get(more[1].replace("&amp;", "&"))
    assert numbers(first) + numbers(second) == [f"{n:02}" for n in range(60, 0, -1)]
    assert "回到第一页" in second.text and "下一页" not in second.text
