"""Working days of 2026 as the State Council announced them, years not announced, and office hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.clock import CITY_ZONE
from store.workdays import ANNOUNCED, Calendar, OfficeHours

HOURS = OfficeHours.parse("09:00-12:00,13:00-17:30")
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))
COUNTS = st.integers(0, 40)


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CITY_ZONE)


@pytest.mark.parametrize(("month", "day"), [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)])
def test_a_working_weekend_is_a_workday(month: int, day: int) -> None:
    assert date(2026, month, day).weekday() >= 5
    assert ANNOUNCED.is_workday(date(2026, month, day))


@pytest.mark.parametrize("day", range(1, 8))
def test_nobody_works_on_national_day(day: int) -> None:
    assert not ANNOUNCED.is_workday(date(2026, 10, day))


def test_an_ordinary_saturday_is_no_workday_and_a_monday_is_one() -> None:
    assert not ANNOUNCED.is_workday(date(2026, 11, 21))
    assert ANNOUNCED.is_workday(date(2026, 11, 23))


@pytest.mark.parametrize(("month", "day"), [(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)])
def test_a_year_not_announced_knows_the_fixed_holidays(month: int, day: int) -> None:
    assert not ANNOUNCED.is_workday(date(2040, month, day))


def test_a_year_not_announced_knows_weekdays_and_weekends() -> None:
    assert ANNOUNCED.is_workday(date(2040, 6, 4))
    assert not ANNOUNCED.is_workday(date(2040, 6, 3))


def test_a_limit_runs_from_the_next_day_on() -> None:
    assert ANNOUNCED.add(date(2026, 11, 23), 1) == date(2026, 11, 24)


def test_a_limit_passes_over_national_day() -> None:
    assert ANNOUNCED.add(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert ANNOUNCED.add(date(2026, 9, 30), 3) == date(2026, 10, 10)


def test_no_days_is_the_day_itself() -> None:
    assert ANNOUNCED.add(date(2026, 10, 1), 0) == date(2026, 10, 1)


@given(DAYS, st.integers(1, 40))
def test_a_limit_ends_on_a_workday_with_so_many_workdays_in_between(day: date, count: int) -> None:
    end = ANNOUNCED.add(day, count)
    assert ANNOUNCED.is_workday(end)
    assert sum(ANNOUNCED.is_workday(day + timedelta(days=n)) for n in range(1, (end - day).days + 1)) == count


@given(DAYS, COUNTS, COUNTS)
def test_a_limit_may_be_added_in_two_parts(day: date, first: int, second: int) -> None:
    assert ANNOUNCED.add(ANNOUNCED.add(day, first), second) == ANNOUNCED.add(day, first + second)


@given(DAYS, DAYS, COUNTS)
def test_who_begins_later_does_not_end_earlier(one: date, other: date, count: int) -> None:
    early, late = sorted((one, other))
    assert ANNOUNCED.add(early, count) <= ANNOUNCED.add(late, count)


@pytest.mark.parametrize(
    "text",
    ["", "9-12", "09:00", "12:00-09:00", "09:00-09:00", "09:00-12:00,11:00-17:00", "13:00-17:00,09:00-12:00",
     "09:00-25:00", "09:00-12:00,", "morning-evening"],
)  # fmt: skip
def test_office_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        OfficeHours.parse(text)


def test_spans_may_touch() -> None:
    assert OfficeHours.parse("09:00-12:00, 12:00-17:00").spans[1] == (time(12), time(17))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [(at(11, 23, 9), True), (at(11, 23, 8, 59), False), (at(11, 23, 12), False), (at(11, 23, 12, 59), False),
     (at(11, 23, 13), True), (at(11, 23, 17, 30), False), (at(11, 22, 10), False), (at(10, 10, 10), True),
     (at(10, 7, 10), False)],
)  # fmt: skip
def test_somebody_is_on_duty_within_the_spans_of_a_workday(moment: datetime, is_open: bool) -> None:
    assert HOURS.open_at(moment) is is_open


def test_office_hours_are_the_citys_whatever_zone_a_moment_is_in() -> None:
    assert HOURS.open_at(datetime(2026, 11, 23, 1, 0, tzinfo=UTC))
    assert not HOURS.open_at(datetime(2026, 11, 23, 10, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "opening"),
    [(at(11, 23, 10), at(11, 23, 10)), (at(11, 23, 8), at(11, 23, 9)), (at(11, 23, 12, 30), at(11, 23, 13)),
     (at(11, 23, 20), at(11, 24, 9)), (at(11, 20, 18), at(11, 23, 9)), (at(9, 30, 18), at(10, 8, 9)),
     (at(10, 9, 17, 30), at(10, 10, 9))],
)  # fmt: skip
def test_the_next_opening_passes_over_nights_weekends_and_holidays(
    moment: datetime, opening: datetime
) -> None:
    assert HOURS.next_opening(moment) == opening


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)))
def test_the_next_opening_is_open_and_not_in_the_past(naive: datetime) -> None:
    moment = naive.replace(tzinfo=CITY_ZONE)
    opening = HOURS.next_opening(moment)
    assert opening >= moment
    assert HOURS.open_at(opening)


def test_office_hours_read_as_people_write_them() -> None:
    assert HOURS.text() == "工作日 9:00-12:00、13:00-17:30"


def test_a_local_rule_overrides_what_was_announced() -> None:
    local = Calendar({date(2026, 11, 24): False, date(2026, 11, 28): True})
    assert local.add(date(2026, 11, 23), 1) == date(2026, 11, 25)
    assert local.is_workday(date(2026, 11, 28))


@given(DAYS, COUNTS)
def test_counting_undoes_adding(day: date, count: int) -> None:
    assert ANNOUNCED.count(day, ANNOUNCED.add(day, count)) == count


def test_nothing_is_counted_backwards() -> None:
    assert ANNOUNCED.count(date(2026, 11, 25), date(2026, 11, 23)) == 0


OFFICE = OfficeHours.parse("09:00-12:00,13:00-17:30")
MOMENTS = st.datetimes(datetime(2026, 1, 20), datetime(2026, 3, 10)).map(
    lambda m: m.replace(tzinfo=CITY_ZONE)
)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (datetime(2026, 11, 23, 10), datetime(2026, 11, 23, 14), 3.0),  # without noon
        (datetime(2026, 11, 23, 18), datetime(2026, 11, 24, 8), 0.0),  # a night
        (datetime(2026, 11, 27, 17), datetime(2026, 11, 30, 10), 1.5),  # a weekend
        (
            datetime(2026, 2, 14, 9),
            datetime(2026, 2, 24, 9),
            7.5,
        ),  # a worked Saturday, then the Spring Festival
        (datetime(2026, 11, 24, 9), datetime(2026, 11, 23, 9), 0.0),  # backwards
    ],
)
def test_office_time_is_counted_without_nights_noons_and_holidays(
    start: datetime, end: datetime, hours: float
) -> None:
    worked = OFFICE.worked(start.replace(tzinfo=CITY_ZONE), end.replace(tzinfo=CITY_ZONE))
    assert worked == timedelta(hours=hours)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_office_time_adds_up(one: datetime, two: datetime, three: datetime) -> None:
    first, middle, last = sorted((one, two, three))
    assert OFFICE.worked(first, middle) + OFFICE.worked(middle, last) == OFFICE.worked(first, last)
    assert timedelta() <= OFFICE.worked(first, last) <= last - first


@given(MOMENTS, st.timedeltas(timedelta(), timedelta(hours=60)))
def test_what_is_reached_is_the_last_moment_with_no_more_office_time(
    start: datetime, time: timedelta
) -> None:
    end = OFFICE.reach(start, time)
    assert OFFICE.worked(start, end) == time
    assert OFFICE.worked(start, end + timedelta(seconds=1)) > time


@given(st.dates(date(2026, 1, 20), date(2026, 3, 10)), st.integers(0, 12))
def test_the_day_before_so_many_working_days_is_the_last_such(day: date, count: int) -> None:
    last = ANNOUNCED.before(day, count)
    assert ANNOUNCED.count(last, day) > count
    assert ANNOUNCED.count(last + timedelta(days=1), day) <= count
