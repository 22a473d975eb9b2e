"""Bad ratings: who has to do something about them is told, each time once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from conversations.models import Thread
from desk.desk import Desk
from desk.reminders import remind
from desk.rules import rules
from staff.models import Account, Notice
from tests.desk.reminders.notices import K, Staff, at, filed, kept, move, round_of
from tests.fakes import HandClock
from tickets.models import Rectification, Ticket
from tickets.rectification import CaseDoing, Rated, open_case, take_case_step
from tickets.rectification_states import CASE_MOVE_OF, CaseStep
from tickets.states import Step

S = CaseStep


async def rated(
    desk: Desk, ticket: Ticket | None, thread: str | None = None, department: str | None = "water"
) -> Rectification:
    async with desk.database.write() as session:
        found = Rated(
            f"r{ticket.id if ticket else thread}", 1, desk.clock(), ticket_id=ticket.id if ticket else None,
            thread_id=thread, department=department,
        )  # fmt: skip
        return await open_case(session, found, await rules(desk, session))


async def step(desk: Desk, case: Rectification, *steps: CaseStep, by: str) -> None:
    for taken in steps:
        async with desk.database.write() as session:
            row = await session.get_one(Rectification, case.id)
            doing = CaseDoing(by, frozenset({sorted(CASE_MOVE_OF[taken].actors)[0]}), desk.clock(), "情况")
            await take_case_step(session, row, taken, doing)


async def again(desk: Desk, case: Rectification, level: int) -> None:
    await step(desk, case, S.RATED_AGAIN, by="enterprise")
    async with desk.database.write() as session:
        row = await session.get_one(Rectification, case.id)
        row.again_level, row.again_at = level, desk.clock()


async def closed(desk: Desk, staff: Staff, **values: str) -> Ticket:
    """A ticket that was answered and closed, everybody told of all that came before."""
    ticket = await filed(desk, 1, **values)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, Step.DRAFTED, by=staff["shui"].id)
    await move(desk, ticket, Step.RELEASED, Step.CALL_BACK_DUE, Step.CALLED_BACK)
    await remind(desk)
    return ticket


async def unread(desk: Desk) -> list[str]:
    return sorted({str(one.kind) for one in await kept(desk) if one.read_at is None and one.rectification})


async def test_a_department_is_told_once_of_a_bad_rating_until_somebody_gets_in_touch(
    desk: Desk, staff: Staff
) -> None:
    ticket = await closed(desk, staff)
    case = await rated(desk, ticket)
    assert await round_of(desk) == [("guan", "case"), ("shui", "case")]
    assert await round_of(desk) == []
    [notice, _] = [one for one in await kept(desk) if one.kind is K.CASE]
    assert notice.text == f"工单 {ticket.number}（供水）收到差评，请尽快联系企业。"
    assert notice.rectification == case.id
    await step(desk, case, S.TRIED, by=staff["shui"].id)
    await remind(desk)
    assert await unread(desk) == ["case"]
    await step(desk, case, S.CONTACTED, by=staff["shui"].id)
    assert await round_of(desk) == []
    assert await unread(desk) == []


async def test_of_a_confidential_ticket_only_who_signed_for_it_is_told(desk: Desk, staff: Staff) -> None:
    await rated(desk, await closed(desk, staff, confidential="是"))
    assert await round_of(desk) == [("shui", "case")]


async def test_a_talk_has_no_department_and_goes_to_supervisors_and_away_with_its_thread(
    desk: Desk, staff: Staff, thread: Thread
) -> None:
    await rated(desk, None, thread.id)
    assert await round_of(desk) == [("du", "case")]
    assert {one.thread_id for one in await kept(desk)} == {thread.id}


async def test_what_waits_for_a_decision_is_told_to_who_decides_and_settled_with_it(
    desk: Desk, staff: Staff
) -> None:
    case = await rated(desk, await closed(desk, staff))
    shui = staff["shui"].id
    await remind(desk)
    await step(desk, case, S.CONTACTED, S.FIXED, by=shui)
    assert await round_of(desk) == [("shen", "review")]
    await step(desk, case, S.SENT_BACK, by=staff["shen"].id)
    assert await round_of(desk) == [("shui", "back")]
    assert await unread(desk) == ["back"]
    await step(desk, case, S.APPEALED, by=shui)
    assert await round_of(desk) == [("du", "reexamine")]
    await step(desk, case, S.DENIED, by=staff["du"].id)
    assert await round_of(desk) == [("shui", "back")]
    await step(desk, case, S.SUBMITTED, by=shui)
    assert await round_of(desk) == [("shen", "review")]
    await step(desk, case, S.RELEASED, by=staff["shen"].id)
    assert await round_of(desk) == []
    assert await unread(desk) == []


async def test_who_put_something_forward_is_not_asked_to_decide_about_it(desk: Desk, staff: Staff) -> None:
    case = await rated(desk, await closed(desk, staff))
    await step(desk, case, S.CONTACTED, S.APPEALED, by=staff["du"].id)
    assert await round_of(desk) == []


async def test_a_bad_second_rating_is_told_and_a_good_one_is_not(desk: Desk, staff: Staff) -> None:
    shui, shen = staff["shui"].id, staff["shen"].id
    case = await rated(desk, await closed(desk, staff))
    await step(desk, case, S.CONTACTED, S.FIXED, by=shui)
    await step(desk, case, S.RELEASED, by=shen)
    await remind(desk)
    await again(desk, case, 2)
    assert await round_of(desk) == [("du", "again"), ("shui", "again")]
    other = await filed(desk, 2)
    case = await rated(desk, other)
    await step(desk, case, S.CONTACTED, S.FIXED, by=shui)
    await step(desk, case, S.RELEASED, by=shen)
    await remind(desk)
    await again(desk, case, 4)
    assert await round_of(desk) == []


async def test_its_limits_are_reminded_of_and_go_up_step_by_step(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    """Rated on Monday the 23rd: to get in touch by the 24th, mended by the 30th."""
    case = await rated(desk, await closed(desk, staff))
    assert await round_of(desk) == [("guan", "case"), ("shui", "case")]
    story = {"contact": [await at_rounds(desk, clock, at(11, day, 10)) for day in (24, 25, 26)]}
    await step(desk, case, S.CONTACTED, by=staff["shui"].id)
    assert await round_of(desk) == []
    assert await unread(desk) == []
    days = ((11, 27), (11, 30), (12, 1), (12, 2), (12, 3))
    story["mend"] = [await at_rounds(desk, clock, at(*day, 10)) for day in days]
    assert story == {
        "contact": [
            [("guan", "due"), ("shui", "due")],
            [("guan", "overdue"), ("shui", "overdue")],
            [("du", "escalated"), ("shen", "escalated")],
        ],
        "mend": [
            [("shui", "due")],
            [],
            [("shui", "overdue")],
            [("du", "escalated"), ("shen", "escalated")],
            [],
        ],
    }
    texts = [one.text.partition("）的")[2] for one in await kept(desk) if one.rectification]
    assert texts[2] == "差评联系企业期限是11月24日，请抓紧。"
    assert texts[-1] == "差评整改反馈超期 2 个工作日还没有完成，请督促。"


async def test_what_is_late_where_it_is_to_be_decided_is_told_there(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    case = await rated(desk, await closed(desk, staff))
    await step(desk, case, S.CONTACTED, S.EXPLAINED, by=staff["shui"].id)
    await remind(desk)
    assert await at_rounds(desk, clock, at(12, 1, 10)) == [("shen", "overdue")]


async def test_nothing_is_told_of_them_at_night(desk: Desk, staff: Staff, clock: HandClock) -> None:
    ticket = await closed(desk, staff)
    clock.now = at(11, 23, 20)
    case = await rated(desk, ticket)
    await step(desk, case, S.CONTACTED, S.FIXED, by=staff["shui"].id)
    await step(desk, case, S.SENT_BACK, by=staff["shen"].id)
    await step(desk, case, S.SUBMITTED, by=staff["shui"].id)
    assert await round_of(desk) == []
    clock.now = at(11, 24)
    assert await round_of(desk) == [("shen", "review")]


async def at_rounds(desk: Desk, clock: HandClock, moment: datetime) -> list[tuple[str, str]]:
    """What is told of cases at a moment, and that a second round tells nothing more."""
    clock.now = moment
    before = {one.id for one in await kept(desk)}
    await remind(desk)
    assert await round_of(desk) == []
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Account.username, Notice.kind)
            .join(Account, Account.id == Notice.account_id)
            .where(Notice.id.not_in(before), Notice.rectification.is_not(None))
        )
        return sorted((row[0], str(row[1])) for row in rows)
