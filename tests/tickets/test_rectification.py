"""差评整改: the table is whole, its limits run in working days, what one puts forward another decides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from store.clock import CITY_ZONE
from store.database import Database
from store.workdays import Calendar
from tests.tickets.test_tickets import MONDAY, opened
from tickets.life import ENTERPRISE, Rules
from tickets.limits import TimeLimits
from tickets.models import Rectification, RectificationEvent, Ticket
from tickets.rectification import (
    TRIES,
    CaseDoing,
    CaseStepRefused,
    Rated,
    case_events,
    case_offered,
    open_case,
    recount_cases,
    take_case_step,
)
from tickets.rectification_lists import ledger
from tickets.rectification_states import (
    CASE_CLOSED,
    CASE_MOVE_OF,
    CASE_MOVES,
    CASE_OPEN,
    CASE_STATE_NAMES,
    CASE_STEP_NAMES,
    WAY_NAMES,
    CaseState,
    CaseStep,
    Way,
)
from tickets.states import Actor

S = CaseStep
MENDED = (S.CONTACTED, S.FIXED, S.RELEASED)


async def case_of(database: Database, rules: Rules | None = None) -> Rectification:
    ticket = await opened(database, 1)
    async with database.write() as session:
        rated = Rated("r1", 1, MONDAY, ticket_id=ticket.id, department="water")
        return await open_case(session, rated, rules or Rules())


async def step(
    database: Database, case: Rectification, taken: CaseStep, by: str = "", note: str = "情况", hours: int = 1
) -> Rectification:
    """Take it as somebody who may, each part a person of its own."""
    actor = sorted(CASE_MOVE_OF[taken].actors)[0]
    doing = CaseDoing(by or actor.value, frozenset({actor}), MONDAY + timedelta(hours=hours), note)
    async with database.write() as session:
        row = await session.get_one(Rectification, case.id)
        await take_case_step(session, row, taken, doing)
    return row


async def walk(database: Database, case: Rectification, steps: Sequence[CaseStep]) -> Rectification:
    for taken in steps:
        case = await step(database, case, taken)
    return case


def test_every_step_but_the_first_has_one_move_and_everything_a_name() -> None:
    assert [move.step for move in CASE_MOVES] == list(CASE_MOVE_OF)
    assert set(CASE_MOVE_OF) == set(CaseStep) - {CaseStep.OPENED}
    assert set(CASE_STATE_NAMES) == set(CaseState) == CASE_OPEN | CASE_CLOSED
    assert set(CASE_STEP_NAMES) == set(CaseStep)
    assert set(WAY_NAMES) == set(Way) == {move.way for move in CASE_MOVES if move.way}


@pytest.mark.parametrize("state", sorted(CASE_OPEN))
def test_every_case_can_come_to_its_end(state: CaseState) -> None:
    found, new = {state}, {state}
    while new:
        new = {m.after for m in CASE_MOVES if m.after and m.before & new} - found
        found |= new
    assert found & CASE_CLOSED


async def test_a_rating_has_one_case(database: Database) -> None:
    case = await case_of(database)
    async with database.write() as session:
        again = await open_case(session, Rated("r1", 1, MONDAY, ticket_id=case.ticket_id), Rules())
    assert again.id == case.id


async def test_the_limits_run_in_working_days_from_the_next_day(database: Database) -> None:
    case = await case_of(database)
    assert case.contact_by.astimezone(CITY_ZONE).date() == date(2026, 11, 24)
    assert case.rectify_by.astimezone(CITY_ZONE).date() == date(2026, 11, 30)
    assert case.due_at == case.contact_by
    case = await step(database, case, S.CONTACTED)
    assert case.due_at == case.rectify_by


async def test_the_limits_are_settings(database: Database) -> None:
    case = await case_of(database, Rules(limits=TimeLimits.parse("contact=2wd, rectify=15wd")))
    assert case.contact_by.astimezone(CITY_ZONE).date() == date(2026, 11, 25)
    assert case.rectify_by.astimezone(CITY_ZONE).date() == date(2026, 12, 14)


async def test_a_day_that_the_city_does_not_work_puts_open_cases_off(database: Database) -> None:
    case = await case_of(database)
    closed = Calendar({date(2026, 11, 24): False})
    async with database.write() as session:
        assert await recount_cases(session, closed) == 1
        assert await recount_cases(session, closed) == 0
        row = await session.get_one(Rectification, case.id)
    assert row.contact_by.astimezone(CITY_ZONE).date() == date(2026, 11, 25)
    case = await walk(database, case, MENDED)
    async with database.write() as session:
        assert await recount_cases(session, Calendar()) == 0


async def test_what_is_done_in_time_is_not_made_late_afterwards(database: Database) -> None:
    case = await step(database, await case_of(database), S.CONTACTED, hours=30)
    async with database.write() as session:
        await recount_cases(session, Calendar({date(2026, 11, 25): False}))
        row = await session.get_one(Rectification, case.id)
    assert row.contact_by.astimezone(CITY_ZONE).date() == date(2026, 11, 24)
    assert row.rectify_by.astimezone(CITY_ZONE).date() == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("steps", "state", "way"),
    [
        ((S.CONTACTED, S.FIXED, S.RELEASED), CaseState.RECTIFIED, Way.PROMPT),
        ((S.CONTACTED, S.PLANNED, S.SUBMITTED, S.RELEASED), CaseState.RECTIFIED, Way.DEADLINE),
        ((S.CONTACTED, S.EXPLAINED, S.RELEASED), CaseState.RECTIFIED, Way.EXPLAIN),
        ((S.CONTACTED, S.APPEALED, S.UPHELD), CaseState.VOIDED, Way.APPEAL),
        ((S.CONTACTED, S.APPEALED, S.DENIED, S.SUBMITTED, S.RELEASED), CaseState.RECTIFIED, Way.DEADLINE),
        ((S.CONTACTED, S.FIXED, S.SENT_BACK, S.SUBMITTED, S.RELEASED), CaseState.RECTIFIED, Way.DEADLINE),
        ((S.CONTACTED, S.EXPLAINED, S.SENT_BACK, S.SUBMITTED, S.RELEASED), CaseState.RECTIFIED, Way.DEADLINE),
        ((S.CONTACTED, S.FIXED, S.SENT_BACK, S.EXPLAINED, S.RELEASED), CaseState.RECTIFIED, Way.EXPLAIN),
    ],
)
async def test_the_four_ways_of_handling_lead_to_an_end(
    database: Database, steps: Sequence[CaseStep], state: CaseState, way: Way
) -> None:
    case = await walk(database, await case_of(database), steps)
    assert (case.state, case.way) == (state, way)
    assert case.closed_at is not None
    async with database.read() as session:
        assert [event.step for event in await case_events(session, case.id)] == [S.OPENED, *steps]
        assert case_offered(case, Actor, "somebody") == (
            (S.RATED_AGAIN,) if state is CaseState.RECTIFIED else ()
        )


async def test_who_puts_something_forward_does_not_decide_it(database: Database) -> None:
    case = await step(database, await case_of(database), S.CONTACTED, by="one")
    case = await step(database, case, S.APPEALED, by="one")
    assert S.UPHELD not in case_offered(case, Actor, "one")
    for decision in (S.UPHELD, S.DENIED):
        with pytest.raises(CaseStepRefused) as refused:
            await step(database, case, decision, by="one")
        assert "另一个人" in refused.value.text
    case = await step(database, case, S.DENIED, by="two")
    case = await step(database, case, S.SUBMITTED, by="two")
    with pytest.raises(CaseStepRefused):
        await step(database, case, S.RELEASED, by="two")


async def test_a_case_goes_on_without_the_enterprise_only_after_three_tries(database: Database) -> None:
    case = await case_of(database)
    for number in range(TRIES):
        with pytest.raises(CaseStepRefused):
            await step(database, case, S.UNREACHED)
        case = await step(database, case, S.TRIED, hours=2 * number)
    case = await step(database, case, S.UNREACHED)
    assert (case.state, case.way) == (CaseState.RECTIFYING, Way.DEADLINE)


async def test_the_next_try_is_made_at_another_time(database: Database) -> None:
    case = await step(database, await case_of(database), S.TRIED, hours=1)
    with pytest.raises(CaseStepRefused) as refused:
        await step(database, case, S.TRIED, hours=2)
    assert "隔 2 小时以上换个时间再联系" in refused.value.text
    case = await step(database, case, S.TRIED, hours=3)
    assert case.tries == 2
    case = await step(database, case, S.CONTACTED, hours=3)  # they call back themselves
    assert case.contacted_at is not None and not case.unreached


async def test_who_was_never_reached_does_not_count_as_reached(database: Database) -> None:
    case = await case_of(database)
    for number in range(TRIES):
        case = await step(database, case, S.TRIED, hours=2 * number)
    case = await step(database, case, S.UNREACHED, hours=6)
    assert case.unreached and case.contacted_at is None and case.due_at == case.rectify_by
    async with database.write() as session:
        await recount_cases(session, Calendar({date(2026, 11, 24): False}))
        row = await session.get_one(Rectification, case.id)
    assert row.contact_by == case.contact_by and row.rectify_by > case.rectify_by
    await walk(database, case, (S.SUBMITTED, S.RELEASED))
    async with database.read() as session:
        (line,) = await ledger(session, MONDAY, MONDAY + timedelta(days=1))
    assert line.unreached and line.contacted_at is None


@pytest.mark.parametrize("note", ["", "  \n"])
async def test_what_was_said_has_to_be_written_down(database: Database, note: str) -> None:
    case = await case_of(database)
    with pytest.raises(CaseStepRefused) as refused:
        await step(database, case, S.CONTACTED, note=note)
    assert "写明" in refused.value.text


async def test_the_enterprise_rates_again_once(database: Database) -> None:
    case = await walk(database, await case_of(database), MENDED)
    async with database.write() as session:
        row = await session.get_one(Rectification, case.id)
        doing = CaseDoing(ENTERPRISE, frozenset({Actor.ENTERPRISE}), MONDAY)
        await take_case_step(session, row, S.RATED_AGAIN, doing)
        row.again_level = 4
    with pytest.raises(CaseStepRefused):
        await step(database, case, S.RATED_AGAIN)


async def test_of_two_who_take_a_case_at_once_one_wins(database: Database) -> None:
    case = await case_of(database)
    outcomes = await asyncio.gather(
        *(step(database, case, S.CONTACTED, by=by) for by in ("one", "two")), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, CaseStepRefused)]
    assert len(refused) == 1 and "已联系" in refused[0].text
    async with database.read() as session:
        contacted = select(RectificationEvent).where(RectificationEvent.step == S.CONTACTED)
        assert len((await session.scalars(contacted)).all()) == 1


async def test_the_ledger_fills_itself(database: Database) -> None:
    case = await case_of(database)
    now = datetime(2026, 12, 20, 9, 0, tzinfo=CITY_ZONE)
    async with database.read() as session:
        (row,) = await ledger(session, MONDAY, MONDAY + timedelta(days=1), now=now)
        assert await ledger(session, MONDAY - timedelta(days=1), MONDAY) == []
        ticket = await session.get_one(Ticket, case.ticket_id)
    assert (row.ticket, row.enterprise, row.department) == (ticket.number, ticket.enterprise, "water")
    assert row.contact_late and row.rectify_late and row.counts
    await walk(database, case, (S.CONTACTED, S.FIXED, S.RELEASED))
    async with database.read() as session:
        (row,) = await ledger(session, MONDAY, MONDAY + timedelta(days=1), now=now)
    assert (row.state, row.way, row.measures) == (CaseState.RECTIFIED, Way.PROMPT, "情况")
    assert not (row.contact_late or row.rectify_late)


async def test_the_ledger_says_what_does_not_count_and_why(database: Database) -> None:
    case = await walk(database, await case_of(database), (S.CONTACTED, S.APPEALED))
    await step(database, case, S.UPHELD, note="评错了对象")
    async with database.read() as session:
        (row,) = await ledger(session, MONDAY, MONDAY + timedelta(days=1))
    assert not row.counts and row.appeal_reason == "评错了对象"


async def test_after_a_denied_appeal_the_ledger_shows_what_was_done(database: Database) -> None:
    case = await walk(database, await case_of(database), (S.CONTACTED, S.APPEALED))
    case = await step(database, case, S.DENIED, note="评价属实")
    shown = []
    for taken in (None, S.SUBMITTED, S.RELEASED):
        case = await step(database, case, taken, note="已换水表") if taken else case
        async with database.read() as session:
            (row,) = await ledger(session, MONDAY, MONDAY + timedelta(days=1))
        shown.append(row.appeal_reason or row.measures)
    assert shown == ["评价属实", "已换水表", "已换水表"]
