"""The call-back on a ticket's page: two answers, kept for every time."""

from __future__ import annotations

import pytest

from desk.desk import Desk
from tests.console.ticket_office import Office, after_on, full_office, to_hand
from tests.console.visit import House, said
from tests.fakes import HandClock
from tickets.call_back import Called
from tickets.retention import clear
from tickets.tickets import by_number, events


@pytest.fixture
async def office(house: House, desk: Desk) -> Office:
    return await full_office(house, desk)


async def to_call(office: Office, clock: HandClock) -> str:
    """The number of a ticket whose enterprise is to be called back."""
    number = await office.file()
    await to_hand(office, number)
    await office.press("ban", number, "drafted", text="已恢复。")
    await office.press("shen", number, "released")
    await office.next_day(clock)
    return number


async def test_a_call_back_needs_both_answers_and_a_reason_for_what_is_not_solved(
    office: Office, clock: HandClock
) -> None:
    number = await to_call(office, clock)
    for fields, problem in (
        ({"solved": "yes"}, "两个问题"),
        ({"solved": "no", "satisfied": "no"}, "请选择是承办部门没有办好，还是其他原因"),
        ({"solved": "no", "satisfied": "no", "why": "other"}, "写下来"),
    ):
        answer = await office.press("zuo", number, "called_back", **fields)
        assert answer.status_code == 422 and problem in said(answer)
    filled = {"solved": "no", "why": "other", "satisfied": "no", "note": "企业已搬走"}
    answer = await office.press("zuo", number, "called_back", **filled)
    assert answer.status_code == 303
    assert await answers(office, number) == [Called(solved=False, satisfied=False)]


async def answers(office: Office, number: str) -> list[Called]:
    """What was answered at every call-back of a ticket."""
    async with office.desk.database.read() as session:
        ticket = await by_number(session, number)
        assert ticket is not None
        return [one.called for one in await events(session, ticket.id) if one.called]


async def test_every_call_back_keeps_its_answers_also_when_the_words_are_cleared(
    office: Office, clock: HandClock
) -> None:
    number = await office.file()
    await to_hand(office, number)
    unsolved = {"solved": "no", "why": "department", "satisfied": "no", "note": "水还是没来"}
    for fields in (unsolved, {"solved": "yes", "satisfied": "yes", "note": "这次好了"}):
        await office.press("ban", number, "drafted", text="已恢复。")
        await office.press("shen", number, "released")
        await office.next_day(clock)
        await office.press("zuo", number, "called_back", **fields)
    both = [Called(solved=False, satisfied=False), Called(solved=True, satisfied=True)]
    assert await answers(office, number) == both
    page = (await office.staff["du"].get(f"/console/tickets/{number}")).text
    assert "未解决，不满意。水还是没来" in page and "已解决，满意。这次好了" in page
    async with office.desk.database.write() as session:
        await clear(session, [(await office.ticket(number)).id], at=clock())
    assert await answers(office, number) == both
    page = (await office.staff["du"].get(f"/console/tickets/{number}")).text
    assert "已解决，满意。" in page and "水还是没来" not in page


async def test_the_second_press_of_a_call_back_with_other_answers_is_told(
    office: Office, clock: HandClock
) -> None:
    number = await to_call(office, clock)
    after = after_on(await office.staff["zuo"].get(f"/console/tickets/{number}"))
    for satisfied, status in (("yes", 303), ("yes", 303), ("no", 422)):
        filled = {"after": after, "solved": "yes", "satisfied": satisfied, "note": "好"}
        path = f"/console/tickets/{number}/steps/called_back"
        assert (await office.staff["zuo"].post(path, filled)).status_code == status, satisfied
    assert await answers(office, number) == [Called(solved=True, satisfied=True)]
