"""How pages are made: templates, files, and the headers that each of them carries."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from console.navigation import entries_for, is_current
from staff.accounts import role_names
from staff.sessions import Stage, Visitor
from store.clock import CITY_ZONE

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not `no-referrer`: with it browsers send `Origin: null` from our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_HTTPS_ONLY = "max-age=31536000"

# The first mark that is found counts: nearly every browser also calls itself Chrome or Safari.
_BROWSERS = (
    ("MicroMessenger", "微信"), ("Edg", "Edge"), ("QQBrowser", "QQ 浏览器"), ("Firefox", "Firefox"), ("OPR", "Opera"),
    ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("HarmonyOS", "鸿蒙"), ("Android", "安卓"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


class Pages:
    """Renders the templates of the console. `secure`: browsers are told to come over HTTPS only."""

    def __init__(self, city: str, *, secure: bool) -> None:
        self._templates = Jinja2Templates(_HERE / "templates")
        self._secure = secure
        environment = self._templates.env
        environment.globals.update(city=city, asset=asset, is_current=is_current, entries_for=entries_for)
        environment.globals.update(role_names=role_names, Stage=Stage)
        environment.globals.update(options=options)
        environment.filters.update(moment=moment, moment_seconds=moment_seconds, device=device)
        environment.filters.update(hour=hour, spell=spell, iso_moment=iso_moment)

    def show(self, request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page. Templates see `visitor`, who may be None."""
        known = {name: getattr(request.state, name, None) for name in ("visitor", "unread")}
        context = {"visitor": known["visitor"], "unread": known["unread"] or 0, **context}
        return self._templates.TemplateResponse(request, template, context, status_code=status)

    def part(self, template: str, **context: Any) -> str:
        """A piece of a page, for what is told to it later."""
        return self._templates.get_template(template).render(context)

    def trouble(self, request: Request, status: int, heading: str, detail: str) -> Response:
        """A page that says what is wrong; for htmx a sentence, put where it is seen and heard."""
        if "hx-request" in request.headers:
            answer: Response = self.show(
                request, "_trouble.html", status=status, heading=heading, detail=detail
            )
            answer.headers["HX-Retarget"] = "#notice"
            answer.headers["HX-Reswap"] = "innerHTML"
            return answer
        return self.show(request, "trouble.html", status=status, heading=heading, detail=detail)

    def guard(self, response: Response) -> Response:
        """The response with the headers that every one of the console carries."""
        for name, value in _HEADERS.items():
            # A file that people sent comes with a policy that allows nothing at all.
            if name != "Content-Security-Policy" or name not in response.headers:
                response.headers[name] = value
        if self._secure:
            response.headers["Strict-Transport-Security"] = _HTTPS_ONLY
        return response


def visitor(request: Request) -> Visitor:
    """Who is signed in: the route's gate has put it there."""
    found: Visitor = request.state.visitor
    return found


def moment(at: datetime | None) -> str:
    """The city's time as people read it."""
    return f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}" if at else "—"


def moment_seconds(at: datetime) -> str:
    """The same to the second."""
    return f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M:%S}"


def hour(at: datetime, now: datetime) -> str:
    """The time of day, with the day where it is not today."""
    local, today = at.astimezone(CITY_ZONE), now.astimezone(CITY_ZONE)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return f"{local.month}月{local.day}日 {local:%H:%M}" if local.year == today.year else moment(at)


def spell(time: timedelta) -> str:
    """How long: 不到 1 分钟, 12 分钟, 3 小时 5 分, 2 天."""
    minutes = int(time.total_seconds()) // 60
    if minutes < 1:
        return "不到 1 分钟"
    if minutes < 60:
        return f"{minutes} 分钟"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} 小时 {minutes} 分" if minutes else f"{hours} 小时"
    return f"{hours // 24} 天"


def iso_moment(at: str) -> str:
    """A moment that is kept as ISO 8601, as people read it."""
    return moment(datetime.fromisoformat(at))


def options(names: Iterable[str]) -> list[tuple[str, str]]:
    """Choices that are kept as they are called."""
    return [(name, name) for name in names]


def device(agent: str) -> str:
    """What a browser calls itself, in words: `Chrome · Windows`."""
    found = [next((name for mark, name in names if mark in agent), "") for names in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) or "未知设备"


@cache
def asset(name: str) -> str:
    """The address of a file, with a hash of its content, which is another one after every change."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/console/{name}?v={digest}"


def mount_static(app: FastAPI) -> None:
    """The console's styles and scripts."""
    app.mount("/static/console", StaticFiles(directory=_STATIC), name="console")
