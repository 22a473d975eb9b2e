"""Supervision: lights by the first limit, the worst in front, who was urged in vain, and the sentence that is sent from there."""

from __future__ import annotations

import asyncio
import io
import re
from datetime import datetime, timedelta

import httpx
import pytest
from docx import Document
from sqlalchemy import func, select

from desk.desk import Desk
from staff.roles import Role
from store.clock import CITY_ZONE
from store.workdays import ANNOUNCED
from tests.console.ticket_office import Office
from tests.console.visit import House, Visit, said
from tests.desk.casework import move_ticket
from tests.fakes import HandClock
from tickets.life import ENTERPRISE, Doing
from tickets.models import TicketEvent
from tickets.states import Actor, Step
from tickets.supervising import Light, Times

HERE = "/console/supervision"


def at(month: int, day: int, hour: int = 10, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=CITY_ZONE)


@pytest.fixture
def office(house: House, desk: Desk) -> Office:
    return Office(house, desk)


@pytest.fixture
async def du(office: Office) -> Visit:
    """A supervisor; a dispatcher and a handler are there."""
    await office.call_in("pai", Role.DISPATCHER)
    await office.call_in("shui", Role.HANDLER, department="water")
    return await office.call_in("du", Role.SUPERVISOR)


async def in_hand(office: Office, **values: str) -> str:
    number = await office.file(**values)
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department="water")
    await office.press("shui", number, "signed")
    return number


async def on(office: Office, clock: HandClock, moment: datetime) -> Visit:
    clock.now = moment
    await office.enter_again()
    return office.staff["du"]


async def urge(office: Office, number: str, message: int = 9000) -> None:
    ticket = await office.ticket(number)
    doing = Doing(ENTERPRISE, Actor.ENTERPRISE, office.desk.clock(), message_id=message)
    await move_ticket(office.desk, ticket.id, Step.URGED, doing)


def numbers_on(page: httpx.Response) -> list[str]:
    return re.findall(r'class="number" href="/console/tickets/(PDS-[\d-]+)"', page.text)


def row_of(page: httpx.Response, number: str) -> str:
    row = next(row for row in page.text.split("<tr>") if f"/console/tickets/{number}" in row)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row.partition("</tr>")[0]))


def count_of(page: httpx.Response, name: str) -> int:
    found = re.search(rf">{name}<b>(\d+)</b>", page.text)
    assert found
    return int(found[1])


def seen_in(page: httpx.Response, number: str) -> str:
    form = page.text.split(f'action="{HERE}/{number}"')[1]
    found = re.search(r'name="seen" value="(\d+)"', form)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("now", "due", "light"),
    [
        (at(11, 23), at(11, 23, 9), Light.RED),
        (at(11, 23), at(11, 23, 23), Light.YELLOW),
        (at(11, 23), at(11, 24, 23), Light.YELLOW),
        (at(11, 23), at(11, 25, 0), Light.GREEN),
        (at(11, 27), at(11, 30, 23), Light.YELLOW),  # over the weekend
        (at(11, 27), at(12, 1, 1), Light.GREEN),
        (at(2, 14), at(2, 24, 23), Light.YELLOW),  # over the Spring Festival; the 14th is worked
        (at(2, 13), at(2, 24, 23), Light.GREEN),
        (at(11, 23), None, Light.PAUSED),
    ],
)
def test_the_light_follows_the_working_days(now: datetime, due: datetime | None, light: Light) -> None:
    assert Times.of(now, ANNOUNCED).light(due) is light


async def test_the_worst_stands_in_front_and_what_is_supervised_before_it(
    office: Office, du: Visit, clock: HandClock
) -> None:
    oldest = await in_hand(office)
    du = await on(office, clock, at(11, 25))
    middle = await in_hand(office)
    du = await on(office, clock, at(12, 1))
    youngest = await in_hand(office)
    du = await on(office, clock, at(12, 3))
    page = await du.get(HERE)
    assert numbers_on(page) == [oldest, middle, youngest]
    assert "红灯 已超期 1 个工作日 超期后的上班时间 1 小时" in row_of(page, oldest)
    assert "黄灯 还有 1 个工作日" in row_of(page, middle)
    assert "绿灯 还有 5 个工作日 剩余上班时间 41 小时" in row_of(page, youngest)
    assert [count_of(page, name) for name in ("全部在办", "红灯", "黄灯", "绿灯", "督办中")] == [
        3,
        1,
        1,
        1,
        0,
    ]
    fields = {"seen": seen_in(page, youngest), "note": "重点企业，请优先"}
    page = await du.follow(await du.post(f"{HERE}/{youngest}", fields))
    assert said(page) == "已列入督办，经办人会收到通知。"
    assert numbers_on(page) == [youngest, oldest, middle]
    for view, found in (
        ("red", [oldest]),
        ("yellow", [middle]),
        ("green", [youngest]),
        ("supervised", [youngest]),
    ):
        assert numbers_on(await du.get(f"{HERE}?view={view}")) == found
    assert numbers_on(await du.get(f"{HERE}?department=tax")) == []
    assert len(numbers_on(await du.get(f"{HERE}?department=water"))) == 3


async def test_a_suspended_ticket_is_paused_and_cannot_be_supervised(office: Office, du: Visit) -> None:
    number = await in_hand(office)
    await office.press("du", number, "suspended", note="等上级批复")
    page = await du.get(HERE)
    assert "暂停 中止，暂停计算" in row_of(page, number)
    assert f'action="{HERE}/{number}"' not in page.text
    assert numbers_on(await du.get(f"{HERE}?view=paused")) == [number]
    answer = await du.post(f"{HERE}/{number}", {"note": "快办", "seen": "999999999"})
    assert answer.status_code == 422 and number in said(answer)


async def test_a_sentence_is_needed_a_second_press_counts_once_and_a_stale_page_is_told(
    office: Office, du: Visit
) -> None:
    number = await in_hand(office)
    page = await du.get(HERE)
    seen = seen_in(page, number)
    answer = await du.post(f"{HERE}/{number}", {"seen": seen, "note": "  "})
    assert answer.status_code == 422 and number in said(answer)
    answer = await du.post(f"{HERE}/{number}", {"seen": seen, "note": "字" * 2001})
    assert answer.status_code == 422 and "2000 字以内" in said(answer)
    for _ in range(2):
        assert (await du.post(f"{HERE}/{number}", {"seen": seen, "note": "快办"})).status_code == 303
    async with office.desk.database.read() as session:
        steps = await session.scalar(
            select(func.count()).select_from(TicketEvent).where(TicketEvent.step == Step.SUPERVISED)
        )
    assert steps == 1
    other = await office.call_in("du2", Role.SUPERVISOR)
    answer = await other.post(f"{HERE}/{number}", {"seen": seen, "note": "我的要求"})
    assert answer.status_code == 422 and "我的要求" in answer.text and number in said(answer)


async def test_of_two_supervisors_at_once_one_wins_and_the_other_is_told(office: Office, du: Visit) -> None:
    number = await in_hand(office)
    other = await office.call_in("du2", Role.SUPERVISOR)
    seen = seen_in(await du.get(HERE), number)
    answers = await asyncio.gather(
        *(visit.post(f"{HERE}/{number}", {"seen": seen, "note": "快办"}) for visit in (du, other))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422]


async def test_what_was_urged_in_vain_is_marked_the_working_day_after(
    office: Office, du: Visit, clock: HandClock
) -> None:
    clock.now = at(11, 27)  # a Friday
    await office.enter_again()
    number = await in_hand(office)
    await urge(office, number)
    for moment, marked in ((at(11, 27, 16), 0), (at(11, 29), 0), (at(11, 30), 1)):
        du = await on(office, clock, moment)
        assert count_of(await du.get(HERE), "应发催办通知书") == marked, moment
    page = await du.get(f"{HERE}?view=notice")
    assert numbers_on(page) == [number] and "应发催办通知书" in row_of(page, number)
    letter = await du.get(f"{HERE}/{number}/urging-letter")
    lines = [one.text for one in Document(io.BytesIO(letter.content)).paragraphs]
    assert lines[0] == "催办通知书" and lines[1].endswith("：") and lines[-1] == "2026年11月30日"
    assert f"（工单 {number}）于2026年11月27日派你单位办理" in lines[2]
    assert "企业于2026年11月27日10:00催办，共 1 次。" in lines[2]
    assert "某某" not in letter.text
    await office.press("shui", number, "started")
    assert (await du.get(f"{HERE}/{number}/urging-letter")).status_code == 404
    page = await du.get(HERE)
    assert count_of(page, "应发催办通知书") == 0 and "应发催办通知书" not in row_of(page, number)


async def test_what_was_urged_before_it_was_theirs_is_not_laid_to_their_charge(
    office: Office, du: Visit, clock: HandClock
) -> None:
    number = await office.file()  # on a Monday
    await urge(office, number)
    clock.now = at(11, 24)
    await office.enter_again()
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department="water")
    for moment in (at(11, 24, 16), at(11, 25)):
        du = await on(office, clock, moment)
        assert count_of(await du.get(HERE), "应发催办通知书") == 0, moment
    await urge(office, number, 9001)
    du = await on(office, clock, at(11, 26))
    assert count_of(await du.get(HERE), "应发催办通知书") == 1
    letter = await du.get(f"{HERE}/{number}/urging-letter")
    lines = [one.text for one in Document(io.BytesIO(letter.content)).paragraphs]
    assert "企业于2026年11月25日10:00催办，共 1 次。" in lines[2]


async def test_what_was_urged_and_is_late_by_more_than_five_working_days_is_to_be_criticised(
    office: Office, du: Visit, clock: HandClock
) -> None:
    urged, patient = await in_hand(office), await in_hand(office)  # both due on 2 December
    await urge(office, urged)
    for day, criticised in ((3, 0), (9, 0), (10, 1)):  # the 10th is the sixth working day after it
        du = await on(office, clock, at(12, day))
        assert count_of(await du.get(HERE), "应书面批评") == criticised, day
    page = await du.get(f"{HERE}?view=criticised")
    assert numbers_on(page) == [urged] and patient not in numbers_on(page)


async def test_who_only_reads_sees_no_form_and_no_confidential_ticket(office: Office, du: Visit) -> None:
    number, closed = await in_hand(office), await in_hand(office, confidential="是")
    assert set(numbers_on(await du.get(HERE))) == {number, closed}
    guest = await office.call_in("guest", Role.INVITED_SUPERVISOR)
    page = await guest.get(HERE)
    assert numbers_on(page) == [number] and count_of(page, "全部在办") == 1
    assert "<textarea" not in page.text and "平顶山某某商贸" not in page.text
    assert (await guest.post(f"{HERE}/{number}", {"note": "快办"})).status_code == 403


async def test_pages_hold_every_ticket_once(office: Office, du: Visit, clock: HandClock) -> None:
    for number in range(60):
        await office.file()
        if number % 9 == 0:
            clock.advance(timedelta(minutes=1))
    found: list[str] = []
    at_ = HERE
    while at_:
        page = await du.get(at_)
        found += numbers_on(page)
        link = re.search(r'href="(/console/supervision\?[^"]*)">下一页', page.text)
        at_ = link[1].replace("&amp;", "&") if link else ""
    assert len(found) == len(set(found)) == 60


@pytest.mark.parametrize(
    "query",
    [
        "view=%00",
        "view=nonsense",
        "department=" + "x" * 500,
        "after=0~9999-12-31T23:59:59-23:59~x",
        "after=2~~",
        "after=~",
    ],
)
async def test_nonsense_in_the_address_is_no_fault_of_the_page(query: str, office: Office, du: Visit) -> None:
    assert (await du.get(f"{HERE}?{query}")).status_code in (200, 422)
    for number in ("1", "PDS-20200101-9999", "x" * 300):
        assert (await du.post(f"{HERE}/{number}", {"note": "快办", "seen": "9" * 30})).status_code == 422


async def test_the_light_stands_in_words_on_the_list_and_on_the_ticket(
    office: Office, du: Visit, clock: HandClock
) -> None:
    number = await in_hand(office)
    for moment, light in (
        (at(11, 23), "绿灯 · "),
        (at(12, 1), "黄灯 · "),
        (at(12, 3), "红灯 · 已超期 1 个工作日"),
    ):
        du = await on(office, clock, moment)
        assert light in (await du.get("/console/tickets?queue=all")).text
        assert light in (await du.get(f"/console/tickets/{number}")).text
