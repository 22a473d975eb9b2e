"""Time as it is passed in: a clock is a function, the city's zone is fixed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

CITY_ZONE = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The clock of the running product."""
    return datetime.now(UTC)


def city_date(moment: datetime) -> date:
    """The calendar day that the city is in at that moment."""
    return moment.astimezone(CITY_ZONE).date()


def day_begins(day: date) -> datetime:
    """The first moment of the city's day."""
    return datetime.combine(day, time(), CITY_ZONE)
