"""The figures of a period against the rows themselves, counted one by one."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from conversations.models import Author, Message, Question, Rating, Thread
from conversations.threads import open_thread
from desk.desk import Desk
from desk.reports.period import Period, month_before, month_of, parse_month, parse_period
from desk.values import CHANNEL_NAMES, WEB
from store.clock import city_date
from tests.desk.reminders.notices import filed, move
from tests.desk.reports.counting import counted, rows
from tests.fakes import HandClock
from tests.tickets.test_rectification import case_of, step
from tickets.figures import open_at
from tickets.limits import Timed
from tickets.models import KIND_NAMES, Ticket, TicketClock, TicketEvent
from tickets.rectification_states import CaseStep
from tickets.states import OPEN, State, Step


async def test_the_figures_of_tickets_are_those_of_the_table(seeded: Desk, clock: HandClock) -> None:
    period = Period(city_date(clock() - timedelta(days=200)), city_date(clock() - timedelta(days=20)))
    found = await counted(seeded, period)
    tickets = await rows(seeded, Ticket)
    came = [one for one in tickets if period.first <= city_date(one.submitted_at) <= period.last]
    assert 20 < found.flow.received == len(came) < len(tickets)
    assert found.kinds == Counter(KIND_NAMES[one.kind] for one in came)
    assert found.subjects == Counter(one.subject for one in came)
    assert found.districts == Counter(one.district for one in came)
    channels = {thread.id: CHANNEL_NAMES[thread.channel] for thread in await rows(seeded, Thread)}
    assert found.ticket_channels == Counter(channels[str(one.thread_id)] for one in came)
    open_ones = [one for one in tickets if one.state in OPEN]
    assert found.standing.open == len(open_ones) > 0
    late = {
        one.ticket_id for one in await rows(seeded, TicketClock)
        if one.ended_at is None and one.due_at is not None and one.due_at < clock()
    }  # fmt: skip
    assert found.standing.overdue == len({one.id for one in open_ones} & late)


async def test_the_figures_of_steps_are_those_of_the_history(seeded: Desk, clock: HandClock) -> None:
    period = Period(city_date(clock() - timedelta(days=200)), city_date(clock() - timedelta(days=20)))
    found = await counted(seeded, period)
    events = [
        one for one in await rows(seeded, TicketEvent) if period.first <= city_date(one.at) <= period.last
    ]
    steps = Counter(one.step for one in events)
    assert found.flow.answered.count == steps[Step.RELEASED] > 10
    closing = (Step.CALLED_BACK, Step.CALL_GIVEN_UP)
    assert found.flow.closed == sum(steps[one] for one in closing) > 0
    assert found.flow.ended == steps[Step.WITHDRAWN] + steps[Step.TERMINATED]
    assert found.flow.decided == {step: steps[step] for step in (Step.ACCEPTED, Step.DEEMED, Step.REFUSED)}
    clocks = {
        (one.ticket_id, one.ended_at): one for one in await rows(seeded, TicketClock) if one.timed is Timed.HANDLE
    }  # fmt: skip
    in_time = 0
    for one in events:
        clock_of = clocks.get((one.ticket_id, one.at)) if one.step is Step.RELEASED else None
        in_time += bool(clock_of and clock_of.due_at and one.at <= clock_of.due_at)
    assert 0 < found.flow.answered.in_time == in_time <= found.flow.answered.count
    assert sum(one.answered.count for _, one in found.departments) == found.flow.answered.count
    assert sum(one.answered.in_time for _, one in found.departments) == in_time


async def test_a_ticket_that_is_closed_without_a_call_counts_as_closed(desk: Desk) -> None:
    case = await case_of(desk.database)
    async with desk.database.write() as session:
        steps = (Step.CALLED_BACK, Step.CALL_GIVEN_UP, Step.RELEASED)
        session.add_all(
            TicketEvent(
                ticket_id=case.ticket_id, step=one, by="a", at=case.rated_at, before=State.CALL_BACK, after=State.CLOSED
            )
            for one in steps
        )  # fmt: skip
    found = await counted(desk, Period(city_date(case.rated_at), city_date(case.rated_at)))
    assert found.flow.closed == 2


ANSWERED = (Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED, Step.DRAFTED, Step.RELEASED)
CLOSED = (*ANSWERED, Step.CALL_BACK_DUE, Step.CALLED_BACK)
UPHELD = (Step.REEXAMINATION_ASKED, Step.UPHELD)
REFUSAL_UPHELD = (Step.REEXAMINATION_ASKED, Step.REFUSAL_UPHELD)
AGAIN = (Step.DRAFTED, Step.RELEASED, Step.CALL_BACK_DUE, Step.CALLED_BACK)


@pytest.mark.parametrize(
    ("steps", "closed"),
    [
        ((*ANSWERED, *UPHELD), 1),
        ((*ANSWERED, Step.CALL_BACK_DUE, *UPHELD), 1),
        ((*CLOSED, *UPHELD), 1),
        ((*ANSWERED, *UPHELD, *UPHELD), 1),
        ((Step.REFUSAL_ASKED, Step.REFUSED, *REFUSAL_UPHELD), 0),
        ((Step.REFUSAL_ASKED, Step.REFUSED, *REFUSAL_UPHELD, *REFUSAL_UPHELD), 0),
        ((*CLOSED, Step.REWORKED, *AGAIN), 2),
        ((*CLOSED, Step.REEXAMINATION_ASKED, Step.OVERTURNED, *CLOSED[1:]), 2),
    ],
)
async def test_a_ticket_counts_as_closed_once_for_each_time_that_it_was_handled(
    desk: Desk, steps: tuple[Step, ...], closed: int
) -> None:
    await move(desk, await filed(desk), *steps)
    today = city_date(desk.clock())
    assert (await counted(desk, Period(today, today))).flow.closed == closed


async def test_the_figures_of_talks_are_those_of_the_questions(seeded: Desk, clock: HandClock) -> None:
    period = Period(city_date(clock() - timedelta(days=100)), city_date(clock()))
    found = await counted(seeded, period)
    asked = [
        one for one in await rows(seeded, Question) if period.first <= city_date(one.asked_at) <= period.last
    ]
    outcomes = Counter(one.outcome for one in asked)
    assert (found.asked.answered, found.asked.clarified, found.asked.unknown) == (
        outcomes["answered"], outcomes["clarify"], outcomes["unknown"],
    )  # fmt: skip
    assert found.talks.askers == len({one.thread_id for one in asked}) > 0
    by_day = Counter(city_date(one.asked_at) for one in asked)
    assert {day: one.all for day, one in found.by_day.items() if one.all} == by_day
    assert list(found.by_day) == list(period)
    assert sum(one.all for one in found.by_channel.values()) == len(asked)
    most = Counter(one.article for one in asked if one.outcome == "answered")
    assert sorted(found.most_asked.values(), reverse=True) == [count for _, count in most.most_common(10)]
    rated = [
        one
        for one in await rows(seeded, Rating)
        if one.rated_at and period.first <= city_date(one.rated_at) <= period.last
    ]
    assert found.rated.all == len(rated) > 0
    assert found.rated.content == sum((one.level or 0) >= 3 for one in rated)


async def test_a_rating_whose_appeal_was_upheld_does_not_count(desk: Desk) -> None:
    case = await case_of(desk.database)
    async with desk.database.write() as session:
        ticket = Rating(id="r1", ticket_id=case.ticket_id, level=1, rated_at=case.rated_at)
        talk = Rating(id="r2", ticket_id="another", level=4, rated_at=case.rated_at)
        session.add_all((ticket, talk))
    period = Period(city_date(case.rated_at), city_date(case.rated_at))
    found = await counted(desk, period)
    assert (found.rated.all, found.rated.content) == (2, 1)
    for taken in (CaseStep.CONTACTED, CaseStep.APPEALED, CaseStep.UPHELD):
        await step(desk.database, case, taken)
    found = await counted(desk, period)
    assert (found.rated.all, found.rated.content) == (1, 1)
    for by in (found.served.channel, found.served.subject, found.served.department):
        assert [(one.rated.all, one.rated.content) for _, one in by] == [(1, 1)]


async def test_what_was_open_at_a_moment_is_told_by_the_history(seeded: Desk, clock: HandClock) -> None:
    moment = clock() - timedelta(days=60)
    last: dict[str, TicketEvent] = {}
    for event in sorted(await rows(seeded, TicketEvent), key=lambda one: one.id):
        if event.at < moment:
            last[event.ticket_id] = event
    async with seeded.database.read() as session:
        assert await open_at(session, moment) == sum(one.after in OPEN for one in last.values())


@pytest.mark.parametrize(("hour", "minute"), [(0, 0), (0, 30), (7, 59), (8, 0), (23, 59)])
async def test_a_day_is_the_citys_and_not_the_servers(desk: Desk, hour: int, minute: int) -> None:
    day = date(2026, 11, 20)
    at = Period(day, day).since + timedelta(hours=hour, minutes=minute)
    async with desk.database.write() as session:
        thread = await open_thread(session, channel=WEB, address="somebody", at=at, new_id=desk.new_id)
        message = Message(
            thread_id=thread.id,
            author=Author.PERSON,
            channel=WEB,
            external_id="1",
            text="水费",
            created_at=at,
        )
        session.add(message)
        await session.flush()
        session.add(
            Question(message_id=message.id, thread_id=thread.id, text="水费", outcome="unknown", asked_at=at)
        )
    found = await counted(desk, Period(day - timedelta(days=1), day + timedelta(days=1)))
    assert [one.unknown for one in found.by_day.values()] == [0, 1, 0]


def test_periods_are_read_or_refused() -> None:
    assert (
        parse_month("2026-02") == month_of(date(2026, 2, 14)) == Period(date(2026, 2, 1), date(2026, 2, 28))
    )
    assert month_before(date(2026, 1, 31)) == Period(date(2025, 12, 1), date(2025, 12, 31))
    assert str(month_of(date(2026, 2, 1))) == "2026 年 2 月"
    for text in ("", "2026", "2026-13", "0000-01", "9999-12", "2026-1", "二〇二六-01", "2026-02-01"):
        assert parse_month(text) is None, text
    for first, last in (("", ""), ("2026-02-02", "2026-02-01"), ("2026-02-30", "2026-03-01"), ("0001-01-01", "0001-01-02"),
                        ("2024-01-01", "2026-01-01"), ("x", "2026-01-01")):  # fmt: skip
        assert parse_period(first, last) is None, (first, last)
