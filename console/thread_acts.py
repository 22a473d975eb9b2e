"""What is done with a thread as a whole: taken, given back to the bot, given to a colleague."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.inbox import HERE
from console.numbers import row_id
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from console.thread import thread_page
from conversations.models import Thread
from desk.takeover import BotSilent, NotYours, give_back, hand_over, resend, say_instead, take_over
from staff import accounts
from staff.roles import Permission

_ANSWER = Permission.CONVERSATIONS_ANSWER
_CHANGED = "这条消息的状态已经变了，没有重发。"
_SILENT = (
    "这段对话正由工作人员接待，机器人的话不再发送，所以没有重发。"
    "接待的人可以点消息下面的“以我的名义发送”；或者交还机器人以后再重发。"
)


def thread_act_routes(routes: Routes) -> None:
    """`/console/inbox/{thread_id}/take`, `give-back`, `hand-over`, `resend/{message}`, `say-instead/{message}`."""
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

    @routes.post("/inbox/{thread_id}/resend/{message}", _ANSWER)
    async def again(request: Request, thread_id: str, message: str) -> Response:
        try:
            sent = await resend(desk, thread_id, row_id(message) or 0, by=visitor(request).actor)
        except BotSilent:
            return await thread_page(console, request, thread_id, problem=_SILENT, status=409)
        if not sent:
            return await thread_page(console, request, thread_id, problem=_CHANGED, status=409)
        return seen_other(f"{HERE}/{thread_id}?said=resent")

    @routes.post("/inbox/{thread_id}/say-instead/{message}", _ANSWER)
    async def instead(request: Request, thread_id: str, message: str) -> Response:
        actor = visitor(request).actor
        try:
            sent = await say_instead(desk, thread_id, actor.account_id or "", row_id(message) or 0, by=actor)
        except NotYours as refused:
            problem = await whose(console, refused)
            return await thread_page(console, request, thread_id, problem=problem, status=409)
        if not sent:
            return await thread_page(console, request, thread_id, problem=_CHANGED, status=409)
        return seen_other(f"{HERE}/{thread_id}?said=replied")


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
