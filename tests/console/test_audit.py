"""The audit log's page and its table for Excel."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from staff import audit
from staff.actors import COMMAND_LINE
from staff.audit import Action
from staff.roles import Role
from tests.console.visit import House
from tests.fakes import HandClock


async def fill(house: House, number: int) -> None:
    async with house.door.database.write() as session:
        for n in range(number):
            audit.record(
                session, COMMAND_LINE, Action.ACCOUNT_ADDED, audit.account(f"p{n:04}"), at=house.door.clock()
            )


async def test_entries_are_turned_page_by_page_and_none_is_missed(house: House) -> None:
    visit = await house.member("watch", Role.SUPERVISOR)
    await fill(house, 120)
    seen: list[str] = []
    path: str | None = "/console/audit?who=%E5%91%BD%E4%BB%A4%E8%A1%8C"
    while path:
        page = await visit.get(path)
        seen += re.findall(r"账号 (p\d{4})", page.text)
        older = re.search(r'href="(/console/audit\?[^"]*before=\d+[^"]*)"', page.text)
        path = older[1].replace("&amp;", "&") if older else None
    assert seen == [f"p{n:04}" for n in reversed(range(120))]


async def test_a_filter_that_makes_no_sense_is_left_out(house: House) -> None:
    visit = await house.member("watch", Role.SUPERVISOR)
    page = await visit.get("/console/audit?since=yesterday&until=2026-13-01&action=rm&before=-1")
    assert page.status_code == 200 and "登录" in page.text


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "99999-01-01", "1900-01-01", "３０００-01-01"])
async def test_a_day_beyond_all_calendars_is_left_out(day: str, house: House) -> None:
    visit = await house.member("watch", Role.SUPERVISOR)
    for query in (f"since={day}", f"until={day}", f"since={day}&until={day}"):
        page = await visit.get(f"/console/audit?{query}")
        assert page.status_code == 200 and "登录" in page.text
    answer = await visit.post("/console/audit/export", {"since": day, "until": day})
    assert answer.status_code == 200 and "账号" in answer.text


async def test_what_no_person_types_is_refused_before_the_database_is(house: House) -> None:
    visit = await house.member("boss", *Role)
    for path in ("/console/audit?who=a%00", "/console/people?q=%00", "/console/people/a%00"):
        assert (await visit.get(path)).status_code == 422
    assert (await visit.post("/console/people/boss", {"name": "a\0"})).status_code == 422
    assert (await house.stranger().post("/console/sign-in", {"username": "a\0"})).status_code == 422


async def test_the_export_holds_what_the_filter_shows_and_is_itself_written_down(
    house: House, clock: HandClock
) -> None:
    await fill(house, 3)
    clock.advance(timedelta(days=1))
    visit = await house.member("watch", Role.SUPERVISOR)
    await fill(house, 2050)
    answer = await visit.post("/console/audit/export", {"since": "2026-11-24", "action": "account_added"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[5] for row in rows[1:]] == [f"账号 p{n:04}" for n in reversed(range(2050))] + ["账号 watch"]
    assert answer.headers["content-disposition"] == 'attachment; filename="audit-20261124.csv"'
    page = await visit.get("/console/audit?action=audit_exported")
    assert "action=account_added、since=2026-11-24" in page.text
