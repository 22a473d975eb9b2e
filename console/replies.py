"""What staff write in a thread: to the enterprise, or for each other; and what their open page reports by itself."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.inbox import HERE
from console.numbers import row_id
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from console.thread import MOST_LETTERS, thread_page
from console.thread_acts import whose
from conversations.models import Thread
from desk.canned import variables
from desk.takeover import Empty, NotYours, Reply, reply, see, see_mentions, write_note
from staff import accounts
from staff.roles import Permission

_ANSWER = Permission.CONVERSATIONS_ANSWER
# What stands behind a letter or digit is an e-mail address.
_MENTION = re.compile(r"(?<![A-Za-z0-9._%+-])@([A-Za-z][A-Za-z0-9._-]{1,31})(?![A-Za-z0-9._-]*@)")
_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")


def reply_routes(routes: Routes) -> None:
    """`/console/inbox/{thread_id}/reply`, `note`, `typing`, `seen`."""
    console = routes.console

    @routes.post("/inbox/{thread_id}/reply", _ANSWER)
    async def answer(
        request: Request,
        thread_id: str,
        text: Annotated[str, Form()] = "",
        key: Annotated[str, Form()] = "",
    ) -> Response:
        account = visitor(request).actor.account_id or ""
        problem = _wrong(text) or _unfilled(text)
        if problem := problem or ("" if _KEY.fullmatch(key) else "请刷新页面后再发送。"):
            return await _refused(console, request, thread_id, 422, problem, text)
        if not await _is_there(console, thread_id):
            return await thread_page(console, request, thread_id)
        try:
            await reply(console.desk, thread_id, account, Reply(text, key))
        except NotYours as refused:
            problem = await whose(console, refused)
            return await _refused(console, request, thread_id, 409, problem, text)
        except Empty:
            return await _refused(console, request, thread_id, 422, "请先写点什么。", text)
        console.live.presence.stop_typing(thread_id, account)
        return _done(request, f"{HERE}/{thread_id}?said=replied")

    @routes.post("/inbox/{thread_id}/note", _ANSWER)
    async def note(request: Request, thread_id: str, text: Annotated[str, Form()] = "") -> Response:
        account = visitor(request).actor.account_id or ""
        if problem := _wrong(text):
            return await _refused(console, request, thread_id, 422, problem, note=text)
        if not await _is_there(console, thread_id):
            return await thread_page(console, request, thread_id)
        mentioned = await _mentioned(console, text)
        if isinstance(mentioned, str):
            return await _refused(console, request, thread_id, 422, mentioned, note=text)
        try:
            await write_note(console.desk, thread_id, account, text, mentioned)
        except Empty:
            return await _refused(console, request, thread_id, 422, "请先写点什么。")
        return _done(request, f"{HERE}/{thread_id}?said=noted")

    @routes.post("/inbox/{thread_id}/typing", _ANSWER)
    async def typing(request: Request, thread_id: str) -> Response:
        actor = visitor(request).actor
        if await _is_there(console, thread_id):
            console.live.presence.type(thread_id, actor.account_id or "", actor.name)
        return Response(status_code=204)

    @routes.post("/inbox/{thread_id}/seen", Permission.CONVERSATIONS_READ, background=True)
    async def seen(request: Request, thread_id: str, message: Annotated[str, Form()] = "") -> Response:
        actor = visitor(request).actor
        newest = row_id(message)
        if newest and actor.may(_ANSWER):
            await see(console.desk, thread_id, newest)
            console.live.touch(thread_id)
        await see_mentions(console.desk, thread_id, actor.account_id or "")
        return Response(status_code=204)


def _wrong(text: str) -> str:
    if len(text) > MOST_LETTERS:
        return f"一次最多写 {MOST_LETTERS} 个字，请分几次发送。"
    return "" if text.strip() else "请先写点什么。"


def _done(request: Request, page: str) -> Response:
    # The page's own script sends in the background: what was written comes back by the stream.
    return Response(status_code=204) if "hx-request" in request.headers else seen_other(page)


async def _refused(
    console: Console,
    request: Request,
    thread_id: str,
    status: int,
    problem: str,
    text: str = "",
    *,
    note: str = "",
) -> Response:
    if "hx-request" in request.headers:
        return console.pages.trouble(request, status, "没有发送", problem)
    return await thread_page(
        console, request, thread_id, problem=problem, status=status, text=text, note=note
    )


async def _is_there(console: Console, thread_id: str) -> bool:
    async with console.door.database.read() as session:
        return await session.get(Thread, thread_id) is not None


def _unfilled(text: str) -> str:
    left = variables(text)
    return f"{{{left[0]}}} 还没有换成实际内容，请改好再发送。" if left else ""


async def _mentioned(console: Console, text: str) -> tuple[str, ...] | str:
    """The accounts that are called by `@username`, or what is wrong."""
    async with console.door.database.read() as session:
        known = {
            one.username: one.id for one in await accounts.who_may(session, Permission.CONVERSATIONS_READ)
        }
    called: dict[str, None] = {}
    for written in _MENTION.findall(text):
        name = written.lower()
        # A name may end with a full stop, and so may a sentence.
        found = name if name in known else name.rstrip("._-")
        if found not in known:
            return f"没有能看这段对话的同事叫 @{written}，备注没有保存。请写对方的用户名；不是提醒同事的，@ 后面空一格。"
        called[known[found]] = None
    return tuple(called)
