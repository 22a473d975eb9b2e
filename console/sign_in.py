"""Signing in and out."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.origin import own_path
from console.pages import visitor
from console.routes import PREFIX, PUBLIC, SIGN_IN, Console, Routes, browser, seen_other
from console.single_sign_on import SIGNED_OUT
from staff import own_account
from staff.roles import Permission
from staff.sessions import Stage
from staff.sign_in import Paused, Refused, SignedIn


def sign_in_routes(routes: Routes) -> None:
    """`/console/sign-in`, `/console/sign-in/code`, `/console/sign-out`."""
    console = routes.console

    @routes.get("/sign-in", PUBLIC)
    async def form(request: Request, next: str = "", said: str = "") -> Response:
        if request.state.visitor is not None:
            return seen_other(own_path(next))
        return _form(console, request, next=own_path(next), said=said)

    @routes.post("/sign-in", PUBLIC)
    async def sign_in(
        request: Request,
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "",
    ) -> Response:
        known = replace(browser(request), mark=console.cookie.read_mark(request))
        outcome = await console.door.sign_in(username, password, known)
        if isinstance(outcome, SignedIn):
            return _welcome(console, outcome, own_path(next))
        problem = problem_of(outcome, "用户名或密码不对。")
        status = 429 if isinstance(outcome, Paused) else 422
        return _form(console, request, status=status, next=own_path(next), problem=problem, username=username)

    @routes.get("/sign-in/code", Permission.OWN_ACCOUNT, stage=Stage.CODE)
    async def code_form(request: Request, next: str = "") -> Response:
        if visitor(request).stage != Stage.CODE:
            return seen_other(own_path(next))
        return console.pages.show(request, "code.html", next=own_path(next))

    @routes.post("/sign-in/code", Permission.OWN_ACCOUNT, stage=Stage.CODE)
    async def give_code(
        request: Request, code: Annotated[str, Form()] = "", next: Annotated[str, Form()] = ""
    ) -> Response:
        if visitor(request).stage != Stage.CODE:
            return seen_other(PREFIX)
        outcome = await console.door.give_code(visitor(request), code, browser(request))
        if isinstance(outcome, SignedIn):
            return _welcome(console, outcome, own_path(next))
        problem = problem_of(outcome, "验证码不对，或已经用过。请等手机上换了新的再输入。")
        status = 429 if isinstance(outcome, Paused) else 422
        return console.pages.show(request, "code.html", status=status, next=own_path(next), problem=problem)

    @routes.post("/sign-out", Permission.OWN_ACCOUNT, stage=Stage.CODE)
    async def sign_out(request: Request) -> Response:
        await own_account.end_session(console.door, visitor(request), visitor(request).session_id)
        vouched = visitor(request).vouched and console.door.identity is not None
        answer = seen_other(SIGNED_OUT if vouched else f"{SIGN_IN}?said=out")
        console.cookie.clear(answer)
        return answer


def problem_of(outcome: Refused | Paused, refused: str) -> str:
    """What to say of a try that did not succeed."""
    if isinstance(outcome, Refused):
        return refused
    minutes, seconds = divmod(outcome.seconds, 60)
    wait = (
        f"{minutes} 分 {seconds} 秒"
        if minutes and seconds
        else f"{minutes} 分钟"
        if minutes
        else f"{seconds} 秒"
    )
    return f"尝试的次数太多，请 {wait}后再试。"


def _form(
    console: Console,
    request: Request,
    *,
    next: str,
    said: str = "",
    problem: str = "",
    username: str = "",
    status: int = 200,
) -> Response:
    return console.pages.show(
        request,
        "sign_in.html",
        status=status,
        next=next,
        service=console.door.identity.name if console.door.identity else "",
        notice="您已退出。" if said == "out" else "",
        problem=problem,
        username=username,
    )


def _welcome(console: Console, signed_in: SignedIn, next: str) -> Response:
    # The gate of that page sends on whoever has still a step to do.
    answer = seen_other(next)
    console.cookie.set(answer, signed_in.token)
    if signed_in.mark:
        console.cookie.set_mark(answer, signed_in.mark)
    return answer
