"""One's own account: password, second factor, sessions."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import Form, Request
from fastapi.responses import Response
from markupsafe import Markup

from console.pages import visitor
from console.routes import PREFIX, Console, Routes, browser, seen_other
from console.sign_in import problem_of
from staff import own_account, second_factor, sessions
from staff.errors import PasswordRefused
from staff.models import Account
from staff.roles import Permission
from staff.sessions import Stage
from staff.sign_in import Paused, Refused, SignedIn

_OWN = Permission.OWN_ACCOUNT
_HERE = f"{PREFIX}/account"
_NOTICES = {
    "password": "密码已修改，其他设备上的登录都已结束。",
    "ended": "已结束那个登录。",
    "others": "其他设备上的登录都已结束。",
    "removed": "两步验证已关闭。",
}


def own_account_routes(routes: Routes) -> None:
    """`/console/account` and what is below it."""
    console = routes.console

    @routes.get("/account", _OWN)
    async def account(request: Request, said: str = "") -> Response:
        return await _account_page(console, request, notice=_NOTICES.get(said, ""))

    @routes.get("/account/password", _OWN, stage=Stage.PASSWORD)
    async def password_form(request: Request) -> Response:
        return console.pages.show(request, "password.html")

    @routes.post("/account/password", _OWN, stage=Stage.PASSWORD)
    async def change_password(
        request: Request,
        current: Annotated[str, Form()] = "",
        new: Annotated[str, Form()] = "",
        again: Annotated[str, Form()] = "",
    ) -> Response:
        if new != again:
            return console.pages.show(
                request, "password.html", status=422, problem="两次输入的新密码不一样。"
            )
        try:
            outcome = await own_account.change_password(
                console.door, visitor(request), current, new, browser(request)
            )
        except PasswordRefused as refused:
            return console.pages.show(request, "password.html", status=422, problem=str(refused))
        if not isinstance(outcome, SignedIn):
            problem = problem_of(outcome, "当前密码不对。")
            return console.pages.show(request, "password.html", status=_status(outcome), problem=problem)
        first = visitor(request).stage == Stage.PASSWORD
        answer = seen_other(PREFIX if first else f"{_HERE}?said=password")
        console.cookie.set(answer, outcome.token)
        return answer

    @routes.post("/account/sessions/{session_id}/end", _OWN)
    async def end_session(request: Request, session_id: str) -> Response:
        await own_account.end_session(console.door, visitor(request), session_id)
        return seen_other(f"{_HERE}?said=ended")

    @routes.post("/account/end-other-sessions", _OWN)
    async def end_others(request: Request) -> Response:
        await own_account.end_other_sessions(console.door, visitor(request))
        return seen_other(f"{_HERE}?said=others")


def second_factor_routes(routes: Routes) -> None:
    """`/console/account/second-factor` and what is below it."""
    console = routes.console

    @routes.get("/account/second-factor", _OWN, stage=Stage.ENROL)
    async def enrolment(request: Request) -> Response:
        return await _enrolment(console, request)

    @routes.post("/account/second-factor", _OWN, stage=Stage.ENROL)
    async def enrol(request: Request, code: Annotated[str, Form()] = "") -> Response:
        who = visitor(request)
        async with console.door.database.write() as session:
            codes = await second_factor.enrol(
                session, who.actor, who.session_id, code, at=console.door.clock()
            )
        if codes is None:
            problem = "验证码不对。请确认手机的时间准确，等换了新的验证码再输入。"
            return await _enrolment(console, request, problem=problem)
        return console.pages.show(request, "recovery_codes.html", codes=codes, first=True)

    @routes.post("/account/second-factor/remove", _OWN)
    async def remove(request: Request, password: Annotated[str, Form()] = "") -> Response:
        if console.door.policy.demands_second_factor(visitor(request).actor.roles):
            return await _account_page(console, request, problem="您的角色必须使用两步验证，不能关闭。")
        if wrong := await own_account.remove_second_factor(console.door, visitor(request), password):
            return await _account_page(console, request, problem=problem_of(wrong, "密码不对。"))
        return seen_other(f"{_HERE}?said=removed")

    @routes.post("/account/second-factor/recovery-codes", _OWN)
    async def renew_codes(request: Request, password: Annotated[str, Form()] = "") -> Response:
        outcome = await own_account.renew_recovery_codes(console.door, visitor(request), password)
        if isinstance(outcome, Refused | Paused):
            return await _account_page(console, request, problem=problem_of(outcome, "密码不对。"))
        return console.pages.show(request, "recovery_codes.html", codes=outcome, first=False)


async def _account_page(
    console: Console, request: Request, *, notice: str = "", problem: str = ""
) -> Response:
    who, door = visitor(request), console.door
    async with door.database.read() as session:
        account = await session.get_one(Account, who.actor.account_id)
        open_sessions = await sessions.alive_of(session, account.id, door.policy, now=door.clock())
        codes_left = await second_factor.codes_left(session, account.id)
    return console.pages.show(
        request,
        "account.html",
        status=422 if problem else 200,
        account=account,
        sessions=open_sessions,
        codes_left=codes_left,
        must_have=door.policy.demands_second_factor(who.actor.roles),
        notice=notice,
        problem=problem,
    )


async def _enrolment(console: Console, request: Request, *, problem: str = "") -> Response:
    who = visitor(request)
    async with console.door.database.write() as session:
        account = await session.get_one(Account, who.actor.account_id)
        if account.totp_secret is not None:
            return seen_other(_HERE)
        secret = await second_factor.offer(session, who.session_id)
    uri = second_factor.enrolment_uri(
        secret, username=account.username, issuer=f"{console.desk.city.name}企业服务"
    )
    # `omitsize`: the style sheet says how large it is.
    drawing = segno.make(uri, error="l").svg_inline(
        border=4, dark="#16282c", light="#fff", omitsize=True, title="二维码"
    )
    return console.pages.show(
        request,
        "second_factor.html",
        status=422 if problem else 200,
        drawing=Markup(drawing),  # noqa: S704 (drawn by segno from our own values)
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        problem=problem,
    )


def _status(outcome: Refused | Paused) -> int:
    return 429 if isinstance(outcome, Paused) else 422
