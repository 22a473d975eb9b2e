"""A year's days off and working weekends, read line by line."""

from __future__ import annotations

from datetime import date

import pytest

from desk.arrangement import ArrangementRefused, read_arrangement
from store.workdays import LAST_KNOWN, Calendar

OFF = """2027-01-01 至 2027-01-03
2027/2/5-2027/2/11

2027年5月1日至2027年5月5日
2027-10-01 ~ 2027-10-07"""
WORKED = "2027-01-30\n 2027-02-14 \n"


def test_an_arrangement_is_read_whole() -> None:
    days = read_arrangement(2027, OFF.replace("2027/2/5-2027/2/11", "2027/2/5 - 2027/2/11"), WORKED)
    assert sorted(day for day, works in days.items() if works) == [date(2027, 1, 30), date(2027, 2, 14)]
    assert sum(not works for works in days.values()) == 3 + 7 + 5 + 7
    calendar = Calendar(days)
    assert calendar.knows(2027) and not calendar.is_workday(date(2027, 2, 8))
    assert calendar.is_workday(date(2027, 2, 14))


def test_a_year_is_known_by_the_package_or_by_a_whole_arrangement() -> None:
    assert Calendar().knows(LAST_KNOWN) and not Calendar().knows(LAST_KNOWN + 1)
    assert not Calendar({date(LAST_KNOWN + 1, 1, 1): False}).knows(LAST_KNOWN + 1)


@pytest.mark.parametrize(
    ("off", "worked", "problem"),
    [
        ("morgen", "", "放假第 1 行“morgen”：看不懂"),
        ("2027-02-30", "", "没有 2027-02-30 这一天"),
        ("\n2027-02-11 至 2027-02-05", "", "放假第 2 行“2027-02-11 至 2027-02-05”：结束的日子早于"),
        ("2027-02-05 至 2027-03-11", "", "超过了 15 天"),
        ("2027-02-05 至 2027-02-06 至 2027-02-07", "", "一行只写一天或一段"),
        ("2026-02-05", "", "2026-02-05 不属于 2027 年"),
        ("2027-02-05\n2027-02-05", "", "2027-02-05 前面已经写过"),
        ("2027-02-06", "2027-02-06", "上班第 1 行“2027-02-06”：2027-02-06 前面已经写过"),
        ("", "2027-02-08", "是星期一，调休上班的应是星期六或星期日"),
        ("2027-01-01", "", "放假安排不完整"),
        ("", "", "放假安排不完整"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(off: str, worked: str, problem: str) -> None:
    with pytest.raises(ArrangementRefused) as refused:
        read_arrangement(2027, off, worked)
    assert len(refused.value.problems) == 1 and problem in refused.value.problems[0]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ArrangementRefused) as refused:
        read_arrangement(2027, "x\n2027-01-01\ny", "z")
    assert len(refused.value.problems) == 3


def test_new_years_days_may_lie_in_the_year_before() -> None:
    spring_to_autumn = "\n".join(OFF.splitlines()[3:])
    off = f"2026-12-31 至 2027-01-02\n2027-02-05\n{spring_to_autumn}"
    assert read_arrangement(2027, off, "2026-12-26")[date(2026, 12, 31)] is False
