"""The public chat page and its files."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def page_router(city: str) -> APIRouter:
    """`/` and `/chat`."""
    router = APIRouter(include_in_schema=False)
    templates = Jinja2Templates(_HERE / "templates")

    @router.get("/")
    async def front() -> Response:
        return RedirectResponse("/chat")

    @router.get("/chat", response_class=HTMLResponse)
    async def chat(request: Request) -> Response:
        context = {"city": city, "assets": assets(), "hotline": "12345"}
        return guarded(templates.TemplateResponse(request, "chat.html", context))

    return router


def guarded(page: Response) -> Response:
    """A page with the headers that every page carries."""
    page.headers["Content-Security-Policy"] = _POLICY
    page.headers["Referrer-Policy"] = "no-referrer"
    page.headers["X-Content-Type-Options"] = "nosniff"
    return page


def mount_static(app: FastAPI) -> None:
    """The page's styles and scripts."""
    app.mount("/static/web", _Files(directory=_STATIC), name="web")


class _Files(StaticFiles):
    """Files that browsers ask after each time: a module names the others without their hash, and an old one
    beside a new one would break the page after an upgrade."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


@cache
def assets() -> dict[str, str]:
    """File name -> address with a hash of the content, which is another one after every change."""
    return {
        path.name: f"/static/web/{path.name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in _STATIC.iterdir()
    }
