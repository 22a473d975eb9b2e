"""Nothing is told at night and on holidays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from desk.desk import Desk, Reminding
from desk.reminders import remind
from tests.desk.reminders.notices import (
    K,
    Staff,
    at,
    filed,
    kept,
    move,
)
from tests.fakes import HandClock
from tickets.limits import Level
from tickets.models import CalendarDay
from tickets.states import Step


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
