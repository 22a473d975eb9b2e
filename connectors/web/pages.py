"""The public chat page and its files."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

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
        page = templates.TemplateResponse(request, "chat.html", context)
        page.headers["Content-Security-Policy"] = _POLICY
        page.headers["Referrer-Policy"] = "no-referrer"
        page.headers["X-Content-Type-Options"] = "nosniff"
        return page

    return router


def mount_static(app: FastAPI) -> None:
    """The page's styles and scripts."""
    app.mount("/static/web", StaticFiles(directory=_STATIC), name="web")


@cache
def assets() -> dict[str, str]:
    """File name -> address with a hash of the content, so that browsers may keep it for ever."""
    return {
        path.name: f"/static/web/{path.name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in _STATIC.iterdir()
    }
