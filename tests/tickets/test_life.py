"""Steps taken with a ticket in the database: who may, what it needs, what it does to the clocks, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest

from store.clock import CITY_ZONE, city_date
from store.database import Database
from store.workdays import Calendar
from tests.tickets.test_tickets import MONDAY, opened
from tickets.conditions import Bounds
from tickets.errors import (
    Incomplete,
    NotHere,
    NothingAsked,
    NotYours,
    ReasonMissing,
    ReturnedTooOften,
    SecondPersonNeeded,
    StepRefused,
    TooLate,
)
from tickets.life import CLOCK, Doing, Rules, take
from tickets.limits import Level, Timed
from tickets.models import CalendarDay, Ticket, TicketClock, TicketEvent
from tickets.states import MOVE_OF, Actor, State, Step
from tickets.tickets import by_number, events
from tickets.timing import all_running, load_calendar, overdue, recount

ACCEPTED_AND_SIGNED = (Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED)
ANSWERED = (*ACCEPTED_AND_SIGNED, Step.DRAFTED, Step.RELEASED)


@dataclass
class Life:
    """One ticket and the moments at which things happen to it, an hour apart."""

    database: Database
    ticket: Ticket
    now: datetime = MONDAY
    rules: Rules = field(default_factory=Rules)

    async def take(self, step: Step, by: str = "", **how: object) -> TicketEvent:
        """Take a step as somebody who may, each in a part of their own unless `by` says otherwise."""
        self.now += timedelta(hours=1)
        actor = sorted(MOVE_OF[step].actors)[0]
        doing = Doing(
            by or actor.value, actor, self.now, note="因为这样", department="water", text="已经恢复。"
        )
        async with self.database.write() as session:
            ticket = await session.get_one(Ticket, self.ticket.id)
            event = await take(session, ticket, step, replace(doing, **how), self.rules)  # type: ignore[arg-type]
            self.ticket = ticket
        return event

    async def walk(self, *steps: Step) -> None:
        for step in steps:
            await self.take(step)

    async def running(self) -> dict[Timed, TicketClock]:
        async with self.database.read() as session:
            return {clock.timed: clock for clock in await all_running(session, self.ticket.id)}


@pytest.fixture
async def life(database: Database) -> Life:
    return Life(database, await opened(database, 1))


async def test_a_ticket_goes_from_its_filing_to_its_closing(life: Life) -> None:
    await life.walk(*ANSWERED, Step.CALL_BACK_DUE, Step.CALLED_BACK)
    assert set(await life.running()) == {Timed.ARCHIVE}
    await life.take(Step.ARCHIVED)
    async with life.database.read() as session:
        told = [(event.step, event.after) for event in await events(session, life.ticket.id)]
    assert told == [
        (Step.SUBMITTED, State.SUBMITTED), (Step.ACCEPTED, State.ACCEPTED), (Step.DISPATCHED, State.DISPATCHED),
        (Step.SIGNED, State.SIGNED), (Step.DRAFTED, State.REVIEW), (Step.RELEASED, State.ANSWERED),
        (Step.CALL_BACK_DUE, State.CALL_BACK), (Step.CALLED_BACK, State.CLOSED), (Step.ARCHIVED, State.ARCHIVED),
    ]  # fmt: skip
    assert await life.running() == {}


async def test_the_clocks_run_by_what_is_due_where_the_ticket_stands(life: Life) -> None:
    assert set(await life.running()) == {Timed.DECIDE}
    for step, running in (
        (Step.ACCEPTED, {Timed.DISPATCH, Timed.HANDLE}),
        (Step.DISPATCHED, {Timed.SIGN, Timed.HANDLE}),
        (Step.SIGNED, {Timed.HANDLE}),
        (Step.DRAFTED, {Timed.REVIEW, Timed.HANDLE}),
        (Step.SENT_BACK, {Timed.HANDLE}),
        (Step.DRAFTED, {Timed.REVIEW, Timed.HANDLE}),
        (Step.RELEASED, {Timed.CALL_BACK}),
        (Step.REWORKED, {Timed.HANDLE}),
    ):
        await life.take(step)
        assert set(await life.running()) == running, step


async def test_the_level_sets_the_time_for_handling(life: Life) -> None:
    await life.take(Step.ACCEPTED, level=Level.SIMPLE)
    clock = (await life.running())[Timed.HANDLE]
    assert clock.due_at is not None
    assert (city_date(clock.due_at), clock.limit) == (date(2026, 11, 30), "5wd")


async def test_a_refusal_needs_a_reason_and_a_second_person(life: Life) -> None:
    with pytest.raises(NothingAsked):
        await life.take(Step.REFUSED)
    with pytest.raises(ReasonMissing):
        await life.take(Step.REFUSAL_ASKED, note=" ")
    await life.take(Step.REFUSAL_ASKED, by="wang")
    with pytest.raises(SecondPersonNeeded):
        await life.take(Step.REFUSED, by="wang")
    await life.take(Step.REFUSED, by="li")
    assert life.ticket.state is State.REFUSED
    assert set(await life.running()) == {Timed.ARCHIVE}


async def test_a_refusal_denied_leaves_the_ticket_to_be_accepted(life: Life) -> None:
    await life.walk(Step.REFUSAL_ASKED, Step.REFUSAL_DENIED, Step.ACCEPTED)
    assert life.ticket.state is State.ACCEPTED


async def test_accepting_ends_what_was_asked_before(life: Life) -> None:
    await life.walk(Step.REFUSAL_ASKED, Step.ACCEPTED)
    with pytest.raises(NotHere):
        await life.take(Step.REFUSED)


async def test_only_its_part_may_take_a_step(life: Life) -> None:
    with pytest.raises(NotYours) as refused:
        await life.take(Step.ACCEPTED, actor=Actor.HANDLER)
    assert refused.value.text == "您的岗位不能受理。"


async def test_a_ticket_is_returned_twice_and_then_assigned(life: Life) -> None:
    await life.walk(Step.ACCEPTED, Step.DISPATCHED, Step.RETURNED)
    with pytest.raises(NotHere):
        await life.take(Step.ARBITRATED)
    await life.walk(Step.DISPATCHED, Step.RETURNED)
    with pytest.raises(ReturnedTooOften):
        await life.take(Step.DISPATCHED)
    await life.take(Step.ARBITRATED)
    with pytest.raises(ReturnedTooOften):
        await life.take(Step.RETURNED)
    await life.take(Step.SIGNED)
    with pytest.raises(NotHere):  # a ruling is changed by who rules
        await life.take(Step.REASSIGNED)
    await life.take(Step.ARBITRATED)
    with pytest.raises(ReturnedTooOften):
        await life.take(Step.RETURNED)


async def test_what_nobody_has_decided_about_is_not_ended_by_one_person(life: Life) -> None:
    with pytest.raises(NotHere):
        await life.take(Step.TERMINATED)


async def test_how_often_a_ticket_is_returned_is_a_setting(life: Life) -> None:
    life.rules = Rules(bounds=Bounds(most_returns=1))
    await life.walk(Step.ACCEPTED, Step.DISPATCHED, Step.RETURNED)
    with pytest.raises(ReturnedTooOften) as refused:
        await life.take(Step.DISPATCHED)
    assert refused.value.text.startswith("退单满 1 次")
    await life.take(Step.ARBITRATED)


async def test_what_becomes_urgent_is_signed_for_within_hours_from_then_on(life: Life) -> None:
    await life.walk(Step.ACCEPTED, Step.DISPATCHED)
    calm = (await life.running())[Timed.SIGN]
    await life.take(Step.REGRADED, level=Level.URGENT)
    clock = (await life.running())[Timed.SIGN]
    assert (clock.id, clock.limit, clock.started_at) == (calm.id, "1h", life.now)
    assert clock.due_at == life.now + timedelta(hours=1)
    await life.take(Step.REGRADED, level=Level.SIMPLE)
    assert (await life.running())[Timed.SIGN].limit == calm.limit
    await life.walk(Step.SIGNED, Step.DRAFTED)
    await life.take(Step.REGRADED, level=Level.URGENT)
    assert (await life.running())[Timed.REVIEW].due_at == life.now + timedelta(hours=1)


async def test_a_return_does_not_stop_the_handling(life: Life) -> None:
    await life.walk(Step.ACCEPTED, Step.DISPATCHED)
    before = (await life.running())[Timed.HANDLE]
    await life.walk(Step.RETURNED, Step.DISPATCHED)
    after = (await life.running())[Timed.HANDLE]
    assert (after.id, after.due_at) == (before.id, before.due_at)


async def test_an_extension_is_asked_for_in_time_and_granted_by_another(life: Life) -> None:
    await life.walk(*ACCEPTED_AND_SIGNED)
    before = (await life.running())[Timed.HANDLE].due_at
    await life.take(Step.EXTENSION_ASKED, by="zhang", days=3)
    with pytest.raises(SecondPersonNeeded):
        await life.take(Step.EXTENDED, by="zhang")
    await life.take(Step.EXTENDED)
    clock = (await life.running())[Timed.HANDLE]
    assert before is not None
    assert clock.due_at is not None
    assert city_date(clock.due_at) == Rules().calendar.add(city_date(before), 3)


async def test_an_extension_denied_changes_nothing(life: Life) -> None:
    await life.walk(*ACCEPTED_AND_SIGNED)
    before = (await life.running())[Timed.HANDLE].due_at
    await life.take(Step.EXTENSION_ASKED, days=3)
    await life.take(Step.EXTENSION_DENIED)
    assert (await life.running())[Timed.HANDLE].due_at == before


async def test_an_extension_is_not_asked_for_when_the_time_is_over(life: Life) -> None:
    await life.walk(*ACCEPTED_AND_SIGNED)
    life.now += timedelta(days=30)
    with pytest.raises(TooLate):
        await life.take(Step.EXTENSION_ASKED, days=3)


async def test_a_suspension_stops_every_clock_and_gives_the_time_back(life: Life) -> None:
    await life.walk(*ACCEPTED_AND_SIGNED)
    before = (await life.running())[Timed.HANDLE].due_at
    await life.take(Step.SUSPENDED)
    assert (await life.running())[Timed.HANDLE].due_at is None
    life.now += timedelta(days=7)
    await life.take(Step.RESUMED)
    after = (await life.running())[Timed.HANDLE].due_at
    assert before is not None
    assert after is not None
    assert city_date(after) == Rules().calendar.add(city_date(before), 5)


async def test_an_answer_is_released_by_somebody_who_did_not_write_it(life: Life) -> None:
    await life.walk(*ACCEPTED_AND_SIGNED)
    with pytest.raises(ReasonMissing):
        await life.take(Step.DRAFTED, text="  ")
    await life.take(Step.DRAFTED, by="zhang")
    with pytest.raises(SecondPersonNeeded):
        await life.take(Step.RELEASED, by="zhang")
    await life.take(Step.RELEASED, by="li")
    assert life.ticket.state is State.ANSWERED


async def test_what_an_answer_did_not_settle_is_handled_again(life: Life) -> None:
    await life.walk(*ANSWERED, Step.CALL_BACK_DUE, Step.REWORKED)
    assert (life.ticket.state, life.ticket.round, life.ticket.department) == (State.WORKING, 2, "water")


async def test_a_reexamination_begins_the_ticket_anew_or_ends_it(life: Life) -> None:
    await life.walk(Step.REFUSAL_ASKED, Step.REFUSED, Step.REEXAMINATION_ASKED, Step.OVERTURNED)
    assert (life.ticket.state, set(await life.running())) == (State.ACCEPTED, {Timed.DISPATCH, Timed.HANDLE})
    await life.walk(
        Step.DISPATCHED, Step.SIGNED, Step.DRAFTED, Step.RELEASED, Step.REEXAMINATION_ASKED, Step.UPHELD
    )
    assert (life.ticket.state, set(await life.running())) == (State.CLOSED, {Timed.ARCHIVE})


async def due_of_handling(life: Life) -> tuple[str, datetime | None]:
    clock = (await life.running())[Timed.HANDLE]
    return clock.limit, clock.due_at and clock.due_at.astimezone(CITY_ZONE)


async def test_another_level_counts_days_from_the_acceptance_and_hours_from_now(life: Life) -> None:
    await life.take(Step.DEEMED, by=CLOCK)
    await life.walk(Step.DISPATCHED, Step.SIGNED)
    life.now += timedelta(days=1)
    await life.take(Step.REGRADED, level=Level.SIMPLE)
    assert await due_of_handling(life) == ("5wd", datetime(2026, 11, 30, 23, 59, 59, tzinfo=CITY_ZONE))
    await life.take(Step.REGRADED, level=Level.URGENT)
    assert await due_of_handling(life) == ("2h", life.now + timedelta(hours=2))
    await life.walk(Step.SUSPENDED, Step.RESUMED)
    assert await due_of_handling(life) == ("2h", life.now + timedelta(hours=1))
    life.now += timedelta(days=1)
    await life.take(Step.REGRADED, level=Level.GENERAL)
    assert await due_of_handling(life) == ("7wd", datetime(2026, 12, 2, 23, 59, 59, tzinfo=CITY_ZONE))


async def test_an_extension_and_a_suspension_stay_where_the_level_is_changed(life: Life) -> None:
    await life.walk(*ACCEPTED_AND_SIGNED)
    await life.take(Step.EXTENSION_ASKED, days=3)
    await life.walk(Step.EXTENDED, Step.SUSPENDED)
    await life.take(Step.REGRADED, level=Level.SIMPLE)
    assert await due_of_handling(life) == ("5wd", None)
    await life.take(Step.RESUMED)
    assert await due_of_handling(life) == ("5wd", datetime(2026, 12, 3, 23, 59, 59, tzinfo=CITY_ZONE))


async def test_a_level_is_changed_to_another_one_and_not_after_the_answer(life: Life) -> None:
    with pytest.raises(NotHere):
        await life.take(Step.REGRADED, level=Level.SIMPLE)
    await life.walk(*ACCEPTED_AND_SIGNED)
    for level in (None, Level.GENERAL):
        with pytest.raises(Incomplete):
            await life.take(Step.REGRADED, level=level)
    with pytest.raises(ReasonMissing):
        await life.take(Step.REGRADED, level=Level.SIMPLE, note=" ")
    await life.walk(Step.DRAFTED, Step.RELEASED)
    with pytest.raises(NotHere):
        await life.take(Step.REGRADED, level=Level.SIMPLE)


async def test_an_upheld_refusal_stays_one_and_is_nothing_that_was_closed(life: Life) -> None:
    await life.walk(Step.REFUSAL_ASKED, Step.REFUSED, Step.REEXAMINATION_ASKED)
    with pytest.raises(NotHere):
        await life.take(Step.UPHELD)
    await life.take(Step.REFUSAL_UPHELD)
    assert (life.ticket.state, set(await life.running())) == (State.REFUSED, {Timed.ARCHIVE})


async def test_what_was_answered_is_no_refusal_to_uphold(life: Life) -> None:
    await life.walk(*ANSWERED, Step.REEXAMINATION_ASKED)
    with pytest.raises(NotHere):
        await life.take(Step.REFUSAL_UPHELD)


async def test_what_nobody_decided_in_time_is_overdue_and_deemed_accepted(life: Life) -> None:
    end = datetime(2026, 11, 26, 23, 59, 59, tzinfo=CITY_ZONE)
    async with life.database.read() as session:
        assert await overdue(session, Timed.DECIDE, end) == []
        late = await overdue(session, Timed.DECIDE, end + timedelta(seconds=1))
    assert [clock.ticket_id for clock in late] == [life.ticket.id]
    await life.take(Step.DEEMED, by=CLOCK)
    assert life.ticket.state is State.DEEMED


async def test_a_loaded_calendar_counts_what_runs_anew(life: Life) -> None:
    async with life.database.write() as session:
        session.add(CalendarDay(day=date(2026, 11, 24), works=False, note="本市放假"))
    async with life.database.write() as session:
        calendar = await load_calendar(session)
        assert calendar == Calendar({date(2026, 11, 24): False})
        assert await recount(session, calendar) == 1
        assert await recount(session, calendar) == 0
    due = (await life.running())[Timed.DECIDE].due_at
    assert due is not None
    assert city_date(due) == date(2026, 11, 27)


async def test_of_two_who_take_one_step_one_is_told_that_somebody_was_faster(life: Life) -> None:
    async def accept(by: str) -> str:
        async with life.database.write() as session:
            ticket = await by_number(session, life.ticket.number)
            assert ticket is not None
            doing = Doing(by, Actor.DISPATCHER, MONDAY + timedelta(hours=1))
            try:
                await take(session, ticket, Step.ACCEPTED, doing, Rules())
            except NotHere:
                return "late"
            return "first"

    assert sorted(await asyncio.gather(*(accept(f"d{n}") for n in range(6)))) == ["first", *["late"] * 5]
    async with life.database.read() as session:
        assert [event.step for event in await events(session, life.ticket.id)] == [
            Step.SUBMITTED,
            Step.ACCEPTED,
        ]


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.TERMINATED])
async def test_an_ended_ticket_takes_nothing_but_its_archiving(life: Life, state: State) -> None:
    await life.take(Step.ACCEPTED)
    await life.take(Step(state.value))
    for step in set(MOVE_OF) - {Step.ARCHIVED}:
        with pytest.raises(StepRefused):
            await life.take(step)
    await life.take(Step.ARCHIVED)


async def test_a_ticket_in_hand_is_handed_on_and_its_time_runs_on(database: Database) -> None:
    life = Life(database, await opened(database, 1))
    await life.walk(*ACCEPTED_AND_SIGNED)
    async with database.read() as session:
        before = {clock.timed: clock.due_at for clock in await all_running(session, life.ticket.id)}
    await life.take(Step.REASSIGNED, department="gas")
    async with database.read() as session:
        after = {clock.timed: clock.due_at for clock in await all_running(session, life.ticket.id)}
    assert (life.ticket.state, life.ticket.department, life.ticket.handler) == (State.DISPATCHED, "gas", None)
    assert set(after) == {Timed.HANDLE, Timed.SIGN} and after[Timed.HANDLE] == before[Timed.HANDLE]
