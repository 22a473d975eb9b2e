"""A year's days off and working weekends as the State Council announces them, read line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from store.workdays import has_arrangement

# New Year's days off and the weekend worked for them may lie in the year before or after.
_BESIDE = timedelta(days=10)
_LONGEST = 15
_WEEKDAYS = "一二三四五六日"
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_BETWEEN = re.compile(r"\s*(?:至|到|~|～|—+|–)\s*|\s+-+\s+")


class ArrangementRefused(ValueError):
    """The arrangement is not complete or not right; `problems` says what, a sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def read_arrangement(year: int, off: str, worked: str) -> Mapping[date, bool]:
    """The days of a year's arrangement: worked or not. Raises `ArrangementRefused` with everything that is wrong."""
    text = _Text(year, {}, [])
    text.take("放假", off, works=False)
    text.take("上班", worked, works=True)
    if not text.problems and not has_arrangement(text.days, year):
        text.problems.append(
            f"放假安排不完整：{year} 年的元旦、春节、劳动节（5月1日、2日）和国庆节（10月1日至3日）都要在放假的日子里。"
        )
    if text.problems:
        raise ArrangementRefused(text.problems)
    return text.days


@dataclass(slots=True)
class _Text:
    """What has been read so far, and what was wrong with it."""

    year: int
    days: dict[date, bool]
    problems: list[str]

    def take(self, what: str, lines: str, *, works: bool) -> None:
        for number, line in enumerate(lines.splitlines(), 1):
            if not line.strip():
                continue
            try:
                self._line(line.strip(), works=works)
            except ValueError as error:
                self.problems.append(f"{what}第 {number} 行“{line.strip()[:40]}”：{error}")

    def _line(self, line: str, *, works: bool) -> None:
        found = _days(line)
        for day in found:
            if not date(self.year, 1, 1) - _BESIDE <= day <= date(self.year, 12, 31) + _BESIDE:
                raise ValueError(f"{day} 不属于 {self.year} 年的安排。")
            if day in self.days:
                raise ValueError(f"{day} 前面已经写过。")
            if works and day.weekday() < 5:
                raise ValueError(f"{day} 是星期{_WEEKDAYS[day.weekday()]}，调休上班的应是星期六或星期日。")
        self.days |= dict.fromkeys(found, works)


def _days(line: str) -> list[date]:
    first, *rest = _BETWEEN.split(line)
    if len(rest) > 1:
        raise ValueError("一行只写一天或一段，如 2027-02-05 至 2027-02-11。")
    begin, end = _day(first), _day(rest[0] if rest else first)
    if end < begin:
        raise ValueError("结束的日子早于开始的日子。")
    if (end - begin).days >= _LONGEST:
        raise ValueError(f"一段超过了 {_LONGEST} 天，请核对。")
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


def _day(text: str) -> date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("看不懂，请写成 2027-02-05 或 2027-02-05 至 2027-02-11。")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise ValueError(f"没有 {text} 这一天。") from error
