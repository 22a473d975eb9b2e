"""The rules of dispatching and the calendar, as staff keep them."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select, update

from desk.desk import Desk
from desk.dispatch import default_rules
from desk.workdays import count_anew
from staff.models import AuditEntry
from staff.roles import Role
from tests.console.ticket_office import Office
from tests.console.visit import House, said
from tests.fakes import HandClock
from tests.staff.people import written
from tickets.models import CalendarDay, TicketClock


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


MISSING = "2027 年的放假安排尚未录入，期限暂按周一至周五计算"
YEAR = {
    "arrangement-year": "2027",
    "off": "2027-01-01 至 2027-01-03\n2027-02-05 至 2027-02-11\n2027-05-01 至 2027-05-05\n2027-10-01 至 2027-10-07",
    "worked": "2027-01-30\n2027-02-20",
    "arrangement-note": "国办发明电〔2026〕7号",
}


async def days(office: Office) -> int:
    async with office.desk.database.read() as session:
        return len((await session.scalars(select(CalendarDay))).all())


async def test_a_year_that_is_missing_is_told_to_who_keeps_the_calendar(office: Office) -> None:
    du = await office.call_in("du", Role.SUPERVISOR)
    pai = await office.call_in("pai", Role.DISPATCHER)
    for path in ("/console", "/console/calendar"):
        assert MISSING in (await du.get(path)).text
    assert MISSING not in (await pai.get("/console")).text
    assert "公布的 2026 年及以前的节假日" in (await du.get("/console/calendar")).text
    await du.post("/console/calendar/year", YEAR)
    for path in ("/console", "/console/calendar"):
        assert "尚未录入" not in (await du.get(path)).text


async def test_before_october_a_year_is_missing_only_where_a_limit_runs_into_it(
    office: Office, clock: HandClock
) -> None:
    clock.advance(timedelta(days=-60))
    du = await office.call_in("du", Role.SUPERVISOR)
    await office.file()
    assert MISSING not in (await du.get("/console")).text
    async with office.desk.database.write() as session:
        await session.execute(update(TicketClock).values(due_at=clock.now + timedelta(days=120)))
    assert MISSING in (await du.get("/console")).text


async def test_a_year_is_taken_in_at_once_and_the_limits_follow_once(office: Office) -> None:
    du = await office.call_in("du", Role.SUPERVISOR)
    await office.file()
    async with office.desk.database.write() as session:
        await session.execute(update(TicketClock).values(limit="56wd"))
        assert await count_anew(session) == 1
        before = await session.scalar(select(TicketClock.due_at))
    page = await du.follow(await du.post("/console/calendar/year", YEAR))
    assert said(page) == "日历已修改，1 个正在计算的期限变了。"
    assert "2027-02-08 星期一" in page.text and "国办发明电〔2026〕7号" in page.text
    async with office.desk.database.read() as session:
        after = await session.scalar(select(TicketClock.due_at))
        entry = (
            await session.scalars(select(AuditEntry).where(AuditEntry.action == "calendar_changed"))
        ).one()
    assert before is not None and after is not None and after > before
    assert entry.detail == {
        "年份": "2027", "改为": "放假 22 天，调休上班 2 天（国办发明电〔2026〕7号）", "变动的期限": "1"
    }  # fmt: skip
    page = await du.follow(await du.post("/console/calendar/year", YEAR))
    assert said(page) == "日历已修改，0 个正在计算的期限变了。"
    assert (await written(office.desk.database)).count("calendar_changed") == 1 and await days(office) == 24


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"worked": "2027-03-08\n2027-02-20"}, "上班第 1 行“2027-03-08”：2027-03-08 是星期一"),
        ({"arrangement-year": "zwei"}, "请填写年份"),
        ({"arrangement-year": "2026"}, "2026 年的安排不用录入"),
        ({"arrangement-note": " "}, "请写明依据"),
    ],
)
async def test_a_year_that_is_wrong_leaves_no_day_and_keeps_what_was_filled_in(
    fields: dict[str, str], problem: str, office: Office
) -> None:
    admin = await office.call_in("boss", Role.ADMIN)
    answer = await admin.post("/console/calendar/year", {**YEAR, **fields})
    assert answer.status_code == 422 and problem in answer.text
    assert "2027-02-05 至 2027-02-11" in answer.text and await days(office) == 0


async def test_what_days_off_a_release_brings_counts_from_the_next_start_on(office: Office) -> None:
    await office.file()
    async with office.desk.database.write() as session:
        session.add(CalendarDay(day=date(2026, 11, 25), works=False, note="通知"))
    async with office.desk.database.write() as session:
        assert await count_anew(session) == 1
        assert await count_anew(session) == 0
        await session.execute(delete(CalendarDay))
        assert await count_anew(session) == 1
