"""Signing in through the city's identity service, where one is set, and out again."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
from dataclasses import asdict

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from console.origin import own_path
from console.routes import PREFIX, PUBLIC, SIGN_IN, Console, Routes, browser, seen_other
from staff.identity import IdentityFailed, IdentityService, Returned, Started
from staff.sign_in import SignedIn

log = logging.getLogger(__name__)

START = f"{SIGN_IN}/single"
BACK = f"{SIGN_IN}/single/back"
SIGNED_OUT = f"{PREFIX}/signed-out"
_MINUTES = 15
_LONGEST = 4000


def single_sign_on_routes(routes: Routes) -> None:
    """`/console/sign-in/single`, `…/back`, `/console/signed-out`; nothing where no service is set."""
    console = routes.console
    if console.door.identity is not None:
        _start(routes, console, console.door.identity)
        _back(routes, console, console.door.identity)
        _signed_out(routes, console, console.door.identity)


def _start(routes: Routes, console: Console, service: IdentityService) -> None:
    @routes.get("/sign-in/single", PUBLIC)
    async def start(request: Request, next: str = "") -> Response:
        try:
            started = await service.start()
        except IdentityFailed as failed:
            return _away(console, request, service, failed)
        answer = RedirectResponse(started.url, 303)
        secret = console.door.policy.secret
        console.cookie.set_trip(answer, packed(secret, started, own_path(next)), _MINUTES * 60)
        return answer


def _back(routes: Routes, console: Console, service: IdentityService) -> None:
    @routes.get("/sign-in/single/back", PUBLIC)
    async def back(
        request: Request, code: str = "", state: str = "", iss: str = "", error: str = ""
    ) -> Response:
        trip = unpacked(console.door.policy.secret, console.cookie.read_trip(request))
        if trip is None or not hmac.compare_digest(trip[0].state.encode(), state.encode()):
            return console.pages.trouble(
                request, 403, "登录没有完成", "从登录页开始到现在太久，或不是从这个浏览器开始的。请重新登录。"
            )
        if error or not code:
            answer = console.pages.trouble(
                request, 403, "登录没有完成", f"{service.name}没有同意登录。请返回登录页再试。"
            )
        else:
            answer = await _entered(request, trip[0], Returned(code, iss), trip[1])
        console.cookie.clear_trip(answer)
        return answer

    async def _entered(request: Request, started: Started, returned: Returned, next: str) -> Response:
        try:
            name = await service.finish(started, returned)
        except IdentityFailed as failed:
            return _away(console, request, service, failed)
        outcome = await console.door.vouched(name, browser(request))
        if isinstance(outcome, SignedIn):
            answer = seen_other(next)
            console.cookie.set(answer, outcome.token)
            return answer
        return console.pages.trouble(
            request, 403, "没有账号", "您在这里没有账号，或账号已停用。请联系管理员。"
        )


def _signed_out(routes: Routes, console: Console, service: IdentityService) -> None:
    @routes.get("/signed-out", PUBLIC)
    async def signed_out(request: Request) -> Response:
        # A page that goes on by itself: browsers let no form end at another site under our content policy.
        farewell = await service.farewell()
        if farewell is None:
            return seen_other(f"{SIGN_IN}?said=out")
        return console.pages.show(request, "signed_out.html", farewell=farewell, service=service.name)


def _away(console: Console, request: Request, service: IdentityService, failed: IdentityFailed) -> Response:
    log.warning("signing in through the identity service failed: %s", failed)
    return console.pages.trouble(
        request,
        502,
        f"{service.name}暂时不能用",
        "请稍后再试，或返回登录页用用户名和密码登录。如果一直这样，请告诉管理员。",
    )


def packed(secret: bytes, started: Started, next: str) -> str:
    """What the browser keeps while it is away, signed; not where it was sent."""
    kept = {**asdict(started), "url": "", "next": next}
    text = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode().rstrip("=")
    return f"{text}.{_signature(secret, text)}"


def unpacked(secret: bytes, cookie: str) -> tuple[Started, str] | None:
    """The same again; None where it is not ours."""
    text, _, signature = cookie.partition(".")
    if len(cookie) > _LONGEST or not hmac.compare_digest(
        signature.encode(), _signature(secret, text).encode()
    ):
        return None
    try:
        kept = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return None
    next = str(kept.pop("next"))
    return Started(**kept), next


def _signature(secret: bytes, text: str) -> str:
    return hmac.new(secret, f"sign-in trip:{text}".encode(), hashlib.sha256).hexdigest()
