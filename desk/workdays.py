"""The city's own working days: changed by staff, and every limit that runs is counted anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.arrangement import read_arrangement
from desk.desk import Desk
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from store.clock import city_date
from store.inserts import insert_into
from store.workdays import LAST_KNOWN
from tickets.models import CalendarDay, TicketClock
from tickets.rectification import recount_cases
from tickets.timing import load_calendar, recount

_NAMES = {True: "上班", False: "休息"}
MOST_NOTE = 100
# From this month on the next year's days off are due; the State Council announces them in October or November.
_DUE_MONTH = 10


class DayRefused(ValueError):
    """The day cannot be set so; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Changed:
    """`limits`: how many running limits end on another day now."""

    limits: int


async def set_day(desk: Desk, member: Actor, day: date, *, works: bool, note: str) -> Changed:
    """Have a day worked or not. Raises `DayRefused` without a note: staff have to see where it comes from."""
    note = _note(note)
    async with desk.database.write() as session:
        await _put(session, {day: works}, note)
        return await _changed(desk, session, member, {"日期": str(day), "改为": f"{_NAMES[works]}（{note}）"})


async def set_year(desk: Desk, member: Actor, year: int, off: str, worked: str, *, note: str) -> Changed:
    """Take in a year's days off and working weekends, all or none; the same once more changes nothing.

    Raises `DayRefused` for the note or the year, `ArrangementRefused` for the days.
    """
    if not LAST_KNOWN < year <= desk.today().year + 2:
        raise DayRefused(
            f"{year} 年的安排不用录入：{LAST_KNOWN} 年及以前的已在系统里，两年以后的还没有公布。"
        )
    note, days = _note(note), read_arrangement(year, off, worked)
    async with desk.database.write() as session:
        rows = await session.scalars(select(CalendarDay).where(CalendarDay.day.in_(days)))
        if {row.day: (row.works, row.note) for row in rows} == {day: (days[day], note) for day in days}:
            return Changed(0)
        await _put(session, days, note)
        shifted = sum(days.values())
        became = f"放假 {len(days) - shifted} 天，调休上班 {shifted} 天（{note}）"
        return await _changed(desk, session, member, {"年份": str(year), "改为": became})


async def forget_day(desk: Desk, member: Actor, day: date) -> Changed:
    """Leave a day to the State Council's calendar again; nothing happens where it was left to it."""
    async with desk.database.write() as session:
        row = await session.get(CalendarDay, day)
        if row is None:
            return Changed(0)
        await session.delete(row)
        return await _changed(desk, session, member, {"日期": str(day), "改为": "按国家安排"})


async def own_days(session: AsyncSession) -> Sequence[CalendarDay]:
    """The days that were set here, the latest first."""
    return (await session.scalars(select(CalendarDay).order_by(CalendarDay.day.desc()))).all()


async def missing_year(desk: Desk, session: AsyncSession) -> int | None:
    """The year whose days off are not known here, though they are due or a limit runs into it; None where none is."""
    calendar, today = await load_calendar(session), desk.today()
    year = next(year for year in range(today.year, today.year + 100) if not calendar.knows(year))
    if year == today.year or (year == today.year + 1 and today.month >= _DUE_MONTH):
        return year
    last = await session.scalar(select(func.max(TicketClock.due_at)).where(TicketClock.ended_at.is_(None)))
    return year if last and city_date(last).year >= year else None


async def count_anew(session: AsyncSession) -> int:
    """Count every running limit by the calendar as it is now; how many end on another day than before."""
    calendar = await load_calendar(session)
    return await recount(session, calendar) + await recount_cases(session, calendar)


def _note(text: str) -> str:
    note = " ".join(text.split())
    if not 1 <= len(note) <= MOST_NOTE:
        raise DayRefused(f"请写明依据（不超过 {MOST_NOTE} 字），如“市政府办公室通知”。")
    return note


async def _put(session: AsyncSession, days: Mapping[date, bool], note: str) -> None:
    new = insert_into(session, CalendarDay).values(
        [{"day": day, "works": works, "note": note} for day, works in days.items()]
    )
    became = {"works": new.excluded.works, "note": new.excluded.note}
    await session.execute(new.on_conflict_do_update(index_elements=[CalendarDay.day], set_=became))


async def _changed(desk: Desk, session: AsyncSession, member: Actor, became: dict[str, str]) -> Changed:
    await session.flush()
    limits = await count_anew(session)
    detail = {**became, "变动的期限": str(limits)}
    audit.record(session, member, Action.CALENDAR_CHANGED, at=desk.clock(), detail=detail)
    return Changed(limits)
