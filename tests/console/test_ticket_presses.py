"""Forms of a ticket's page that are sent twice, or too late: nothing happens twice, and no word is lost."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from desk.desk import Desk
from tests.console.ticket_office import Office, after_on, full_office
from tests.console.visit import House, said
from tests.staff.people import written
from tickets.models import TicketEvent


@pytest.fixture
async def office(house: House, desk: Desk) -> Office:
    return await full_office(house, desk)


async def test_a_second_press_of_a_form_changes_nothing(office: Office) -> None:
    number = await office.file()
    page = await office.staff["du"].get(f"/console/tickets/{number}")
    fields = {"after": after_on(page), "note": "请抓紧"}
    here = f"/console/tickets/{number}/steps/supervised"
    answers = await asyncio.gather(*(office.staff["du"].post(here, fields) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    async with office.desk.database.read() as session:
        steps = await session.scalars(select(func.count()).where(TicketEvent.step == "supervised"))
        assert steps.one() == 1
    assert (await written(office.desk.database)).count("ticket_moved") == 1


async def test_a_second_press_of_a_return_finds_it_done(office: Office) -> None:
    number = await office.file()
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department="water")
    page = await office.staff["ban"].get(f"/console/tickets/{number}")
    fields = {"after": after_on(page), "note": "不归我们管"}
    for _ in range(2):
        answer = await office.staff["ban"].post(f"/console/tickets/{number}/steps/returned", fields)
        assert answer.headers["location"] == "/console/tickets?said=returned"
    assert (await office.ticket(number)).returns == 1


async def test_what_was_not_seen_is_not_acted_on_and_what_was_typed_stays(office: Office) -> None:
    number = await office.file()
    stale = await office.staff["pai"].get(f"/console/tickets/{number}")
    await office.press("du", number, "supervised", note="重点企业")
    answer = await office.staff["pai"].post(
        f"/console/tickets/{number}/steps/refusal_asked",
        {"after": after_on(stale), "note": "已在诉讼中<b>"},
    )
    assert answer.status_code == 422
    assert "刚有新的进展（督办）" in said(answer)
    assert "已在诉讼中&lt;b&gt;</textarea>" in answer.text
    assert after_on(answer) > after_on(stale)


async def test_a_second_press_with_other_words_is_told_and_keeps_them(office: Office) -> None:
    number = await office.file()
    page = await office.staff["du"].get(f"/console/tickets/{number}")
    here, after = f"/console/tickets/{number}/steps/supervised", after_on(page)
    await office.staff["du"].post(here, {"after": after, "note": "请抓紧"})
    again = await office.staff["du"].post(here, {"after": after, "note": "三天内办好"})
    assert again.status_code == 422 and "没有提交" in said(again) and "三天内办好" in again.text
    async with office.desk.database.read() as session:
        notes = await session.scalars(select(TicketEvent.note).where(TicketEvent.step == "supervised"))
        assert list(notes) == ["请抓紧"]


async def test_a_second_level_or_draft_is_no_second_press(office: Office) -> None:
    number = await office.file()
    page = await office.staff["pai"].get(f"/console/tickets/{number}")
    here, after = f"/console/tickets/{number}/steps", after_on(page)
    levels = [
        (await office.staff["pai"].post(f"{here}/accepted", {"after": after, "level": level})).status_code
        for level in ("general", "general", "complex")
    ]
    assert levels == [303, 303, 422]
    await office.press("pai", number, "dispatched", department="water")
    await office.press("ban", number, "signed")
    page = await office.staff["ban"].get(f"/console/tickets/{number}")
    answers = [
        await office.staff["ban"].post(f"{here}/drafted", {"after": after_on(page), "text": text})
        for text in ("已恢复供水。", "已恢复供水。", "已恢复供水，原因是管道爆裂。")
    ]
    assert [answer.status_code for answer in answers] == [303, 303, 422]
    assert "原因是管道爆裂" in answers[-1].text


async def test_who_returned_a_ticket_is_told_that_other_words_came_too_late(office: Office) -> None:
    number = await office.file()
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department="water")
    page = await office.staff["ban"].get(f"/console/tickets/{number}")
    here = f"/console/tickets/{number}/steps/returned"
    await office.staff["ban"].post(here, {"after": after_on(page), "note": "不归我们管"})
    again = await office.staff["ban"].post(here, {"after": after_on(page), "note": "归燃气管"})
    assert again.status_code == 409 and "没有提交" in again.text
