"""Staff are told what waits for them: each of it once, to those whom it concerns."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from conversations import holding
from conversations.models import Holder, NoteKind, Thread
from desk.desk import Desk
from desk.reminders import clear_notices, remind
from staff.models import Account
from staff.notices import KEPT_FOR
from staff.sign_in import Door
from tests.desk.reminders.notices import (
    CODE,
    K,
    Staff,
    at,
    filed,
    kept,
    move,
    round_of,
    told,
)
from tests.fakes import HandClock
from tests.staff.people import enter
from tickets.models import Officer
from tickets.states import Step


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
    assert [one.kind for one in await kept(desk)] == [K.SUBMITTED, K.DISPATCHED, K.DISPATCHED]
    await move(desk, first, Step.SIGNED, by=staff["shui"].id)
    await move(desk, second, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, second, Step.SIGNED, by=staff["shui"].id)
    assert await remind(desk) == 0
    assert [one.read_at for one in await kept(desk)] == [desk.clock()] * 3


async def test_urging_and_sending_back_are_told_to_who_has_the_ticket(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.URGED)
    await remind(desk)
    assert await told(desk) == [("pai", "submitted"), ("pai", "urged")]
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
    await remind(desk)
    await move(desk, ticket, Step.REFUSAL_ASKED, by=staff["pai"].id)
    assert await round_of(desk) == [("du", "approval")]
    await move(desk, ticket, Step.REFUSAL_DENIED, by=staff["du"].id)
    assert await round_of(desk) == [("pai", "decided")]
    assert [one.kind for one in await kept(desk) if one.read_at is not None] == [K.APPROVAL]


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
    assert await round_of(desk) == [("pai", "submitted"), ("pai", "submitted"), ("shuiwu", "officer")]
    async with desk.database.write() as session:
        await session.execute(update(Account).where(Account.username == "shuiwu").values(active=False))
    await filed(desk, 3, credit_code=CODE)
    assert await round_of(desk) == [("guan", "officer"), ("pai", "submitted")]


async def test_who_is_at_the_desk_is_told_that_an_enterprise_waits(
    desk: Desk, staff: Staff, thread: Thread, door: Door, clock: HandClock
) -> None:
    async with desk.database.write() as session:
        row = await session.get_one(Thread, thread.id)
        row.holder, row.waiting_since = Holder.WAITING, clock.now
    await enter(door, staff["xi"])
    clock.advance(timedelta(minutes=9))
    assert await round_of(desk) == []
    clock.advance(timedelta(minutes=1))
    assert await round_of(desk) == [("xi", "waiting")]
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
    assert await round_of(desk) == [("xi", "waiting"), ("xin", "waiting")]


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
    assert await round_of(desk) == [("xin", "mention")]
    assert await round_of(desk) == []
    assert (await kept(desk))[0].text == "姓名xi在一段对话的备注里提到了您。"


async def test_who_is_given_a_talk_is_told_just_that(desk: Desk, staff: Staff, thread: Thread) -> None:
    async with desk.database.write() as session:
        await holding.take(session, thread.id, staff["xi"].id, at=desk.clock())
        await holding.hand_over(session, thread.id, staff["xi"].id, staff["xin"].id, at=desk.clock())
    assert await round_of(desk) == [("xin", "handed_over")]
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
