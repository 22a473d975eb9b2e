"""What is due when, in words and in a colour that only repeats them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.clock import CITY_ZONE, city_date
from store.workdays import Calendar
from tickets.limits import TIMED_NAMES, Limit, Timed, Unit
from tickets.models import TicketClock


@dataclass(frozen=True, slots=True)
class Due:
    """`tone`: `bad` is over, `warn` is near, `soft` has time; `light`: the same in a word."""

    what: str
    text: str
    tone: str
    light: str = "绿灯"


def due(clock: TicketClock, now: datetime, calendar: Calendar) -> Due:
    """What a running clock says."""
    what = TIMED_NAMES[clock.timed]
    if clock.due_at is None:
        return Due(what, "中止，暂停计算", "soft", "暂停")
    return due_by(what, clock.limit, clock.due_at, now, calendar)


def due_by(what: str, limit: str, end: datetime, now: datetime, calendar: Calendar) -> Due:
    """What a limit that ends then says. `limit`: as it is written."""
    day, today = city_date(end), city_date(now)
    when = _when(limit, end)
    if now > end:
        days = calendar.count(day, today)
        return Due(what, f"已超期 {days} 个工作日" if days else f"已超期（{when}）", "bad", "红灯")
    if day == today:
        return Due(what, f"今天到期（{when}）", "warn", "黄灯")
    if calendar.count(today, day) <= 1:
        return Due(what, f"下个工作日到期（{when}）", "warn", "黄灯")
    return Due(what, f"{when}前", "soft")


def first_due(clock: TicketClock | None, now: datetime, calendar: Calendar) -> Due | None:
    """The same for a row of a list: filing away is nobody's work."""
    return None if clock is None or clock.timed is Timed.ARCHIVE else due(clock, now, calendar)


def day_text(moment: datetime) -> str:
    """12月2日."""
    local = moment.astimezone(CITY_ZONE)
    return f"{local.month}月{local.day}日"


def _when(limit: str, due_at: datetime) -> str:
    hours = Limit.parse(limit).unit is Unit.HOURS
    return f"{day_text(due_at)} {due_at.astimezone(CITY_ZONE):%H:%M}" if hours else day_text(due_at)
