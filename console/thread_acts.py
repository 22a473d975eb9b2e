"""What is done with a thread as a whole: taken, given back to the bot, given to a colleague."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.inbox import HERE
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from console.thread import thread_page
from conversations.models import Thread
from desk.takeover import NotYours, give_back, hand_over, resend, take_over
from staff import accounts
from staff.roles import Permission

_ANSWER = Permission.CONVERSATIONS_ANSWER


def thread_act_routes(routes: Routes) -> None:
    """`/console/inbox/{thread_id}/take`, `give-back`, `hand-over`, `resend/{message_id}`."""
    console = routes.console
    desk = console.desk

    @routes.post("/inbox/{thread_id}/take", _ANSWER)
    async def take(request: Request, thread_id: str) -> Response:
        actor = visitor(request).actor
        return await act(
            console,
            request,
            thread_id,
            lambda: take_over(desk, thread_id, actor.account_id or "", by=actor),
            "taken",
        )

    @routes.post("/inbox/{thread_id}/give-back", _ANSWER)
    async def back(request: Request, thread_id: str) -> Response:
        actor = visitor(request).actor
        return await act(
            console,
            request,
            thread_id,
            lambda: give_back(desk, thread_id, actor.account_id or "", by=actor),
            "given-back",
        )

    @routes.post("/inbox/{thread_id}/hand-over", _ANSWER)
    async def over(request: Request, thread_id: str, to: Annotated[str, Form()] = "") -> Response:
        actor = visitor(request).actor
        async with console.door.database.read() as session:
            able = {one.id for one in await accounts.who_may(session, _ANSWER)}
        if to not in able or to == actor.account_id:
            return await thread_page(
                console, request, thread_id, problem="请先选择要转给哪位同事。", status=422
            )
        return await act(
            console,
            request,
            thread_id,
            lambda: hand_over(desk, thread_id, actor.account_id or "", to, by=actor),
            "handed-over",
        )

    @routes.post("/inbox/{thread_id}/resend/{message_id:int}", _ANSWER)
    async def again(request: Request, thread_id: str, message_id: int) -> Response:
        if not await resend(desk, thread_id, message_id, by=visitor(request).actor):
            return await thread_page(
                console, request, thread_id, problem="这条消息的状态已经变了，没有重发。", status=409
            )
        return seen_other(f"{HERE}/{thread_id}?said=resent")


async def act(
    console: Console,
    request: Request,
    thread_id: str,
    do: Callable[[], Awaitable[object]],
    said: str,
    *,
    text: str = "",
) -> Response:
    """Do it and show the thread; where it is somebody else's, say whose, and keep the `text`."""
    async with console.door.database.read() as session:
        if await session.get(Thread, thread_id) is None:
            return await thread_page(console, request, thread_id)
    try:
        await do()
    except NotYours as refused:
        problem = await whose(console, refused)
        return await thread_page(console, request, thread_id, problem=problem, status=409, text=text)
    return seen_other(f"{HERE}/{thread_id}?said={said}")


async def whose(console: Console, refused: NotYours) -> str:
    """Who has it instead, as a sentence."""
    if refused.holder is None:
        return "这段对话现在不在您手里。请先接入，再操作。"
    async with console.door.database.read() as session:
        names = await accounts.names(session, [refused.holder])
    return f"{names.get(refused.holder, '同事')}已经接入了这段对话，您的操作没有进行。"
