"""Chinese working days and office hours.

Holidays and working weekends (调休) of announced years come from the `chinesecalendar` package; for a
year that the State Council has not announced yet only the statutory days that do not move with the moon
are known (国务院《全国年节及纪念日放假办法》: 1 January, 1-2 May, 1-3 October).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import chinese_calendar
from chinese_calendar.constants import holidays

from store.clock import CITY_ZONE

_FIXED_HOLIDAYS = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
# Between these, both included, the first day of the lunar year falls.
_SPRING_FESTIVAL = (1, 21), (2, 21)
# The last year whose arrangement the package knows.
LAST_KNOWN = max(holidays).year


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked. `changed`: days that a local rule or a later announcement decides: worked or not."""

    changed: Mapping[date, bool] = field(default_factory=dict)

    def knows(self, year: int) -> bool:
        """Whether the year's days off are known: they came with the package, or all of them were loaded."""
        return year <= LAST_KNOWN or has_arrangement(self.changed, year)

    def is_workday(self, day: date) -> bool:
        """Whether the city works on that day, working weekends included."""
        if day in self.changed:
            return self.changed[day]
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:  # what the package raises for a year that is not announced yet
            return day.weekday() < 5 and (day.month, day.day) not in _FIXED_HOLIDAYS

    def add(self, day: date, count: int) -> date:
        """The last day of a limit of `count` working days that runs from the next day on (次日起算)."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_workday(day)
        return day

    def before(self, day: date, count: int) -> date:
        """The last day from whose next one on up to `day` there are more than `count` working days."""
        last = day
        while self.count(last, day) <= count:
            last -= timedelta(days=1)
        return last

    def count(self, after: date, until: date) -> int:
        """The working days from the day after `after` to `until`, that one included."""
        return sum(self.is_workday(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))


ANNOUNCED = Calendar()


def has_arrangement(days: Mapping[date, bool], year: int) -> bool:
    """Whether days, worked or not, hold a whole year's days off: the fixed ones and those of the Spring Festival."""
    first, last = (date(year, month, day) for month, day in _SPRING_FESTIVAL)
    spring = any(not works and first <= day <= last for day, works in days.items())
    return spring and all(days.get(date(year, month, day)) is False for month, day in _FIXED_HOLIDAYS)


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When people are on duty on a working day: spans in the city's time, in order."""

    spans: Sequence[tuple[time, time]]

    @classmethod
    def parse(cls, text: str) -> OfficeHours:
        """`09:00-12:00,13:00-17:30`. Raises ValueError where it is not that."""
        spans: list[tuple[time, time]] = []
        for part in text.split(","):
            start, _, end = part.strip().partition("-")
            span = time.fromisoformat(start), time.fromisoformat(end)
            if span[0] >= span[1] or (spans and spans[-1][1] > span[0]):
                raise ValueError(f"office hours out of order: {text!r}")
            spans.append(span)
        return cls(tuple(spans))

    def open_at(self, moment: datetime, calendar: Calendar = ANNOUNCED) -> bool:
        """Whether somebody is on duty at that moment."""
        local = moment.astimezone(CITY_ZONE)
        inside = any(start <= local.time() < end for start, end in self.spans)
        return inside and calendar.is_workday(local.date())

    def next_opening(self, moment: datetime, calendar: Calendar = ANNOUNCED) -> datetime:
        """The moment itself where somebody is on duty, else the next one when somebody will be."""
        if self.open_at(moment, calendar):
            return moment
        local = moment.astimezone(CITY_ZONE)
        day = local.date()
        while True:
            if calendar.is_workday(day):
                for start, _ in self.spans:
                    opening = datetime.combine(day, start, CITY_ZONE)
                    if opening >= local:
                        return opening
            day += timedelta(days=1)

    def worked(self, start: datetime, end: datetime, calendar: Calendar = ANNOUNCED) -> timedelta:
        """How much of the time between two moments is office hours; none where `end` is not later."""
        total = timedelta()
        day, last = start.astimezone(CITY_ZONE).date(), end.astimezone(CITY_ZONE).date()
        while day <= last:
            for opens, closes in self._spans_of(day, calendar):
                total += max(timedelta(), min(closes, end) - max(opens, start))
            day += timedelta(days=1)
        return total

    def reach(self, start: datetime, time: timedelta, calendar: Calendar = ANNOUNCED) -> datetime:
        """The last moment up to which no more than so much office time has gone by."""
        day = start.astimezone(CITY_ZONE).date()
        while True:
            for opens, closes in self._spans_of(day, calendar):
                left = max(timedelta(), closes - max(opens, start))
                if left > time:
                    return max(opens, start) + time
                time -= left
            day += timedelta(days=1)

    def _spans_of(self, day: date, calendar: Calendar) -> list[tuple[datetime, datetime]]:
        if not calendar.is_workday(day):
            return []
        return [
            (datetime.combine(day, opens, CITY_ZONE), datetime.combine(day, closes, CITY_ZONE))
            for opens, closes in self.spans
        ]

    def text(self) -> str:
        """As people read it: 工作日 9:00-12:00、13:00-17:30."""
        spans = "、".join(f"{a.hour}:{a.minute:02}-{b.hour}:{b.minute:02}" for a, b in self.spans)
        return f"工作日 {spans}"
