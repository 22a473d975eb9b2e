"""The days that a report is about."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from store.clock import CITY_ZONE

# Beyond, midnight in the city is no moment that a database has.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
MOST_DAYS = 366
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the city, both ends included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """The first moment of it."""
        return datetime.combine(self.first, time(), CITY_ZONE)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), CITY_ZONE)

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(self.days))

    def __str__(self) -> str:
        if self == month_of(self.first):
            return f"{self.first.year} 年 {self.first.month} 月"
        return f"{day_text(self.first)}至{day_text(self.last)}"


def day_text(day: date) -> str:
    """As people read it: 2026 年 11 月 5 日."""
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def month_of(day: date) -> Period:
    """The whole month of a day."""
    return Period(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def month_before(day: date) -> Period:
    """The whole month before the one of a day."""
    return month_of(day.replace(day=1) - timedelta(days=1))


def parse_month(text: str) -> Period | None:
    """`2026-10`, or None where that is no month."""
    found = _MONTH.fullmatch(text.strip())
    if not found or not (FIRST_DAY.year <= int(found[1]) <= LAST_DAY.year and 1 <= int(found[2]) <= 12):
        return None
    return month_of(date(int(found[1]), int(found[2]), 1))


def parse_period(first: str, last: str) -> Period | None:
    """Two days, or None where they are no period of at most a year."""
    try:
        period = Period(date.fromisoformat(first.strip()), date.fromisoformat(last.strip()))
    except ValueError:
        return None
    inside = FIRST_DAY <= period.first <= period.last <= LAST_DAY
    return period if inside and period.days <= MOST_DAYS else None
