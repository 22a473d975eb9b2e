"""When limits end: working days from the next day on, holidays, working weekends, suspensions, extensions."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.clock import CITY_ZONE, city_date
from store.workdays import ANNOUNCED, Calendar
from tickets.clocks import Pause, due_at
from tickets.limits import Level, Limit, Timed, TimeLimits, Unit

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 30), timezones=st.just(CITY_ZONE))
COUNTS = st.integers(0, 40)
HOURS = st.integers(1, 400)


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CITY_ZONE)


def day_due(limit: Limit, started: datetime, **how: object) -> date:
    due = due_at(limit, started, ANNOUNCED, **how)  # type: ignore[arg-type]
    assert due is not None
    return city_date(due)


@pytest.mark.parametrize(
    ("started", "count", "due"),
    [
        (at(1, 2), 1, date(2026, 1, 4)),  # the Sunday after New Year is worked
        (at(2, 13), 1, date(2026, 2, 14)),
        (at(2, 14), 1, date(2026, 2, 24)),  # nine days of Spring Festival
        (at(2, 27), 1, date(2026, 2, 28)),
        (at(5, 8), 1, date(2026, 5, 9)),
        (at(9, 19), 1, date(2026, 9, 20)),
        (at(10, 9), 1, date(2026, 10, 10)),
        (at(9, 30), 3, date(2026, 10, 10)),  # over National Day: 8, 9 and the working Saturday
        (at(11, 20, 23, 59), 3, date(2026, 11, 25)),
    ],
)
def test_limits_of_2026(started: datetime, count: int, due: date) -> None:
    assert day_due(Limit(count), started) == due


def test_a_day_ends_at_its_end() -> None:
    assert due_at(Limit(1), at(11, 23), ANNOUNCED) == at(11, 24, 23, 59).replace(second=59)


def test_hours_run_round_the_clock() -> None:
    assert due_at(Limit(2, Unit.HOURS), at(11, 21, 23), ANNOUNCED) == at(11, 22, 1)


def test_a_month_ends_on_the_same_day_or_on_the_next_working_day() -> None:
    assert day_due(Limit(1, Unit.MONTHS), at(10, 23)) == date(2026, 11, 23)
    assert day_due(Limit(1, Unit.MONTHS), at(9, 3)) == date(2026, 10, 8)
    assert day_due(Limit(1, Unit.MONTHS), at(8, 31)) == date(2026, 9, 30)


def test_what_is_suspended_is_not_due() -> None:
    assert due_at(Limit(3), at(11, 23), ANNOUNCED, pauses=[Pause(at(11, 24))]) is None


def test_what_is_suspended_and_resumed_on_one_day_loses_nothing() -> None:
    pause = Pause(at(11, 24, 9), at(11, 24, 16))
    assert day_due(Limit(3), at(11, 23), pauses=[pause]) == day_due(Limit(3), at(11, 23))


def test_an_extension_adds_working_days() -> None:
    assert day_due(Limit(3), at(9, 28), extra=2) == day_due(Limit(5), at(9, 28))


def test_a_local_day_off_moves_what_is_due() -> None:
    local = Calendar({date(2026, 11, 24): False})
    assert due_at(Limit(1), at(11, 23), local) == due_at(Limit(2), at(11, 23), ANNOUNCED)


@given(MOMENTS, COUNTS.filter(bool))
def test_what_counts_working_days_is_due_on_one(started: datetime, count: int) -> None:
    due = day_due(Limit(count), started)
    assert ANNOUNCED.is_workday(due)
    assert ANNOUNCED.count(city_date(started), due) == count


@given(MOMENTS, COUNTS, st.integers(0, 20), st.integers(0, 60))
def test_a_suspension_moves_the_end_by_the_working_days_it_lasted(
    started: datetime, count: int, after: int, lasted: int
) -> None:
    since = started + timedelta(days=after)
    until = since + timedelta(days=lasted)
    stood = ANNOUNCED.count(city_date(since), city_date(until))
    paused = day_due(Limit(count), started, pauses=[Pause(since, until)])
    assert paused == day_due(Limit(count + stood), started)


@given(MOMENTS, HOURS, HOURS, HOURS)
def test_a_suspension_moves_hours_by_the_time_it_lasted(
    started: datetime, hours: int, after: int, lasted: int
) -> None:
    since = started + timedelta(hours=after)
    pause = Pause(since, since + timedelta(hours=lasted))
    limit = Limit(hours, Unit.HOURS)
    plain = due_at(limit, started, ANNOUNCED)
    assert plain is not None
    assert due_at(limit, started, ANNOUNCED, pauses=[pause]) == plain + timedelta(hours=lasted)


@given(MOMENTS, COUNTS, COUNTS, st.integers(0, 30))
def test_more_time_is_never_due_earlier(started: datetime, count: int, more: int, extra: int) -> None:
    plain = day_due(Limit(count), started)
    assert day_due(Limit(count + more), started) >= plain
    assert day_due(Limit(count), started, extra=extra) >= plain


@given(st.sampled_from(Unit), st.integers(0, 999))
def test_a_limit_reads_as_it_is_written(unit: Unit, count: int) -> None:
    assert Limit.parse(str(Limit(count, unit))) == Limit(count, unit)


@pytest.mark.parametrize("text", ["", "3", "wd", "-1wd", "3.5wd", "3 wd", "1000wd", "3wd;"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no limit"):
        Limit.parse(text)


def test_an_operators_own_limit_replaces_the_default_and_says_so() -> None:
    limits = TimeLimits.parse("decide=5wd, handle_general=13wd")
    assert str(limits.of(Timed.DECIDE, Level.GENERAL).limit) == "5wd"
    assert limits.of(Timed.HANDLE, Level.GENERAL).source == "本平台设定"
    assert limits.of(Timed.HANDLE, Level.SIMPLE) == TimeLimits().of(Timed.HANDLE, Level.SIMPLE)


def test_a_limit_of_nothing_that_there_is_names_what_there_is() -> None:
    with pytest.raises(ValueError, match="'dcide' has no limit; there are: enter, decide"):
        TimeLimits.parse("dcide=5wd")


@pytest.mark.parametrize("timed", Timed)
@pytest.mark.parametrize("level", Level)
def test_every_part_of_every_level_has_a_limit_with_a_source(timed: Timed, level: Level) -> None:
    assert TimeLimits().of(timed, level).source
