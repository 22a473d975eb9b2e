"""One webhook subscription: what is pushed, with which secret, and what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.numbers import row_id
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from console.systems import HERE, MANAGE, choices, wished
from desk.systems import (
    change_subscription,
    end_previous_secret,
    resend_delivery,
    rotate_secret,
    send_test,
    switch_subscription,
)
from staff.actors import Actor
from systems import pushes, subscriptions
from systems.errors import SystemsError, Unknown
from systems.models import PUSH_NAMES

_PAGE = 50
_NOTICES = {
    "changed": "推送已修改。",
    "ended": "旧密钥已经失效，现在只用新密钥签名。",
    "off": "推送已停用；停用期间发生的事件不会补推，已在等待的启用后继续。",
    "on": "推送已启用。",
    "test": "测试事件已经放进推送队列，几秒钟后刷新页面看结果。",
    "again": "已经放进推送队列，编号不变，对方据此识别重复。",
    "under-way": "这一条正在推送或还没有推送，不需要重发。",
}


def webhook_routes(routes: Routes) -> None:
    """`/console/systems/webhooks/{webhook}` and what is done there."""
    console = routes.console

    @routes.get("/systems/webhooks/{webhook}", MANAGE)
    async def show(request: Request, webhook: str, before: str = "", said: str = "") -> Response:
        return await _page(console, request, webhook, before=before, notice=_NOTICES.get(said, ""))

    @routes.post("/systems/webhooks/{webhook}", MANAGE)
    async def change(
        request: Request,
        webhook: str,
        name: Annotated[str, Form()] = "",
        url: Annotated[str, Form()] = "",
        event: Annotated[Sequence[str], Form()] = (),
        confidential: Annotated[str, Form()] = "",
        generation: Annotated[str, Form()] = "",
    ) -> Response:
        wish = wished(name, url, event, confidential)
        try:
            await change_subscription(
                console.desk, visitor(request).actor, webhook, wish, generation=row_id(generation) or 0
            )
        except SystemsError as error:
            return await _page(console, request, webhook, problem=str(error), wish=wish)
        return seen_other(f"{HERE}/webhooks/{webhook}?said=changed")

    @routes.post("/systems/webhooks/{webhook}/rotate", MANAGE)
    async def rotate(request: Request, webhook: str, generation: Annotated[str, Form()] = "") -> Response:
        try:
            row, secret = await rotate_secret(
                console.desk, visitor(request).actor, webhook, generation=row_id(generation) or 0
            )
        except SystemsError as error:
            return await _page(console, request, webhook, problem=str(error))
        return console.pages.show(request, "webhook_secret.html", row=row, secret=secret, added=False)

    @routes.post("/systems/webhooks/{webhook}/end-previous", MANAGE)
    async def end(request: Request, webhook: str, generation: Annotated[str, Form()] = "") -> Response:
        async def act(actor: Actor) -> str:
            await end_previous_secret(console.desk, actor, webhook, generation=row_id(generation) or 0)
            return "ended"

        return await _act(console, request, webhook, act)

    @routes.post("/systems/webhooks/{webhook}/test", MANAGE)
    async def test(request: Request, webhook: str) -> Response:
        async def act(_: Actor) -> str:
            await send_test(console.desk, webhook)
            return "test"

        return await _act(console, request, webhook, act)

    @routes.post("/systems/webhooks/{webhook}/deliveries/{delivery}/resend", MANAGE)
    async def resend(request: Request, webhook: str, delivery: str) -> Response:
        async def act(actor: Actor) -> str:
            again = await resend_delivery(console.desk, actor, webhook, delivery)
            return "again" if again else "under-way"

        return await _act(console, request, webhook, act)

    for name, on in (("on", True), ("off", False)):
        _switch(routes, name, on)


def _switch(routes: Routes, name: str, on: bool) -> None:
    console = routes.console

    @routes.post(f"/systems/webhooks/{{webhook}}/{name}", MANAGE)
    async def switch(request: Request, webhook: str) -> Response:
        async def act(actor: Actor) -> str:
            await switch_subscription(console.desk, actor, webhook, on=on)
            return name

        return await _act(console, request, webhook, act)


async def _act(
    console: Console, request: Request, webhook: str, act: Callable[[Actor], Awaitable[str]]
) -> Response:
    try:
        said = await act(visitor(request).actor)
    except SystemsError as error:
        return await _page(console, request, webhook, problem=str(error))
    return seen_other(f"{HERE}/webhooks/{webhook}?said={said}")


async def _page(
    console: Console,
    request: Request,
    webhook: str,
    *,
    before: str = "",
    notice: str = "",
    problem: str = "",
    wish: subscriptions.Wish | None = None,
) -> Response:
    async with console.door.database.read() as session:
        try:
            row = await subscriptions.subscription(session, webhook)
        except Unknown as unknown:
            return console.pages.trouble(request, 404, "没有这个推送", str(unknown))
        place = row_id(before) or None
        found = await pushes.deliveries(session, row.id, before=place, limit=_PAGE + 1)
    filled = subscriptions.Wish(row.name, row.url, frozenset(row.events), row.confidential)
    now = console.desk.clock()
    return console.pages.show(
        request,
        "webhook.html",
        status=422 if problem else 200,
        row=row,
        deliveries=found[:_PAGE],
        older=found[_PAGE - 1].id if len(found) > _PAGE else None,
        before=place,
        both_sign=row.previous_until is not None and row.previous_until > now,
        push_names=PUSH_NAMES,
        wish=wish or filled,
        notice=notice,
        problem=problem,
        **choices(),
    )
