"""The city's working days, where they differ from the State Council's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.arrangement import ArrangementRefused
from desk.workdays import DayRefused, forget_day, missing_year, own_days, set_day, set_year
from staff.roles import Permission
from store.workdays import LAST_KNOWN, Calendar
from tickets.timing import load_calendar

_EDIT = Permission.CALENDAR_EDIT
_HERE = f"{PREFIX}/calendar"
_WEEKDAYS = "一二三四五六日"
_WEEKS = 10


def calendar_routes(routes: Routes) -> None:
    """`/console/calendar` and what is below it."""
    console = routes.console
    _year_route(routes)

    @routes.get("/calendar", _EDIT)
    async def calendar(request: Request, changed: str = "") -> Response:
        notice = ""
        if changed.isdecimal() and len(changed) < 9:
            notice = f"日历已修改，{int(changed)} 个正在计算的期限变了。"
        return await _page(console, request, notice=notice)

    @routes.post("/calendar", _EDIT)
    async def change(
        request: Request,
        day: Annotated[str, Form()] = "",
        works: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
    ) -> Response:
        filled = {"day": day, "works": works, "note": note}
        try:
            when = _day(day)
            if works not in ("yes", "no"):
                raise DayRefused("请选择上班还是休息。")
            done = await set_day(console.desk, visitor(request).actor, when, works=works == "yes", note=note)
        except DayRefused as refused:
            return await _page(console, request, problem=str(refused), filled=filled)
        return seen_other(f"{_HERE}?changed={done.limits}")

    @routes.post("/calendar/{day}/remove", _EDIT)
    async def remove(request: Request, day: str) -> Response:
        try:
            done = await forget_day(console.desk, visitor(request).actor, _day(day))
        except DayRefused as refused:
            return await _page(console, request, problem=str(refused))
        return seen_other(f"{_HERE}?changed={done.limits}")


def _year_route(routes: Routes) -> None:
    console = routes.console

    @routes.post("/calendar/year", _EDIT)
    async def take_year(
        request: Request,
        year: Annotated[str, Form(alias="arrangement-year")] = "",
        off: Annotated[str, Form()] = "",
        worked: Annotated[str, Form()] = "",
        note: Annotated[str, Form(alias="arrangement-note")] = "",
    ) -> Response:
        filled = {"year": year, "off": off, "worked": worked, "note": note}
        actor = visitor(request).actor
        try:
            done = await set_year(console.desk, actor, _year(year), off, worked, note=note)
        except DayRefused as refused:
            return await _page(console, request, problem=str(refused), arrangement=filled)
        except ArrangementRefused as refused:
            return await _page(console, request, problems=refused.problems, arrangement=filled)
        return seen_other(f"{_HERE}?changed={done.limits}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DayRefused("请选择日期。") from error


def _year(text: str) -> int:
    if not (text.isdecimal() and len(text) == 4):
        raise DayRefused("请填写年份。")
    return int(text)


async def _page(
    console: Console,
    request: Request,
    *,
    notice: str = "",
    problem: str = "",
    problems: Sequence[str] = (),
    filled: dict[str, str] | None = None,
    arrangement: dict[str, str] | None = None,
) -> Response:
    async with console.door.database.read() as session:
        days, known = await own_days(session), await load_calendar(session)
        missing = await missing_year(console.desk, session)
    return console.pages.show(
        request,
        "calendar.html",
        status=422 if problem or problems else 200,
        days=days,
        weeks=_weeks(console.desk.today(), known),
        today=console.desk.today(),
        weekday=lambda day: f"星期{_WEEKDAYS[day.weekday()]}",
        filled=filled or {},
        notice=notice,
        problem=problem,
        problems=problems,
        missing_year=missing,
        last_known=LAST_KNOWN,
        arrangement=arrangement or {"year": str(missing or LAST_KNOWN + 1)},
    )


def _weeks(today: date, calendar: Calendar) -> list[list[tuple[date, bool, bool]]]:
    """The weeks from this one on: each day, whether it is worked, whether that was set here."""
    monday = today - timedelta(days=today.weekday())
    days = [monday + timedelta(days=n) for n in range(7 * _WEEKS)]
    marked = [(day, calendar.is_workday(day), day in calendar.changed) for day in days]
    return [marked[n : n + 7] for n in range(0, len(marked), 7)]
