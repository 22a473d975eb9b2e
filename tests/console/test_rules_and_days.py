"""The rules of dispatching and the calendar, as staff keep them."""

from __future__ import annotations

import re

import pytest

from desk.desk import Desk
from desk.dispatch import default_rules
from staff.roles import Role
from tests.console.ticket_office import Office
from tests.console.visit import House, said
from tests.staff.people import written


@pytest.fixture
def office(house: House, desk: Desk) -> Office:
    return Office(house, desk)


async def test_a_rule_is_added_used_and_removed(office: Office) -> None:
    pai = await office.call_in("pai", Role.DISPATCHER)
    number = await office.file(description="自来水的价格算错了，多收了三千元")
    await office.press("pai", number, "accepted", level="general")
    fields = {"subject": "供水", "district": "", "words": "价格，多收", "department": "market"}
    answer = await pai.post("/console/dispatch-rules", fields)
    page = await pai.follow(answer)
    assert said(page) == "规则已新增。" and "价格、多收" in page.text
    assert (
        "建议：市场监督管理部门。事项类别是“供水”，文中提到“价格”、“多收”。"
        in (await pai.get(f"/console/tickets/{number}")).text
    )
    newest = max(map(int, re.findall(r"/dispatch-rules/(\d+)/remove", page.text)))
    for _ in range(2):
        answer = await pai.post(f"/console/dispatch-rules/{newest}/remove")
    page = await pai.follow(answer)
    assert "价格、多收" not in page.text and page.text.count("/remove") == len(default_rules())
    assert (await written(office.desk.database))[-2:] == ["dispatch_rule_added", "dispatch_rule_removed"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"subject": "", "words": " ， "}, "至少填一项"),
        ({"department": "nowhere"}, "请选择承办部门"),
        ({"subject": "天气"}, "在列表里选择"),
        ({"words": "水" * 101}, "控制在 100 字"),
        ({"words": ""}, "已有一条"),
    ],
)
async def test_a_rule_that_is_wrong_says_why_and_keeps_what_was_filled_in(
    fields: dict[str, str], problem: str, office: Office
) -> None:
    admin = await office.call_in("boss", Role.ADMIN)
    await office.file()
    good = {"subject": "供水", "district": "", "words": "水价", "department": "market"}
    answer = await admin.post("/console/dispatch-rules", {**good, **fields})
    assert answer.status_code == 422 and problem in said(answer)
    assert '<option value="market" selected>' in answer.text or "department" in fields


async def test_a_day_is_set_and_left_again_and_the_limits_follow(office: Office) -> None:
    du = await office.call_in("du", Role.SUPERVISOR)
    await office.call_in("pai", Role.DISPATCHER)
    number = await office.file()

    async def due() -> str:
        page = await office.staff["pai"].get(f"/console/tickets/{number}")
        found = re.search(r'决定是否受理</b> <span class="badge light \w+">绿灯 · ([^<]+)<', page.text)
        assert found
        return found[1]

    assert await due() == "11月26日前"
    fields = {"day": "2026-11-25", "works": "no", "note": "市政府办公室通知"}
    page = await du.follow(await du.post("/console/calendar", fields))
    assert said(page) == "日历已修改，1 个正在计算的期限变了。"
    assert "2026-11-25 星期三" in page.text and "11/25<small>休·本地</small>" in page.text
    assert await due() == "11月27日前"
    page = await du.follow(await du.post("/console/calendar/2026-11-25/remove"))
    assert said(page) == "日历已修改，1 个正在计算的期限变了。"
    assert await due() == "11月26日前"
    page = await du.follow(await du.post("/console/calendar/2026-11-25/remove"))
    assert said(page) == "日历已修改，0 个正在计算的期限变了。"
    assert (await written(office.desk.database)).count("calendar_changed") == 2


@pytest.mark.parametrize(
    ("fields", "problem"),
    [({"day": "morgen"}, "请选择日期"), ({"works": ""}, "上班还是休息"), ({"note": " "}, "请写明依据")],
)
async def test_a_day_that_is_wrong_says_why(fields: dict[str, str], problem: str, office: Office) -> None:
    admin = await office.call_in("boss", Role.ADMIN)
    good = {"day": "2026-11-25", "works": "no", "note": "通知"}
    answer = await admin.post("/console/calendar", {**good, **fields})
    assert answer.status_code == 422 and problem in said(answer)
    assert "2026-11-25" in answer.text or "day" in fields
