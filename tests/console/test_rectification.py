"""差评整改 in the console: worked by those whose it is, seen by those who may, once however often it is pressed."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from conversations.models import Author, Message, Rating, RatingStage
from desk.casework import ring
from desk.desk import Desk
from desk.rating_asking import ask_for_ratings
from desk.ratings import rate
from desk.turns import take_turns
from staff.roles import Role
from store.clock import CITY_ZONE
from tests.console.ticket_office import Office, after_on, steps_on
from tests.console.visit import House, said
from tests.fakes import HandClock
from tests.staff.people import written
from tickets.models import Rectification, Ticket
from tickets.rectification import TRIES
from tickets.rectification_states import CaseState, Way
from tickets.states import State

LIST = "/console/rectifications"


@pytest.fixture
async def office(house: House, desk: Desk) -> Office:
    """Everybody who has to do with a bad rating."""
    office = Office(house, desk)
    await office.call_in("zhou", Role.DISPATCHER)
    await office.call_in("wu", Role.HANDLER, department="water")
    await office.call_in("feng", Role.HANDLER, department="water")
    await office.call_in("he", Role.HANDLER, department="gas")
    await office.call_in("zheng", Role.REVIEWER)
    await office.call_in("wang", Role.SUPERVISOR)
    await office.call_in("li", Role.AGENT)
    await office.call_in("guest", Role.INVITED_SUPERVISOR)
    return office


async def rated(office: Office, clock: HandClock, level: str = "不满意", **values: str) -> Rectification:
    """A ticket that was handled by the water works, closed, and rated badly."""
    number = await office.file(**values)
    await office.press("zhou", number, "accepted", level="general")
    await office.press("zhou", number, "dispatched", department="water")
    await office.press("wu", number, "signed")
    await office.press("wu", number, "drafted", text="已经恢复供水。")
    await office.press("zheng", number, "released")
    await office.next_day(clock)
    await office.press("li", number, "called_back", solved="yes", satisfied="no", note="嫌慢")
    await ask_for_ratings(office.desk)
    ticket = await office.ticket(number)
    await rate(office.desk, ticket.thread_id or "", level)
    return await case_now(office.desk)


async def case_now(desk: Desk) -> Rectification:
    async with desk.database.read() as session:
        found = await session.scalar(select(Rectification).order_by(Rectification.id.desc()).limit(1))
    assert found is not None
    return found


async def press(
    office: Office, who: str, case: Rectification, step: str, note: str = "情况"
) -> httpx.Response:
    """Open the case, fill in the form of a step, send it."""
    visit = office.staff[who]
    page = await visit.get(f"{LIST}/{case.id}")
    assert step in steps_on(page), f"{who} is not offered {step}: {steps_on(page)}"
    return await visit.post(f"{LIST}/{case.id}/steps/{step}", {"after": after_on(page), "note": note})


async def told(desk: Desk) -> list[Message]:
    async with desk.database.read() as session:
        found = select(Message).where(Message.author == Author.SYSTEM).order_by(Message.id)
        return list(await session.scalars(found))


async def test_a_bad_rating_is_worked_to_its_end_and_rated_again(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    case = await rated(office, clock)
    assert f"差评 {case.id} 号" in (await office.staff["wu"].get(LIST)).text
    await press(office, "wu", case, "contacted", "企业说来晚了一天")
    await press(office, "wu", case, "planned", "排班改为两班")
    answer = await press(office, "wu", case, "submitted", "已改为两班抢修，报修后 2 小时到场。")
    page = await office.staff["wu"].get(answer.headers["location"])
    assert said(page) == "已完成：提交整改结果。"
    await press(office, "zheng", case, "released")
    last = (await told(desk))[-1]
    assert "已改为两班抢修" in last.text and "请再评价一次" in last.text
    assert last.buttons[0]["title"] == "非常满意"
    async with desk.database.write() as session:
        session.add(
            Message(
                thread_id=last.thread_id, author=Author.PERSON, channel="web", external_id="again", text="满意",
                turn="waiting", created_at=desk.clock(),
            )
        )  # fmt: skip
    (thanks,) = await take_turns(desk, last.thread_id)
    assert "追评" in thanks.text
    async with desk.database.read() as session:
        rating = (await session.scalars(select(Rating).where(Rating.id == case.rating_id))).one()
    case = await case_now(desk)
    assert (rating.level, rating.again_level, rating.stage) == (2, 4, RatingStage.DONE)
    assert (case.state, case.way, case.again_level) == (CaseState.RECTIFIED, Way.DEADLINE, 4)
    shown = (await office.staff["wang"].get(f"{LIST}/{case.id}")).text
    assert "追评：满意" in shown and "按期完成" in shown
    assert (await written(desk.database)).count("case_moved") == 4


async def test_what_was_sent_back_and_then_mended_is_told_as_mended(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    case = await rated(office, clock)
    await press(office, "wu", case, "contacted")
    await press(office, "wu", case, "explained", "没有政策依据")
    await press(office, "zheng", case, "sent_back", "可以改的还是要改")
    await press(office, "wu", case, "submitted", "已换水表。")
    await press(office, "zheng", case, "released")
    last = (await told(desk))[-1]
    assert "已经整改，结果如下：\n已换水表。" in last.text


async def test_who_is_not_reached_is_tried_at_another_time_and_the_page_says_so(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    case = await rated(office, clock)
    for _ in range(TRIES):
        await press(office, "wu", case, "tried", "没人接")
        page = await office.staff["wu"].get(f"{LIST}/{case.id}")
        assert "tried" not in steps_on(page) and "隔 2 小时以上换个时间再联系" in page.text
        again = {"after": after_on(page), "note": "还是没人接"}
        clock.advance(timedelta(hours=1))
        await office.enter_again()
        refused = await office.staff["feng"].post(f"{LIST}/{case.id}/steps/tried", again)
        assert refused.status_code == 422 and "刚刚记过一次未联系上" in said(refused)
        clock.advance(timedelta(hours=1))
        await office.enter_again()
    await press(office, "wu", case, "unreached", "先查水压")
    await press(office, "wu", case, "submitted", "水压已恢复。")
    await press(office, "zheng", case, "released")
    shown = (await office.staff["wu"].get(f"{LIST}/{case.id}")).text
    assert '<span class="badge warn">未联系上</span>' in shown and shown.count("按期完成") == 1


async def test_an_upheld_appeal_is_not_counted_and_told_with_its_reason(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    case = await rated(office, clock, "非常不满意")
    await press(office, "wu", case, "contacted")
    await press(office, "wu", case, "appealed", "企业说评错了工单")
    await press(office, "wang", case, "upheld", "经核实评错了工单")
    assert (await case_now(desk)).state is CaseState.VOIDED
    last = (await told(desk))[-1]
    assert "不计入统计" in last.text and "理由：经核实评错了工单" in last.text and last.buttons == []
    assert "不计入统计" in (await office.staff["wu"].get(f"{LIST}/{case.id}")).text


async def test_the_tickets_page_shows_its_rating_and_leads_to_the_case(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    case = await rated(office, clock)
    async with desk.database.read() as session:
        ticket = await session.get_one(Ticket, case.ticket_id)
    page = (await office.staff["wu"].get(f"/console/tickets/{ticket.number}")).text
    assert "企业的评价" in page and f"{LIST}/{case.id}" in page and "差评整改：待联系" in page


async def test_another_department_neither_sees_nor_works_it(office: Office, clock: HandClock) -> None:
    case = await rated(office, clock)
    assert "这里现在没有差评" in (await office.staff["he"].get(LIST)).text
    assert (await office.staff["he"].get(f"{LIST}/{case.id}")).status_code == 404
    answer = await office.staff["he"].post(f"{LIST}/{case.id}/steps/contacted", {"after": "1", "note": "x"})
    assert answer.status_code == 404


@pytest.mark.parametrize("who", ["li", "zhou", "guest", "zheng"])
async def test_who_does_not_work_it_reads_it_only(
    office: Office, desk: Desk, clock: HandClock, who: str
) -> None:
    case = await rated(office, clock)
    page = await office.staff[who].get(f"{LIST}/{case.id}")
    assert page.status_code == 200 and steps_on(page) == []
    answer = await office.staff[who].post(f"{LIST}/{case.id}/steps/contacted", {"after": "1", "note": "x"})
    assert answer.status_code == 422 and "您的岗位不能" in said(answer)
    assert (await case_now(desk)).state is CaseState.TO_CONTACT


async def test_a_confidential_tickets_case_is_seen_by_who_sees_the_ticket(
    office: Office, clock: HandClock
) -> None:
    case = await rated(office, clock, confidential="是")
    for who, sees in {
        "wu": True,
        "zheng": True,
        "wang": True,
        "feng": False,
        "li": False,
        "guest": False,
    }.items():
        assert ((await office.staff[who].get(f"{LIST}/{case.id}")).status_code == 200) is sees, who
        listed = f"差评 {case.id} 号" in (await office.staff[who].get(LIST)).text
        assert listed is sees, who


async def test_names_and_telephones_are_masked(office: Office, desk: Desk, clock: HandClock) -> None:
    case = await rated(office, clock)
    await press(office, "wu", case, "contacted", "李经理 13800001234 说慢")
    for who in ("wu", "guest"):
        page = (await office.staff[who].get(f"{LIST}/{case.id}")).text
        assert "平顶山某某商贸有限公司" not in page and "+86" not in page
        assert "李经理" not in page and "13800001234" not in page and "说慢" in page
    await press(office, "wu", case, "fixed", "抢修电话 0375-2223333 有人值守")
    assert (
        "0375-2223333" in (await office.staff["zheng"].get(f"{LIST}/{case.id}")).text
    )  # what goes out is judged
    assert "0375-2223333" not in (await office.staff["guest"].get(f"{LIST}/{case.id}")).text


async def test_the_case_of_a_talk_names_nobody(office: Office, desk: Desk, clock: HandClock) -> None:
    case = await rated(office, clock)
    async with desk.database.write() as session:
        row = await session.get_one(Rectification, case.id)
        ticket = await session.get_one(Ticket, row.ticket_id)
        row.ticket_id, row.thread_id, row.comment = None, ticket.thread_id, f"{ticket.contact}等了三天"
    for who in ("guest", "wang"):
        page = (await office.staff[who].get(f"{LIST}/{case.id}")).text
        assert "等了三天" in page and ticket.contact not in page


async def test_of_two_who_take_it_at_once_one_wins_and_the_other_is_told(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    case = await rated(office, clock)
    after = after_on(await office.staff["wu"].get(f"{LIST}/{case.id}"))
    answers = await asyncio.gather(
        *(
            office.staff[who].post(f"{LIST}/{case.id}/steps/contacted", {"after": after, "note": who})
            for who in ("wu", "feng")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    (lost,) = [answer for answer in answers if answer.status_code == 422]
    assert "刚有新的进展（联系企业）" in said(lost) and "填写的内容还在" in said(lost)


async def test_a_second_press_changes_nothing(office: Office, desk: Desk, clock: HandClock) -> None:
    case = await rated(office, clock)
    after = after_on(await office.staff["wu"].get(f"{LIST}/{case.id}"))
    for _ in range(2):
        answer = await office.staff["wu"].post(
            f"{LIST}/{case.id}/steps/tried", {"after": after, "note": "没人接"}
        )
        assert answer.status_code == 303
    assert (await case_now(desk)).tries == 1


@pytest.mark.parametrize("note", ["", "   ", "长" * 2001])
async def test_what_is_not_filled_in_right_is_told(
    office: Office, desk: Desk, clock: HandClock, note: str
) -> None:
    case = await rated(office, clock)
    answer = await press(office, "wu", case, "contacted", note)
    assert answer.status_code == 422 and said(answer)
    assert (await case_now(desk)).state is CaseState.TO_CONTACT


@pytest.mark.parametrize("path", ["0", "-1", "x", "٣", "9" * 40, "4294967296", "1%00"])
async def test_what_does_not_exist_is_told(office: Office, path: str) -> None:
    assert (await office.staff["wang"].get(f"{LIST}/{path}")).status_code in (404, 422)
    answer = await office.staff["wang"].post(f"{LIST}/{path}/steps/contacted", {"note": "x"})
    assert answer.status_code in (404, 422)


@pytest.mark.parametrize(
    "query",
    [
        "queue=x",
        "after=x",
        "after=9999-12-31T23:59:59-12:00~1",
        "after=2026-01-01T00:00:00%2B08:00~99999999999",
        "department=%27",
    ],
)
async def test_a_list_takes_any_query(office: Office, query: str) -> None:
    assert (await office.staff["wang"].get(f"{LIST}?{query}")).status_code == 200


async def test_a_list_goes_on_after_its_last_row(office: Office, desk: Desk, clock: HandClock) -> None:
    first = await rated(office, clock)
    async with desk.database.write() as session:
        for number in range(60):
            session.add(
                Rectification(
                    rating_id=f"r{number}", department="water", state=CaseState.TO_CONTACT, level=1, tags=[],
                    comment="", rated_at=desk.clock(), opened_at=desk.clock(), contact_limit="1wd",
                    contact_by=first.contact_by, rectify_limit="5wd", rectify_by=first.rectify_by,
                    due_at=first.due_at, tries=0, proposal="",
                )
            )  # fmt: skip
    page = (await office.staff["wang"].get(LIST)).text
    seen = re.findall(r"差评 (\d+) 号", page)
    older = re.search(r'href="([^"]+)">下一页', page)
    assert older and len(seen) == 50
    rest = re.findall(r"差评 (\d+) 号", (await office.staff["wang"].get(older[1].replace("&amp;", "&"))).text)
    assert len(seen) + len(rest) == 61 == len({*seen, *rest})


async def test_what_is_late_says_so(office: Office, desk: Desk, clock: HandClock) -> None:
    case = await rated(office, clock)
    assert case.contact_by.astimezone(CITY_ZONE).day == 25
    for _ in range(3):
        await office.next_day(clock)
    page = (await office.staff["wang"].get(f"{LIST}?queue=overdue")).text
    assert f"差评 {case.id} 号" in page and "已超期 2 个工作日" in page


async def test_not_solved_because_of_the_department_is_handled_again(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    number = await office.file()
    await called(office, number, clock)
    answer = await office.press(
        "li", number, "called_back", solved="no", why="department", satisfied="no", note="水还是没来"
    )
    assert answer.headers["location"].endswith("said=reworked")
    ticket = await office.ticket(number)
    assert (ticket.state, ticket.round) == (State.WORKING, 2)
    assert "未解决，不满意。水还是没来" in (await office.staff["wu"].get(f"/console/tickets/{number}")).text


@pytest.mark.parametrize("why", ["", "x"])
async def test_why_it_is_not_solved_has_to_be_told(office: Office, clock: HandClock, why: str) -> None:
    number = await office.file()
    await called(office, number, clock)
    answer = await office.press(
        "li", number, "called_back", solved="no", why=why, satisfied="no", note="水还是没来"
    )
    assert answer.status_code == 422 and "承办部门没有办好" in said(answer)
    assert await office.state(number) is State.CALL_BACK


async def test_who_cannot_be_reached_is_tried_again_and_then_closed_with_a_note(
    office: Office, desk: Desk, clock: HandClock
) -> None:
    number = await office.file()
    await called(office, number, clock)
    for _ in range(desk.bounds.call_tries):
        page = await office.staff["li"].get(f"/console/tickets/{number}")
        assert "call_given_up" not in steps_on(page)
        await office.press("li", number, "call_tried", note="无人接听")
        assert "call_tried" not in steps_on(await office.staff["li"].get(f"/console/tickets/{number}"))
        await office.next_day(clock)
    await office.press("li", number, "call_given_up", note="三天都无人接听")
    assert await office.state(number) is State.CLOSED
    assert await ask_for_ratings(desk) == 1


async def called(office: Office, number: str, clock: HandClock) -> None:
    """It is answered, and to be called back."""
    await office.press("zhou", number, "accepted", level="general")
    await office.press("zhou", number, "dispatched", department="water")
    await office.press("wu", number, "signed")
    await office.press("wu", number, "drafted", text="已经恢复供水。")
    await office.press("zheng", number, "released")
    await office.next_day(clock)
    await ring(office.desk)
