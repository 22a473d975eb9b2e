"""Errors as people and programs read them: application/problem+json (RFC 9457) with stable types."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException


class Problem(Exception):
    """An error to be told. `type` is `urn:qifu:problem:<name>` and never changes."""

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        retry_after: int | None = None,
        challenge: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.title = title
        self.detail = detail
        self.retry_after = retry_after
        self.challenge = challenge

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}
        if self.challenge:
            headers["WWW-Authenticate"] = self.challenge
        return JSONResponse(
            {
                "type": f"urn:qifu:problem:{self.name}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
            },
            self.status,
            media_type="application/problem+json",
            headers=headers,
        )


class ProblemBody(BaseModel):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str


def unauthorized() -> Problem:
    """No such conversation, or not its token: one answer for both, so that ids cannot be probed."""
    return Problem(401, "unauthorized", "Unauthorized", "对话不存在或已失效，请开始新的对话。")


def token_unknown() -> Problem:
    """No token of another system, or one that has run out or was revoked: one answer for all."""
    return Problem(
        401,
        "token-unknown",
        "Unknown token",
        "接口令牌无效：没有、写错、过期或已吊销。请向平台管理员索取。",
        challenge='Bearer realm="qifu"',
    )


def scope_missing(scope: str) -> Problem:
    """The token is good, and not for this."""
    return Problem(
        403,
        "scope-missing",
        "Scope missing",
        f"这个令牌没有“{scope}”权限。如有需要，请联系平台管理员。",
        challenge=f'Bearer realm="qifu", error="insufficient_scope", scope="{scope}"',
    )


def no_such(what: str) -> Problem:
    """There is none, or none that may be read."""
    return Problem(404, "not-found", "Not Found", f"没有这个{what}。")


def text_empty() -> Problem:
    """Nothing but space."""
    return Problem(422, "text-empty", "Empty text", "请先写下您的问题。")


def text_too_long(most: int) -> Problem:
    """More letters than allowed."""
    return Problem(422, "text-too-long", "Text too long", f"一次最多 {most} 个字，请分几次发送。")


def too_large(most: int) -> Problem:
    """The body has too many bytes."""
    return Problem(413, "too-large", "Body too large", f"请求超过 {most} 字节。")


def rate_limited(seconds: int) -> Problem:
    """Too often."""
    return Problem(
        429, "rate-limited", "Too many requests", f"发送得太快了，请 {seconds} 秒后再试。", max(1, seconds)
    )


def too_many_streams() -> Problem:
    """As many pages listen as may."""
    return Problem(
        429, "too-many-streams", "Too many streams", "同时打开的页面太多了，请关掉几个，稍后再试。", 30
    )


def malformed() -> Problem:
    """The request is not what the API takes."""
    return Problem(422, "malformed", "Malformed request", "请求的格式不对。")


def add_problem_handlers(app: FastAPI, *, body_max_bytes: int) -> None:
    """Every error of the app as a problem."""

    @app.exception_handler(Problem)
    async def told(_: Request, problem: Problem) -> JSONResponse:
        return problem.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, __: RequestValidationError) -> JSONResponse:
        return malformed().response()

    @app.exception_handler(HTTPException)
    async def other(_: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 413:
            return too_large(body_max_bytes).response()
        names = {404: ("not-found", "没有这个页面。"), 405: ("method-not-allowed", "不支持这种请求方式。")}
        name, detail = names.get(error.status_code, ("http-error", "请求没有成功。"))
        return Problem(error.status_code, name, str(error.detail), detail).response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return Problem(
            500, "internal", "Internal error", "系统出了点问题，请稍后再试，或拨打 12345。"
        ).response()
