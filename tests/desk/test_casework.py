"""Tickets moved by staff and by time: the enterprise is told in its channel, once, and never at night called to account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from conversations.models import Author, Delivery, Message, Thread
from conversations.threads import open_thread
from desk.casework import ring
from desk.complaints import submit
from desk.desk import Desk
from desk.progress import progress
from staff.models import Department
from store.clock import CITY_ZONE, city_date
from tests.desk.casework import move_ticket
from tests.fakes import HandClock
from tickets.errors import NotHere, StepRefused
from tickets.life import Doing
from tickets.limits import Level, TimeLimits
from tickets.models import CalendarDay, Kind, Ticket
from tickets.states import MOVE_OF, State, Step
from tickets.tickets import events, of_people
from tickets.timing import all_running

VALUES: Mapping[str, str] = {
    "enterprise": "平顶山某某商贸有限公司", "credit_code": "-", "contact": "李经理", "phone": "+8613800000000",
    "district": "新华区", "subject": "供水", "description": "水压低了三天没有人管", "wanted": "尽快恢复", "confidential": "否",
}  # fmt: skip
TO_ANSWER = (Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED, Step.DRAFTED, Step.RELEASED)


async def filed(desk: Desk, thread: Thread) -> Ticket:
    await submit(desk, thread_id=thread.id, message_id=1, kind=Kind.COMPLAINT, values=VALUES)
    async with desk.database.read() as session:
        return (await of_people(session, [thread.person_id]))[0]


@pytest.fixture
async def ticket(desk: Desk, thread: Thread) -> Ticket:
    return await filed(desk, thread)


async def move(desk: Desk, ticket: Ticket, *steps: Step, note: str = "情况复杂", days: int = 3) -> None:
    for step in steps:
        actor = sorted(MOVE_OF[step].actors)[0]
        doing = Doing(
            actor.value, actor, desk.clock(), note, level=Level.GENERAL, department="water", days=days,
            text="供水已于今天恢复。",
        )  # fmt: skip
        await move_ticket(desk, ticket.id, step, doing)


async def now_at(desk: Desk, ticket: Ticket) -> Ticket:
    async with desk.database.read() as session:
        return await session.get_one(Ticket, ticket.id)


async def told(desk: Desk) -> list[Message]:
    async with desk.database.read() as session:
        rows = await session.scalars(
            select(Message).where(Message.author == Author.SYSTEM).order_by(Message.id)
        )
        return list(rows)


async def test_the_enterprise_is_told_what_concerns_it_and_nothing_else(desk: Desk, ticket: Ticket) -> None:
    await move(desk, ticket, *TO_ANSWER)
    accepted, dispatched, answered = await told(desk)
    assert "已派单，由承办单位办理。" in dispatched.text  # no such department is kept in this test
    assert "已受理。" in accepted.text
    assert "应在 12月2日前（受理后 7 个工作日）答复。" in accepted.text
    assert "供水已于今天恢复。" in answered.text
    assert "请直接回复“没有解决”，工作人员会回访核实" in answered.text
    assert {message.detail["ticket"] for message in (accepted, answered)} == {ticket.number}


async def test_who_handles_it_is_named_when_it_is_dispatched(desk: Desk, ticket: Ticket) -> None:
    async with desk.database.write() as session:
        session.add(Department(key="water", name="市供水部门"))
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    assert "已派单，由市供水部门办理。" in (await told(desk))[-1].text


async def test_a_refusal_gives_the_reason_that_was_approved(desk: Desk, ticket: Ticket) -> None:
    await move(desk, ticket, Step.REFUSAL_ASKED, note="已在诉讼中，依法不予受理")
    await move(desk, ticket, Step.REFUSED, note="同意")
    (message,) = await told(desk)
    assert "理由：已在诉讼中，依法不予受理" in message.text
    assert "复核" in message.text


async def test_an_extension_names_the_new_day(desk: Desk, ticket: Ticket) -> None:
    await move(desk, ticket, *TO_ANSWER[:3], Step.EXTENSION_ASKED, Step.EXTENDED)
    assert "应在 12月7日前（受理后 7 个工作日，经批准延长 3 个工作日）答复。" in (await told(desk))[-1].text


@pytest.mark.parametrize(("channel", "delivery"), [("web", Delivery.SENT), ("wechat", Delivery.PENDING)])
async def test_news_takes_the_channel_of_the_thread(desk: Desk, channel: str, delivery: Delivery) -> None:
    async with desk.database.write() as session:
        thread = await open_thread(session, channel=channel, address="b", at=desk.clock(), new_id=desk.new_id)
    await move(desk, await filed(desk, thread), Step.ACCEPTED)
    (message,) = await told(desk)
    assert (message.thread_id, message.channel, message.delivery) == (thread.id, channel, delivery)


async def test_a_step_refused_tells_nobody(desk: Desk, ticket: Ticket) -> None:
    with pytest.raises(StepRefused):
        await move(desk, ticket, Step.RELEASED)
    assert await told(desk) == []


async def test_three_working_days_without_a_decision_accept(
    desk: Desk, ticket: Ticket, clock: HandClock
) -> None:
    clock.now = datetime(2026, 11, 26, 23, 59, tzinfo=CITY_ZONE)
    assert await ring(desk) == 0
    clock.now += timedelta(minutes=1)
    assert await ring(desk) == 0  # nobody's telephone rings at midnight
    clock.now = datetime(2026, 11, 27, 9, 0, tzinfo=CITY_ZONE)
    assert await ring(desk) == 1
    assert await ring(desk) == 0
    assert (await now_at(desk, ticket)).state is State.DEEMED
    news = (await told(desk))[0]
    assert "视为受理" in news.text and news.created_at == clock.now
    async with desk.database.read() as session:
        deemed = (await events(session, ticket.id))[-1]
    assert city_date(deemed.at) == date(2026, 11, 26)  # counted from when the time was over


async def test_what_sounds_urgent_is_taken_for_that_until_somebody_says_otherwise(
    desk: Desk, thread: Thread, clock: HandClock
) -> None:
    urgent = {**VALUES, "description": "车间燃气泄漏，味道很大"}
    told = await submit(desk, thread_id=thread.id, message_id=1, kind=Kind.COMPLAINT, values=urgent)
    assert "马上拨打 119 或 110" in told.text
    async with desk.database.read() as session:
        ticket = (await of_people(session, [thread.person_id]))[0]
    assert ticket.level is Level.URGENT
    clock.now = datetime(2026, 11, 27, 9, 0, tzinfo=CITY_ZONE)
    assert [await ring(desk) for _ in range(3)] == [1, 1, 0]  # deemed accepted, and under supervision at once
    assert (await now_at(desk, ticket)).supervised_at == clock.now


async def test_a_day_that_the_city_does_not_work_puts_it_off(desk: Desk, ticket: Ticket) -> None:
    await move(desk, ticket, Step.ACCEPTED)
    assert "应在 12月2日前" in (await told(desk))[0].text
    async with desk.database.write() as session:
        session.add(CalendarDay(day=date(2026, 11, 25), works=False, note="本市放假"))
    await move(desk, await _another(desk), Step.ACCEPTED)
    assert "应在 12月3日前" in (await told(desk))[-1].text


async def _another(desk: Desk) -> Ticket:
    async with desk.database.write() as session:
        thread = await open_thread(session, channel="web", address="c", at=desk.clock(), new_id=desk.new_id)
    await submit(desk, thread_id=thread.id, message_id=2, kind=Kind.COMPLAINT, values=VALUES)
    async with desk.database.read() as session:
        return (await of_people(session, [thread.person_id]))[0]


async def test_an_answer_is_called_back_on_the_next_working_day(
    desk: Desk, ticket: Ticket, clock: HandClock
) -> None:
    clock.now = datetime(2026, 11, 27, 16, 0, tzinfo=CITY_ZONE)
    await ring(desk)
    await move(desk, ticket, *TO_ANSWER[1:])
    for moment in (clock.now, clock.now + timedelta(days=1), clock.now + timedelta(days=2)):
        clock.now = moment
        assert await ring(desk) == 0
    clock.now = datetime(2026, 11, 30, 8, 0, tzinfo=CITY_ZONE)
    assert await ring(desk) == 1
    assert (await now_at(desk, ticket)).state is State.CALL_BACK


async def test_what_is_late_is_supervised_once_and_not_at_night(
    desk: Desk, ticket: Ticket, clock: HandClock
) -> None:
    await move(desk, ticket, *TO_ANSWER[:3])
    # Due on 2 December, a Wednesday: the third working day after it is Monday.
    for day, hour in ((3, 9), (4, 17), (5, 10), (7, 2)):
        clock.now = datetime(2026, 12, day, hour, 0, tzinfo=CITY_ZONE)
        assert await ring(desk) == 0
    clock.now = datetime(2026, 12, 7, 9, 0, tzinfo=CITY_ZONE)
    assert await ring(desk) == 1
    assert await ring(desk) == 0
    assert (await now_at(desk, ticket)).supervised_at == clock.now


async def test_what_is_over_is_archived_after_a_month(desk: Desk, ticket: Ticket, clock: HandClock) -> None:
    await move(desk, ticket, Step.ACCEPTED, Step.TERMINATED)
    clock.now += timedelta(days=40)
    assert await ring(desk) == 1
    assert (await now_at(desk, ticket)).state is State.ARCHIVED


async def test_two_processes_ring_a_clock_once(desk: Desk, ticket: Ticket, clock: HandClock) -> None:
    clock.now += timedelta(days=4)
    first, second = await ring(desk), await ring(replace(desk))
    assert (first, second) == (1, 0)
    assert len(await told(desk)) == 1


async def test_progress_hides_what_passes_between_departments(desk: Desk, ticket: Ticket) -> None:
    await move(
        desk,
        ticket,
        Step.ACCEPTED,
        Step.DISPATCHED,
        Step.RETURNED,
        Step.DISPATCHED,
        Step.SIGNED,
        Step.SUSPENDED,
    )
    async with desk.database.read() as session:
        told = progress(
            await session.get_one(Ticket, ticket.id),
            await events(session, ticket.id),
            await all_running(session, ticket.id),
        )
    assert "退单" not in told
    assert "办理已中止，期限暂停计算。" in told
    assert "中止：情况复杂" in told


async def test_progress_gives_the_reason_of_a_refusal_and_not_the_approvals_remark(
    desk: Desk, ticket: Ticket
) -> None:
    await move(desk, ticket, Step.REFUSAL_ASKED, note="已在诉讼中")
    await move(desk, ticket, Step.REFUSED, note="同意")
    async with desk.database.read() as session:
        shown = progress(await session.get_one(Ticket, ticket.id), await events(session, ticket.id), [])
    assert "不予受理：已在诉讼中" in shown
    assert "同意" not in shown


async def test_what_is_handled_again_can_be_late_again(desk: Desk, ticket: Ticket, clock: HandClock) -> None:
    await move(desk, ticket, *TO_ANSWER[:3])
    clock.now = datetime(2026, 12, 7, 9, 0, tzinfo=CITY_ZONE)
    assert await ring(desk) == 1
    await move(desk, ticket, *TO_ANSWER[3:], Step.REWORKED)
    assert (await now_at(desk, ticket)).supervised_at is None
    clock.now = datetime(2026, 12, 31, 9, 0, tzinfo=CITY_ZONE)
    assert await ring(desk) == 1


async def test_what_is_supervised_is_not_supervised_again(desk: Desk, ticket: Ticket) -> None:
    await move(desk, ticket, Step.ACCEPTED, Step.SUPERVISED)
    with pytest.raises(NotHere):
        await move(desk, ticket, Step.SUPERVISED)


async def test_the_receipt_names_the_limit_that_is_set(desk: Desk, thread: Thread) -> None:
    desk = replace(desk, limits=TimeLimits.parse("decide=5wd"))
    reply = await submit(desk, thread_id=thread.id, message_id=1, kind=Kind.COMPLAINT, values=VALUES)
    assert "11月30日前（5 个工作日内）决定是否受理" in reply.text
