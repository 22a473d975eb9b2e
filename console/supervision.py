"""Supervision: every open ticket as a light, by department and one by one, the worst in front."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Request
from fastapi.responses import Response

from console.masked import shown
from console.numbers import row_id
from console.pages import visitor
from console.reports import download, note_export
from console.routes import PREFIX, Console, Routes, seen_other
from desk.parts import sight_of
from desk.reports.urging import urging_letter
from desk.reports.word import MEDIA_TYPE, letter_document
from desk.steps import Filled, take_step
from staff.departments import departments
from staff.roles import Permission
from store.clock import city_date
from store.workdays import Calendar
from tickets.errors import StepRefused
from tickets.lists import seen as seen_ticket
from tickets.models import KIND_NAMES
from tickets.states import STATE_NAMES, State, Step
from tickets.supervising import LIGHT_NAMES, Figures, Light, Times, Wanted, Watched, figures, page
from tickets.timing import load_calendar
from tickets.urging import Urged, urged_in_vain

HERE = f"{PREFIX}/supervision"
_PAGE = 50
_VIEWS = {
    "": "全部在办",
    **{str(light): name for light, name in LIGHT_NAMES.items()},
    "supervised": "督办中",
    "notice": "应发催办通知书",
    "criticised": "应书面批评",
}
_TONES = {Light.RED: "bad", Light.YELLOW: "warn", Light.GREEN: "good", Light.PAUSED: "soft"}
_MOST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the list is asked for, and what was wrong with the sentence that was sent."""

    view: str = ""
    department: str = ""
    after: str = ""
    tried: str = ""
    note: str = ""

    def link(self, **other: str) -> str:
        """The address of the list, narrowed otherwise."""
        fields = {"view": self.view, "department": self.department, **other}
        return f"{HERE}?{urlencode({name: value for name, value in fields.items() if value})}"


def supervision_routes(routes: Routes) -> None:
    """`/console/supervision`, and the step that is taken from there."""
    console = routes.console

    @routes.get("/supervision", Permission.REPORTS_READ)
    async def listed(
        request: Request, view: str = "", department: str = "", after: str = "", said: str = ""
    ) -> Response:
        chosen = view if view in _VIEWS else ""
        notice = "已列入督办，经办人会收到通知。" if said == "supervised" else ""
        return await _page(console, request, Asked(chosen, department[:40], after), notice=notice)

    @routes.post("/supervision/{number}", Permission.TICKETS_SUPERVISE)
    async def supervise(
        request: Request,
        number: str,
        note: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
        view: Annotated[str, Form()] = "",
        department: Annotated[str, Form()] = "",
    ) -> Response:
        asked = Asked(view if view in _VIEWS else "", department[:40], tried=number, note=note[:_MOST_NOTE])
        problem = "督办要求太长，请控制在 2000 字以内。" if len(note) > _MOST_NOTE else ""
        try:
            if not problem:
                filled = Filled(row_id(seen) or 0, note)
                await take_step(console.desk, visitor(request).actor, number, Step.SUPERVISED, filled)
        except StepRefused as refused:
            problem = f"{number}：{refused.text}"
        except LookupError:
            problem = f"没有工单 {number[:40]}，或它不在您能看的范围内。"
        if problem:
            return await _page(console, request, asked, problem=problem)
        return seen_other(asked.link(said="supervised"))

    @routes.get("/supervision/{number}/urging-letter", Permission.TICKETS_SUPERVISE)
    async def letter(request: Request, number: str) -> Response:
        actor, now, desk = visitor(request).actor, console.desk.clock(), console.desk
        async with console.door.database.read() as session:
            ticket = await seen_ticket(session, number, sight_of(actor))
            calendar = await load_calendar(session)
            urged = await urged_in_vain(session, now, calendar, desk.reminding.criticise_after)
            if ticket is None or ticket.id not in urged.notice:
                text = "这张工单现在不需要发催办通知书：没有催办过，或者催办以后承办部门已有动作。"
                return console.pages.trouble(request, 404, "没有催办通知书", text)
            written = letter_document(await urging_letter(session, ticket, now))
        await note_export(console, request, f"催办通知书 {ticket.number}")
        return download(written, MEDIA_TYPE, f"催办通知书 {ticket.number}.docx")


async def _page(
    console: Console, request: Request, asked: Asked, *, notice: str = "", problem: str = ""
) -> Response:
    actor, now, desk = visitor(request).actor, console.desk.clock(), console.desk
    sight = sight_of(actor)
    async with console.door.database.read() as session:
        calendar = await load_calendar(session)
        times = Times.of(now, calendar)
        urged = await urged_in_vain(session, now, calendar, desk.reminding.criticise_after)
        rows = await page(
            session, sight, _wanted(asked, urged), times, after=_place(asked.after), limit=_PAGE + 1
        )
        found = await figures(session, sight, times, urged)
        names = {item.key: item.name for item in await departments(session)}
    lines = [
        {
            "ticket": row.ticket,
            "shown": shown(row.ticket),
            "light": _light(row, times, console, calendar),
            "last": row.last,
            "notice": row.ticket.id in urged.notice,
            "criticised": row.ticket.id in urged.criticised,
            "can": actor.may(Permission.TICKETS_SUPERVISE)
            and row.ticket.supervised_at is None
            and row.ticket.state is not State.SUSPENDED,
        }
        for row in rows[:_PAGE]
    ]
    return console.pages.show(
        request,
        "supervision.html",
        status=422 if problem else 200,
        asked=asked,
        views=_VIEWS,
        may_supervise=actor.may(Permission.TICKETS_SUPERVISE),
        lines=lines,
        older=asked.link(after=_written(rows[_PAGE - 1])) if len(rows) > _PAGE else "",
        total=_total(found),
        departments=sorted(
            found.items(), key=lambda item: _worst_first(item[1], names.get(item[0] or "", ""))
        ),
        names=names,
        lights=LIGHT_NAMES,
        kind_names=KIND_NAMES,
        state_names=STATE_NAMES,
        criticise_after=desk.reminding.criticise_after,
        notice=notice,
        problem=problem,
    )


def _wanted(asked: Asked, urged: Urged) -> Wanted:
    ids = {"notice": urged.notice, "criticised": urged.criticised}.get(asked.view)
    return Wanted(
        light=Light(asked.view) if asked.view in set(Light) else None,
        department=asked.department,
        supervised=asked.view == "supervised",
        ids=ids,
    )


def _light(row: Watched, times: Times, console: Console, calendar: Calendar) -> dict[str, str]:
    """The light, what it says in working days, and for how much office time it has been over."""
    light = times.light(row.due_at)
    told = {"name": LIGHT_NAMES[light], "tone": _TONES[light], "text": "中止，暂停计算", "worked": ""}
    if row.due_at is None:
        return told
    day, today, hours = city_date(row.due_at), city_date(times.now), console.desk.office_hours
    if light is Light.RED:
        days = calendar.count(day, today)
        told["text"] = f"已超期 {days} 个工作日" if days else "今天超期"
        told["worked"] = f"超期后的上班时间 {_long(hours.worked(row.due_at, times.now, calendar))}"
    else:
        left = calendar.count(today, day)
        told["text"] = f"还有 {left} 个工作日" if left else "今天到期"
        told["worked"] = f"剩余上班时间 {_long(hours.worked(times.now, row.due_at, calendar))}"
    return told


def _long(time: timedelta) -> str:
    hours, minutes = divmod(int(time.total_seconds()) // 60, 60)
    return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"


def _total(found: Mapping[str | None, Figures]) -> dict[str, int]:
    """View -> how many, over all departments."""
    whole: dict[str, int] = dict.fromkeys(_VIEWS, 0)
    for one in found.values():
        for light, count in one.lights.items():
            whole[light] += count
        whole[""] += one.total
        whole["supervised"] += one.supervised
        whole["notice"] += one.notice
        whole["criticised"] += one.criticised
    return whole


def _worst_first(one: Figures, name: str) -> tuple[Any, ...]:
    lights = one.lights
    return -lights.get(Light.RED, 0), -one.supervised, -lights.get(Light.YELLOW, 0), -one.total, name


def _written(row: Watched) -> str:
    rank, due, id_ = row.place
    return f"{rank}~{due.astimezone(UTC).isoformat()}~{id_}"


def _place(text: str) -> tuple[int, datetime, str] | None:
    rank, _, rest = text.partition("~")
    at, _, id_ = rest.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        moment.astimezone(UTC)  # as the database takes it: at the end of all days there is no such moment
    except (ValueError, OverflowError):
        return None
    return (int(rank), moment, id_) if rank in ("0", "1") and moment.tzinfo is not None and id_ else None
