"""Staff are told what waits for them: each of it once, to those whom it concerns, and nothing at night or on holidays."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, select, update
from stdnum.cn import uscc

from conversations import holding
from conversations.models import Holder, NoteKind, Thread
from conversations.threads import open_thread
from desk.complaints import submit
from desk.desk import Desk, Reminding
from desk.reminders import clear_notices, remind
from staff.departments import add_departments
from staff.models import Account, Notice, NoticeKind
from staff.notices import KEPT_FOR
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.clock import CITY_ZONE
from tests.desk.casework import move_ticket
from tests.fakes import HandClock
from tests.staff.people import employ, enter
from tickets.life import Doing
from tickets.limits import Level
from tickets.models import CalendarDay, Kind, Officer, Ticket
from tickets.states import MOVE_OF, Step

VALUES: Mapping[str, str] = {
    "enterprise": "平顶山某某商贸有限公司", "credit_code": "-", "contact": "李经理", "phone": "+8613800000000",
    "district": "新华区", "subject": "供水", "description": "停水三天没有人管", "wanted": "尽快恢复", "confidential": "否",
}  # fmt: skip
STAFF = {
    "pai": (Role.DISPATCHER, None), "shui": (Role.HANDLER, "water"), "guan": (Role.HANDLER, "water"), "shen": (Role.REVIEWER, None),
    "du": (Role.SUPERVISOR, None), "xi": (Role.AGENT, None), "xin": (Role.AGENT, None), "shuiwu": (Role.HANDLER, "tax"),
}  # fmt: skip
K = NoticeKind
CODE = "91410400MA0000001" + str(uscc.calc_check_digit("91410400MA0000001"))
LIMITS = {K.DUE, K.OVERDUE, K.ESCALATED}
Staff = dict[str, Account]
Told = list[tuple[str, str]]


def at(month: int, day: int, hour: int = 9, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CITY_ZONE)


@pytest.fixture
def door(desk: Desk) -> Door:
    hashing = Hashing(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    return Door(desk.database, hashing, policy, desk.clock, desk.new_id)


@pytest.fixture
async def staff(desk: Desk, door: Door) -> Staff:
    async with desk.database.write() as session:
        await add_departments(session)
    return {name: await employ(door, name, role, department=where) for name, (role, where) in STAFF.items()}


async def filed(desk: Desk, number: int = 1, **values: str) -> Ticket:
    async with desk.database.write() as session:
        thread = await open_thread(
            session, channel="web", address=f"somebody{number}", at=desk.clock(), new_id=desk.new_id
        )
    await submit(
        desk, thread_id=thread.id, message_id=number, kind=Kind.COMPLAINT, values={**VALUES, **values}
    )
    async with desk.database.read() as session:
        return (await session.scalars(select(Ticket).where(Ticket.thread_id == thread.id))).one()


async def move(desk: Desk, ticket: Ticket, *steps: Step, by: str = "", level: Level = Level.GENERAL) -> None:
    for step in steps:
        actor = sorted(MOVE_OF[step].actors)[0]
        doing = Doing(
            by or actor.value, actor, desk.clock(), "情况复杂", level=level, department="water", days=3,
            text="供水已于今天恢复。",
        )  # fmt: skip
        await move_ticket(desk, ticket.id, step, doing)


async def told(desk: Desk) -> Told:
    """Who was told of what, in order of the names; forgotten at once, so that the next question begins anew."""
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Account.username, Notice.kind).join(Account, Account.id == Notice.account_id)
        )
        found = sorted((row[0], str(row[1])) for row in rows)
    async with desk.database.write() as session:
        await session.execute(update(Notice).values(account_id=select(Account.id).limit(1).scalar_subquery()))
        await session.execute(delete(Notice))
    return found


async def kept(desk: Desk) -> list[Notice]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Notice).order_by(Notice.id)))


async def test_a_department_is_told_once_that_a_ticket_has_come(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    assert await remind(desk) == 2
    assert await remind(desk) == 0
    assert {(one.account_id, one.kind) for one in await kept(desk)} == {
        (staff["shui"].id, K.DISPATCHED),
        (staff["guan"].id, K.DISPATCHED),
    }
    text = (await kept(desk))[0].text
    assert text == f"投诉 {ticket.number}（供水）已派给本部门，请签收。"
    assert "某某" not in text and "李经理" not in text


async def test_what_was_signed_for_meanwhile_is_told_to_nobody_and_an_old_notice_of_it_counts_as_read(
    desk: Desk, staff: Staff
) -> None:
    first, second = await filed(desk), await filed(desk, 2)
    await move(desk, first, Step.ACCEPTED, Step.DISPATCHED)
    await remind(desk)
    await move(desk, first, Step.SIGNED, by=staff["shui"].id)
    await move(desk, second, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, second, Step.SIGNED, by=staff["shui"].id)
    assert await remind(desk) == 0
    assert [one.read_at for one in await kept(desk)] == [desk.clock()] * 2


async def test_urging_and_sending_back_are_told_to_who_has_the_ticket(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.URGED)
    await remind(desk)
    assert await told(desk) == [("pai", "urged")]
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    await remind(desk)
    await told(desk)
    await move(desk, ticket, Step.DRAFTED, by=staff["shui"].id)
    await remind(desk)
    assert ("shen", "review") in await told(desk)
    await move(desk, ticket, Step.SENT_BACK, Step.SUPERVISED)
    await remind(desk)
    assert {("shui", "back"), ("shui", "supervised")} <= set(await told(desk))


async def test_an_approval_is_told_to_those_who_decide_it(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.REFUSAL_ASKED, by=staff["pai"].id)
    assert await remind(desk) == 1
    assert [(one.account_id, one.kind) for one in await kept(desk)] == [(staff["du"].id, K.APPROVAL)]
    await move(desk, ticket, Step.REFUSAL_DENIED)
    await remind(desk)
    assert (await kept(desk))[0].read_at is not None


async def test_nothing_is_told_at_night_and_all_of_it_when_the_office_opens(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    clock.now = at(11, 23, 20)
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    for moment in (at(11, 23, 20), at(11, 24, 3), at(11, 24, 8, 59)):
        clock.now = moment
        assert await remind(desk) == 0
    clock.now = at(11, 24)
    assert await remind(desk) == 2


@pytest.mark.parametrize(
    ("happens", "silent", "opens"),
    [
        # The Spring Festival of 2026: off from Sunday 15 February to Monday 23 February, worked on Saturday the 14th and 28th.
        (at(2, 14, 18), [at(2, 15, 10), at(2, 19, 10), at(2, 23, 16)], at(2, 24)),
        (at(2, 13, 18), [at(2, 14, 8, 59)], at(2, 14)),
        # National Day: the Saturday after it is worked.
        (at(9, 30, 18), [at(10, 1, 10), at(10, 7, 10)], at(10, 8)),
        (at(10, 9, 18), [], at(10, 10)),
        # An ordinary weekend, and the hour at noon.
        (at(11, 27, 18), [at(11, 28, 10), at(11, 29, 10)], at(11, 30)),
        (at(11, 23, 12, 1), [at(11, 23, 12, 30)], at(11, 23, 13)),
    ],
)
async def test_notices_are_held_over_holidays_weekends_and_noon(
    happens: datetime, silent: list[datetime], opens: datetime, desk: Desk, staff: Staff, clock: HandClock
) -> None:
    clock.now = happens
    await move(desk, await filed(desk), Step.ACCEPTED, Step.DISPATCHED)
    for clock.now in silent:
        assert await remind(desk) == 0
    clock.now = opens
    assert await remind(desk) >= 2


async def test_a_day_that_the_city_made_a_holiday_is_silent_too(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    async with desk.database.write() as session:
        session.add(CalendarDay(day=at(11, 24).date(), works=False, note="市政府办公室通知"))
    await move(desk, await filed(desk), Step.ACCEPTED, Step.DISPATCHED)
    clock.now = at(11, 24, 10)
    assert await remind(desk) == 0
    clock.now = at(11, 25, 9)
    assert await remind(desk) > 0


async def test_urgent_tickets_are_told_of_at_night_only_where_that_is_set(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    clock.now = at(11, 23, 22)
    urgent, general = await filed(desk), await filed(desk, 2)
    await move(desk, urgent, Step.ACCEPTED, Step.DISPATCHED, level=Level.URGENT)
    await move(desk, general, Step.ACCEPTED, Step.DISPATCHED)
    assert await remind(desk) == 0
    exempt = replace(desk, reminding=Reminding(urgent_at_night=True))
    assert await remind(exempt) > 0
    assert {one.ticket for one in await kept(desk)} == {urgent.number}
    assert await remind(exempt) == 0
    clock.now = at(11, 24)
    await remind(exempt)
    of_general = [one for one in await kept(desk) if one.ticket == general.number]
    assert {one.kind for one in of_general} >= {K.DISPATCHED}


async def test_a_limit_is_reminded_of_before_it_is_over_then_goes_up_step_by_step(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    story = {}
    for day in (24, 25, 26, 27, 30):
        clock.now = at(11, day)
        story[f"11-{day}"] = await _round(desk)
    for day in (1, 2, 3, 4, 7):
        clock.now = at(12, day)
        story[f"12-{day}"] = await _round(desk)
    assert {day: what for day, what in story.items() if what} == {
        "12-1": [("shui", "due")],  # due on the 2nd
        "12-3": [("shui", "overdue")],
        "12-4": [("shen", "escalated")],
    }
    texts = [one.text for one in await kept(desk)]
    what = f"投诉 {ticket.number}（供水）的办结答复"
    assert texts == [
        f"{what}期限是12月2日，请抓紧。",
        f"{what}已超期 1 个工作日，请尽快办理。",
        f"{what}超期 2 个工作日还没有完成，请督促。",
    ]


async def _round(desk: Desk) -> Told:
    before = {one.id for one in await kept(desk)}
    await remind(desk)
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Account.username, Notice.kind)
            .join(Account, Account.id == Notice.account_id)
            .where(Notice.id.not_in(before))
        )
        return sorted((row[0], str(row[1])) for row in rows)


async def test_an_extended_limit_is_reminded_of_anew(desk: Desk, staff: Staff, clock: HandClock) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    clock.now = at(12, 1)
    assert ("shui", "due") in await _round(desk)
    await move(desk, ticket, Step.EXTENSION_ASKED, by=staff["shui"].id)
    await move(desk, ticket, Step.EXTENDED, by=staff["du"].id)
    clock.now = at(12, 2)
    assert await _round(desk) == []
    clock.now = at(12, 4)
    assert await _round(desk) == [("shui", "due")]


async def test_a_notice_of_a_limit_is_settled_with_its_own_limit(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    """The limits for signing and handling end one after the other; that for filing away goes on for a month."""
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    clock.now = at(11, 25)
    await remind(desk)
    assert {one.kind for one in await kept(desk) if one.read_at is None} >= {K.OVERDUE}
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    await remind(desk)
    assert {one.kind for one in await kept(desk) if one.read_at is None} & LIMITS == set()
    clock.now = at(12, 4)
    await remind(desk)
    assert {one.kind for one in await kept(desk) if one.read_at is None} & LIMITS == {K.OVERDUE, K.ESCALATED}
    await move(desk, ticket, Step.STARTED, Step.DRAFTED, by=staff["shui"].id)
    await move(desk, ticket, Step.RELEASED, by=staff["shen"].id)
    await move(desk, ticket, Step.CALL_BACK_DUE, Step.CALLED_BACK)
    await remind(desk)
    assert [one.kind for one in await kept(desk) if one.read_at is None and one.kind in LIMITS] == []


async def test_an_extension_settles_what_was_told_of_the_shorter_limit(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    clock.now = at(12, 1)
    await remind(desk)
    assert [one.kind for one in await kept(desk) if one.read_at is None] == [K.DUE]
    await move(desk, ticket, Step.EXTENSION_ASKED, by=staff["shui"].id)
    await move(desk, ticket, Step.EXTENDED, by=staff["du"].id)
    await remind(desk)
    assert K.DUE not in {one.kind for one in await kept(desk) if one.read_at is None}


async def test_a_short_limit_is_reminded_of_when_half_of_it_is_gone(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    await move(desk, await filed(desk), Step.ACCEPTED, Step.DISPATCHED)
    clock.now = at(11, 23, 15)
    assert {kind for _, kind in await _round(desk)} == {"dispatched"}
    clock.now = at(11, 24, 10)
    assert await _round(desk) == [("guan", "due"), ("shui", "due")]


async def test_a_confidential_ticket_is_told_of_to_nobody_who_may_not_see_it(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    ticket = await filed(desk, confidential="是", credit_code=CODE)
    async with desk.database.write() as session:
        session.add(
            Officer(
                credit_code=CODE, enterprise="某某公司", officer=staff["shuiwu"].id, changed_at=desk.clock()
            )
        )
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    for day in (23, 24, 30):
        clock.now = at(11, day, 10)
        await remind(desk)
    clock.now = at(12, 4, 10)
    await remind(desk)
    seeing = {staff[name].id for name in ("shui", "pai", "shen", "du")}
    assert {one.account_id for one in await kept(desk)} <= seeing


async def test_an_officer_is_told_of_the_tickets_of_their_enterprise_and_the_deputy_where_they_are_gone(
    desk: Desk, staff: Staff
) -> None:
    async with desk.database.write() as session:
        session.add(
            Officer(
                credit_code=CODE,
                enterprise="某某公司",
                officer=staff["shuiwu"].id,
                deputy=staff["guan"].id,
                changed_at=desk.clock(),
            )
        )
    await filed(desk, 1, credit_code=CODE)
    await filed(desk, 2)
    assert await _round(desk) == [("shuiwu", "officer")]
    async with desk.database.write() as session:
        await session.execute(update(Account).where(Account.username == "shuiwu").values(active=False))
    await filed(desk, 3, credit_code=CODE)
    assert await _round(desk) == [("guan", "officer")]


async def test_who_is_at_the_desk_is_told_that_an_enterprise_waits(
    desk: Desk, staff: Staff, thread: Thread, door: Door, clock: HandClock
) -> None:
    async with desk.database.write() as session:
        row = await session.get_one(Thread, thread.id)
        row.holder, row.waiting_since = Holder.WAITING, clock.now
    await enter(door, staff["xi"])
    clock.advance(timedelta(minutes=9))
    assert await _round(desk) == []
    clock.advance(timedelta(minutes=1))
    assert await _round(desk) == [("xi", "waiting")]
    async with desk.database.write() as session:
        (await session.get_one(Thread, thread.id)).holder = Holder.STAFF
    await remind(desk)
    assert (await kept(desk))[0].read_at == clock.now


async def test_where_nobody_is_at_the_desk_every_agent_is_told(
    desk: Desk, staff: Staff, thread: Thread, clock: HandClock
) -> None:
    async with desk.database.write() as session:
        row = await session.get_one(Thread, thread.id)
        row.holder, row.waiting_since = Holder.WAITING, clock.now
    clock.advance(timedelta(minutes=10))
    assert await _round(desk) == [("xi", "waiting"), ("xin", "waiting")]


async def test_who_is_called_in_a_note_is_told_once(desk: Desk, staff: Staff, thread: Thread) -> None:
    async with desk.database.write() as session:
        await holding.note(
            session,
            thread.id,
            NoteKind.WRITTEN,
            by=staff["xi"].id,
            at=desk.clock(),
            text="请看",
            mentions=[staff["xin"].id, staff["xin"].id, staff["xi"].id],
        )
    assert await _round(desk) == [("xin", "mention")]
    assert await _round(desk) == []
    assert (await kept(desk))[0].text == "姓名xi在一段对话的备注里提到了您。"


async def test_who_is_given_a_talk_is_told_just_that(desk: Desk, staff: Staff, thread: Thread) -> None:
    async with desk.database.write() as session:
        await holding.take(session, thread.id, staff["xi"].id, at=desk.clock())
        await holding.hand_over(session, thread.id, staff["xi"].id, staff["xin"].id, at=desk.clock())
    assert await _round(desk) == [("xin", "handed_over")]
    [notice] = await kept(desk)
    assert (
        notice.text == f"{staff['xi'].name}把一段对话转给了您，请接着接待。" and notice.thread_id == thread.id
    )


async def test_two_processes_at_once_tell_each_thing_once(desk: Desk, staff: Staff) -> None:
    for number in range(1, 6):
        await move(desk, await filed(desk, number), Step.ACCEPTED, Step.DISPATCHED)
    counts = await asyncio.gather(*(remind(replace(desk)) for _ in range(4)))
    keys = [(one.account_id, one.kind, one.occasion) for one in await kept(desk)]
    assert len(keys) == len(set(keys)) == sum(counts) == 10


async def test_old_notices_are_deleted(desk: Desk, staff: Staff, clock: HandClock) -> None:
    await move(desk, await filed(desk), Step.ACCEPTED, Step.DISPATCHED)
    await remind(desk)
    clock.advance(KEPT_FOR)
    await clear_notices(desk)
    assert len(await kept(desk)) == 2
    clock.advance(timedelta(seconds=1))
    await clear_notices(desk)
    assert await kept(desk) == []
