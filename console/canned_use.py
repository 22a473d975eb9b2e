"""A canned reply put into the reply to an enterprise."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import JSONResponse, Response

from console.pages import visitor
from console.routes import Routes
from console.thread import MOST_LETTERS, thread_page
from conversations.models import Thread
from desk.canned import Filled, fill
from staff.roles import Permission


def canned_use_routes(routes: Routes) -> None:
    """`/console/inbox/{thread_id}/canned`: the text filled in, for the page's script or in the page."""
    console = routes.console

    @routes.post("/inbox/{thread_id}/canned", Permission.CONVERSATIONS_ANSWER)
    async def use(
        request: Request,
        thread_id: str,
        reply: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
    ) -> Response:
        async with console.door.database.read() as session:
            there = await session.get(Thread, thread_id) is not None
        if not there:
            return await thread_page(console, request, thread_id)
        filled = await fill(console.desk, visitor(request).actor, thread_id, reply)
        if filled is None:
            problem = "没有这条快捷回复，可能刚被删除。"
            if "hx-request" in request.headers:
                return console.pages.trouble(request, 404, "没有填入", problem)
            return await thread_page(
                console, request, thread_id, problem=problem, status=404, text=text[:MOST_LETTERS]
            )
        if "hx-request" in request.headers:
            return JSONResponse({"text": filled.text, "problem": _problem(filled)})
        whole = f"{text.strip()}\n{filled.text}".strip()
        return await thread_page(console, request, thread_id, problem=_problem(filled), text=whole)


def _problem(filled: Filled) -> str:
    missing = "、".join(f"{{{name}}}" for name in filled.missing)
    return f"还不知道 {missing} 是什么，请自己改好再发送。" if missing else ""
