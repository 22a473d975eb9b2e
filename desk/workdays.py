"""The city's own working days: changed by staff, and every limit that runs is counted anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from store.inserts import insert_into
from tickets.models import CalendarDay
from tickets.rectification import recount_cases
from tickets.timing import load_calendar, recount

_NAMES = {True: "上班", False: "休息"}
MOST_NOTE = 100


class DayRefused(ValueError):
    """The day cannot be set so; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Changed:
    """`limits`: how many running limits end on another day now."""

    limits: int


async def set_day(desk: Desk, member: Actor, day: date, *, works: bool, note: str) -> Changed:
    """Have a day worked or not. Raises `DayRefused` without a note: staff have to see where it comes from."""
    note = " ".join(note.split())
    if not 1 <= len(note) <= MOST_NOTE:
        raise DayRefused(f"请写明依据（不超过 {MOST_NOTE} 字），如“市政府办公室通知”。")
    async with desk.database.write() as session:
        new = insert_into(session, CalendarDay).values(day=day, works=works, note=note)
        became = {"works": works, "note": note}
        await session.execute(new.on_conflict_do_update(index_elements=[CalendarDay.day], set_=became))
        return await _counted_anew(desk, session, member, day, f"{_NAMES[works]}（{note}）")


async def forget_day(desk: Desk, member: Actor, day: date) -> Changed:
    """Leave a day to the State Council's calendar again; nothing happens where it was left to it."""
    async with desk.database.write() as session:
        row = await session.get(CalendarDay, day)
        if row is None:
            return Changed(0)
        await session.delete(row)
        return await _counted_anew(desk, session, member, day, "按国家安排")


async def own_days(session: AsyncSession) -> Sequence[CalendarDay]:
    """The days that were set here, the latest first."""
    return (await session.scalars(select(CalendarDay).order_by(CalendarDay.day.desc()))).all()


async def _counted_anew(desk: Desk, session: AsyncSession, member: Actor, day: date, became: str) -> Changed:
    await session.flush()
    calendar = await load_calendar(session)
    limits = await recount(session, calendar) + await recount_cases(session, calendar)
    detail = {"日期": str(day), "改为": became, "变动的期限": str(limits)}
    audit.record(session, member, Action.CALENDAR_CHANGED, at=desk.clock(), detail=detail)
    return Changed(limits)
