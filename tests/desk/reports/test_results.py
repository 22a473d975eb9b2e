"""What came of tickets, counted once more from the rows themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from desk.desk import Desk
from desk.reports.period import Period
from desk.reports.served import NOBODY
from store.clock import city_date
from tests.desk.casework import move_ticket
from tests.desk.reminders.notices import filed, move
from tests.desk.reports.counting import counted, rows
from tests.fakes import HandClock
from tickets.call_back import Called
from tickets.life import Doing
from tickets.limits import Timed
from tickets.models import Ticket, TicketClock, TicketEvent
from tickets.results import Results, results, sum_of
from tickets.states import Actor, State, Step

ANSWERED = (Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED, Step.DRAFTED, Step.RELEASED)


async def _call_again(desk: Desk, many: int) -> None:
    """So many of the tickets are called back once more, a day later and with other answers."""
    async with desk.database.write() as session:
        first = await session.scalars(
            select(TicketEvent).where(TicketEvent.solved.is_not(None)).order_by(TicketEvent.id).limit(many)
        )
        for number, event in enumerate(list(first)):
            session.add(
                TicketEvent(
                    ticket_id=event.ticket_id, step=Step.CALLED_BACK, by="a", before=State.CALL_BACK, after=State.CLOSED,
                    at=event.at + timedelta(days=1), solved=number % 3 > 0, satisfied=number % 2 > 0,
                )
            )  # fmt: skip


def _in_time(clocks: Sequence[TicketClock], releases: set[tuple[str, datetime]]) -> Counter[str]:
    """Of clocks that ran out: `due`, `in_time`; by ticket and what."""
    found: Counter[str] = Counter()
    for one in clocks:
        answered = one.ended_at is not None and (one.ticket_id, one.ended_at) in releases
        assert one.due_at is not None
        late = one.ended_at is None or one.ended_at > one.due_at
        if late or answered:
            found[f"{one.ticket_id} due"] += 1
            found[f"{one.ticket_id} in_time"] += not late
    return found


async def test_the_results_are_those_of_the_tickets_table(seeded: Desk, clock: HandClock) -> None:
    await _call_again(seeded, 30)
    period = Period(city_date(clock() - timedelta(days=300)), city_date(clock()))
    found = await counted(seeded, period)
    events = await rows(seeded, TicketEvent)
    last: dict[str, TicketEvent] = {}
    for event in sorted(events, key=lambda one: one.at):
        if event.called and period.since <= event.at < period.until:
            last[event.ticket_id] = event
    ran_out = [
        one for one in await rows(seeded, TicketClock)
        if one.timed is Timed.HANDLE and one.due_at is not None and period.since <= one.due_at < clock()
    ]  # fmt: skip
    releases = {(one.ticket_id, one.at) for one in events if one.step is Step.RELEASED}
    handled = _in_time(ran_out, releases)
    tickets = await rows(seeded, Ticket)
    by_department: dict[str, Results] = {}
    for key in sorted({one.department or "" for one in tickets}):
        its = {one.id for one in tickets if (one.department or "") == key}
        calls = [event for ticket, event in last.items() if ticket in its]
        came = Results(
            sum(handled[f"{one} due"] for one in its), sum(handled[f"{one} in_time"] for one in its),
            len(calls), sum(bool(one.solved) for one in calls), sum(bool(one.satisfied) for one in calls),
        )  # fmt: skip
        if came != Results():
            by_department[key] = came
    async with seeded.database.read() as session:
        assert await results(session, period.since, period.until, clock()) == by_department
    assert found.result == sum_of(by_department.values())
    assert 0 < found.result.in_time < found.result.due
    assert 20 < found.result.solved < found.result.reached and found.result.satisfied < found.result.reached
    assert found.result.reached < sum(one.called is not None for one in events), "nobody was called twice"


async def _call(desk: Desk, ticket: Ticket, step: Step, *, solved: bool) -> None:
    doing = Doing("li", Actor.AGENT, desk.clock(), "情况", called=Called(solved, not solved))
    await move_ticket(desk, ticket.id, step, doing)


async def test_the_last_call_back_of_a_period_counts(desk: Desk, clock: HandClock) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, *ANSWERED, Step.CALL_BACK_DUE)
    first = city_date(clock())
    await _call(desk, ticket, Step.REWORKED, solved=False)
    clock.advance(timedelta(days=1))
    await move(desk, ticket, Step.DRAFTED, Step.RELEASED, Step.CALL_BACK_DUE)
    await _call(desk, ticket, Step.CALLED_BACK, solved=True)
    second = city_date(clock())
    for period, solved in (
        (Period(first, first), 0),
        (Period(second, second), 1),
        (Period(first, second), 1),
    ):
        came = (await counted(desk, period)).result
        assert (came.reached, came.solved, came.satisfied) == (1, solved, 1 - solved), period


@pytest.mark.parametrize(
    ("steps", "late", "due", "in_time"),
    [
        (ANSWERED, (), 1, 1),
        (ANSWERED[:4], ANSWERED[4:], 1, 0),  # the answer came too late
        (ANSWERED[:3], (), 1, 0),  # there is none
        ((*ANSWERED[:3], Step.WITHDRAWN), (), 0, 0),
        ((*ANSWERED[:3], Step.TERMINATED), (), 0, 0),
        (ANSWERED[:3], (Step.WITHDRAWN,), 1, 0),
        ((*ANSWERED[:3], Step.SUSPENDED), (), 0, 0),
        ((), (), 0, 0),
        # Handled twice: each time counts.
        ((*ANSWERED, Step.REWORKED, Step.DRAFTED, Step.RELEASED), (), 2, 2),
        ((*ANSWERED, Step.REWORKED), (Step.DRAFTED, Step.RELEASED), 2, 1),
    ],
)
async def test_what_ran_out_was_answered_in_time_or_not(
    desk: Desk, clock: HandClock, steps: tuple[Step, ...], late: tuple[Step, ...], due: int, in_time: int
) -> None:
    ticket, begun = await filed(desk), city_date(clock())
    await move(desk, ticket, *steps)
    period = Period(begun, begun + timedelta(days=60))
    assert (await counted(desk, period)).result.due == 0, "nothing has run out yet"
    clock.advance(timedelta(days=30))
    await move(desk, ticket, *late)
    found = await counted(desk, period)
    assert (found.result.due, found.result.in_time) == (due, in_time)
    assert [name for name, _ in found.results] == ["water" if steps else NOBODY] * bool(due)
