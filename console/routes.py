"""The only way to a page of the console: a route that says what permission it asks for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException

from console.cookie import Cookie
from console.live import Live
from console.origin import from_elsewhere
from console.pages import Pages
from conversations import mentions
from desk.desk import Desk
from desk.ports import Scan
from staff import sessions
from staff.notices import unread
from staff.roles import Permission
from staff.sessions import Browser, Stage, Visitor
from staff.sign_in import Door
from store.files import Files

log = logging.getLogger(__name__)

PREFIX = "/console"
SIGN_IN = f"{PREFIX}/sign-in"
PUBLIC: Final = "public"
Need = Permission | Literal["public"]
NEXT_STEP: Mapping[Stage, str] = {
    Stage.CODE: f"{PREFIX}/sign-in/code",
    Stage.PASSWORD: f"{PREFIX}/account/password",
    Stage.ENROL: f"{PREFIX}/account/second-factor",
}
_SAFE = ("GET", "HEAD")
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Awaitable[Response]])


@dataclass(frozen=True, slots=True)
class Console:
    """What every page works with, put together once in `console_router`.

    `files`: those that people sent, and those of articles; `scan`: what looks at those of articles.
    """

    desk: Desk
    door: Door
    cookie: Cookie
    pages: Pages
    live: Live
    files: Files | None = None
    scan: Scan | None = None


class TurnedAway(Exception):
    """The request goes no further; `to`: where the browser is sent instead of being told."""

    def __init__(self, status: int, heading: str, detail: str, to: str = "") -> None:
        super().__init__(heading)
        self.status = status
        self.heading = heading
        self.detail = detail
        self.to = to


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """Lets a request pass or not. The permission that it is declared with is the one that it checks.

    `stage`: how far somebody must have come with signing in. `background`: the browser asks by itself, which does not keep
    a session awake.
    """

    console: Console
    need: Need
    stage: Stage
    background: bool

    async def __call__(self, request: Request) -> None:
        """Leaves the `Visitor` in `request.state`. Raises `TurnedAway`."""
        visitor = request.state.visitor = await self._visitor(request)
        if request.method not in _SAFE and from_elsewhere(request.headers):
            raise TurnedAway(403, "请求被拒绝", "这个请求不是从本系统的页面发出的。")
        if self.need != PUBLIC:
            await self._admit(request, visitor)
        await _refuse_nul(request)
        if visitor is not None and visitor.stage is Stage.IN and not self.background:
            async with self.console.door.database.read() as session:
                request.state.unread = await unread(session, visitor.actor.account_id or "")

    async def _admit(self, request: Request, visitor: Visitor | None) -> None:
        if visitor is None:
            raise _signed_out(request)
        if visitor.stage < self.stage:
            raise TurnedAway(403, "还没有登录完成", "请先完成登录。", _next_step(request, visitor.stage))
        if not visitor.actor.may(Permission(self.need)):
            raise TurnedAway(403, "没有权限", "您的角色不能使用这个页面。如有需要，请联系管理员。")
        if request.method not in _SAFE and not await _has_token(request, visitor):
            raise TurnedAway(
                403,
                "页面已过期",
                "打开它以后换了登录的账号，或系统的密钥换过。请返回上一页，记下填写的内容，刷新以后再提交。",
            )

    async def _visitor(self, request: Request) -> Visitor | None:
        token = self.console.cookie.read(request)
        if token is None:
            return None
        door = self.console.door
        now = door.clock()
        async with door.database.read() as session:
            address = browser(request).address
            found = await sessions.visitor(session, token, address, door.policy, now=now)
            called = await _called(session, found[0]) if found and not self.background else 0
        if found is None:
            return None
        visitor, unseen = found
        request.state.counts = {"mentions": called}
        if unseen and not self.background:
            async with door.database.write() as session:
                await sessions.see(session, visitor.session_id, at=now)
        return visitor


class Routes:
    """Routes of the console, each behind its gate."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.router = APIRouter(
            prefix=PREFIX, include_in_schema=False, route_class=_guarded_route(console.pages)
        )

    def get(
        self, path: str, permission: Need, *, stage: Stage = Stage.IN, background: bool = False
    ) -> Callable[[_Endpoint], _Endpoint]:
        """A page."""
        return self._route("GET", path, Gate(self.console, permission, stage, background))

    def post(
        self, path: str, permission: Need, *, stage: Stage = Stage.IN, background: bool = False
    ) -> Callable[[_Endpoint], _Endpoint]:
        """An act: its form carries the account's token."""
        return self._route("POST", path, Gate(self.console, permission, stage, background))

    def _route(self, method: str, path: str, gate: Gate) -> Callable[[_Endpoint], _Endpoint]:
        def register(endpoint: _Endpoint) -> _Endpoint:
            self.router.add_api_route(
                path, endpoint, methods=[method], dependencies=[Depends(gate)], response_model=None
            )
            return endpoint

        return register


def browser(request: Request) -> Browser:
    """Where a request came from."""
    return Browser(request.client.host if request.client else "", request.headers.get("user-agent", ""))


def seen_other(path: str) -> RedirectResponse:
    """After an act: a page, so that a reload does not act again."""
    return RedirectResponse(path, 303)


async def _called(session: AsyncSession, visitor: Visitor) -> int:
    may = visitor.actor.may(Permission.CONVERSATIONS_READ)
    return await mentions.unseen(session, visitor.actor.account_id or "") if may else 0


def _signed_out(request: Request) -> TurnedAway:
    if request.method in _SAFE:
        return TurnedAway(401, "请先登录", "您还没有登录，或登录已经过期。", _coming_back(SIGN_IN, request))
    return TurnedAway(
        401, "登录已经过期", "刚才的内容没有提交。请在另一个窗口重新登录，再回到上一页提交，填写的内容还在。"
    )


def _next_step(request: Request, stage: Stage) -> str:
    page = NEXT_STEP[stage]
    return _coming_back(page, request) if stage == Stage.CODE and request.method in _SAFE else page


def _coming_back(page: str, request: Request) -> str:
    """The page, which afterwards leads to where the request wanted to go."""
    whole = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return page if whole == PREFIX else f"{page}?{urlencode({'next': whole})}"


async def _has_token(request: Request, visitor: Visitor) -> bool:
    given: object = request.headers.get("x-csrf-token")
    if given is None:
        given = (await request.form()).get("csrf")
    return isinstance(given, str) and sessions.same_token(given, visitor.csrf)


async def _refuse_nul(request: Request) -> None:
    """No person types it, and PostgreSQL takes it in no text."""
    texts = [request.url.path, *request.query_params.values()]
    if request.method not in _SAFE:
        texts += [value for value in (await request.form()).values() if isinstance(value, str)]
    if any("\0" in text for text in texts):
        raise TurnedAway(422, "提交的内容不对", "内容里有不能识别的字符，请返回上一页改正。")


def _guarded_route(pages: Pages) -> type[APIRoute]:
    class GuardedRoute(APIRoute):
        """Has every answer carry the console's headers, and every error be a page of it."""

        def get_route_handler(self) -> Callable[[Request], Any]:
            handle = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                return pages.guard(await _answer(pages, handle, request))

            return guarded

    return GuardedRoute


async def _answer(pages: Pages, handle: Callable[[Request], Any], request: Request) -> Response:
    try:
        answer: Response = await handle(request)
    except TurnedAway as away:
        if not away.to:
            return pages.trouble(request, away.status, away.heading, away.detail)
        if "hx-request" in request.headers:
            return Response(status_code=away.status, headers={"HX-Redirect": away.to})
        return seen_other(away.to)
    except RequestValidationError:
        return pages.trouble(request, 422, "提交的内容不对", "请返回上一页，改正以后再提交。")
    except HTTPException as error:
        if error.status_code == 413:
            return pages.trouble(request, 413, "提交的内容太大", "请返回上一页，减少内容以后再提交。")
        return pages.trouble(request, error.status_code, "请求没有成功", "请返回上一页再试。")
    except Exception:
        log.exception("a page of the console failed: %s %s", request.method, request.url.path)
        return pages.trouble(request, 500, "系统出了点问题", "请稍后再试。如果一直这样，请告诉管理员。")
    return answer
