"""One call of WeChat's API: its outcome is a value, and the access token stays out of sight."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from connectors.wechat.codes import Meaning, Todo, meaning

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(connect=3.0, read=10.0, write=5.0, pool=10.0)
# Given up well before a server would: what is written into a connection that the other end is just closing may have
# been delivered or not, and is never repeated.
_KEPT_SECONDS = 2.0
_LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=_KEPT_SECONDS)
_NOTHING_WENT_OUT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_EXTENSION = "wechat"
_HIDDEN = "***"
# json.dumps writes these as \u00XX, which WeChat refuses with 40033; nobody can see them anyway.
_CONTROLS = {code: None for code in range(0x20) if chr(code) not in "\t\n\r"}


@dataclass(frozen=True, slots=True)
class Sent:
    """WeChat has taken it. `receipt` is WeChat's id of a template message, else empty."""

    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """WeChat has said no; nothing was delivered. `reason` is its errmsg with the `rid` that Tencent asks for."""

    code: int
    reason: str
    meaning: Meaning

    @property
    def permanent(self) -> bool:
        """Whether the same call would be refused again."""
        return self.meaning.permanent


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request went out and no usable answer came: it may have been delivered. Not to be repeated blindly."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request was not carried out: safe to repeat."""

    reason: str


Failure = Refused | Unknown | NotSent
Outcome = Sent | Failure


class CallFailed(Exception):
    """A call whose answer is needed got none."""

    def __init__(self, outcome: Failure) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


class _TokenBelow(httpx.AsyncBaseTransport):
    """Adds the access token to the URL below the client, whose log lines and exceptions therefore lack it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        extensions = dict(request.extensions)
        token = extensions.pop(_EXTENSION, "")
        url = request.url.copy_merge_params({"access_token": token}) if token else request.url
        return await self._inner.handle_async_request(
            httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=extensions
            )
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def open_client(base_url: str, *, timeout: httpx.Timeout = TIMEOUT) -> httpx.AsyncClient:
    """The client that every call takes; proxies of the environment are not used. The caller closes it."""
    transport = _TokenBelow(httpx.AsyncHTTPTransport(limits=_LIMITS, trust_env=False))
    return httpx.AsyncClient(base_url=base_url, timeout=timeout, transport=transport, trust_env=False)


def prepare(
    client: httpx.AsyncClient,
    path: str,
    *,
    token: str = "",
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> httpx.Request:
    """A POST of the body as JSON, or a GET where there is none."""
    return client.build_request(
        "GET" if body is None else "POST",
        path,
        params=params,
        content=None if body is None else encoded(body),
        headers=None if body is None else {"Content-Type": "application/json; charset=utf-8"},
        extensions={_EXTENSION: token} if token else None,
    )


async def call(
    client: httpx.AsyncClient,
    path: str,
    *,
    token: str = "",
    secret: str = "",
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any] | Failure:
    """The answer's JSON where its errcode is 0 or missing. `secret`: whose call it is if it asks for a token."""
    request = prepare(client, path, token=token, params=params, body=body)
    try:
        response = await client.send(request)
    except httpx.HTTPError as error:
        return unanswered(error, token, secret)
    return understood(path, response.status_code, response.content, token=token, secret=secret)


def unanswered(error: httpx.HTTPError, *hidden: str) -> Unknown | NotSent:
    """What an error of the transport says about the request."""
    reason = redacted(f"{type(error).__name__}: {error}", *hidden)
    return NotSent(reason) if isinstance(error, _NOTHING_WENT_OUT) else Unknown(reason)


def understood(
    path: str, status: int, content: bytes, *, token: str = "", secret: str = ""
) -> dict[str, Any] | Failure:
    """Reads an answer; errors come with status 200, so that only `errcode` counts."""
    answer = _json_object(content)
    if answer is None:
        # 3xx and 4xx come from what stands in between; behind 5xx the message may have been delivered.
        return NotSent(f"HTTP {status}") if 300 <= status < 500 else Unknown(f"HTTP {status}, no JSON object")
    code = answer.get("errcode", 0)
    if code == 0:
        return answer if status == 200 else Unknown(f"HTTP {status}")
    if not isinstance(code, int):
        return Unknown("errcode is no number")
    reason = redacted(str(answer.get("errmsg", "")), token, secret)
    refused = Refused(code, reason, meaning(code, of_token_call=bool(secret)))
    level = logging.DEBUG if refused.meaning.todo is Todo.NOTHING else logging.WARNING
    log.log(level, "WeChat refused %s: %s %s", path, code, reason)
    return refused


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON with real characters: WeChat refuses or shows \\uXXXX."""
    return json.dumps(_visible(body), ensure_ascii=False).encode(errors="replace")


def redacted(text: str, *hidden: str) -> str:
    """The text without what must not be seen."""
    for secret in filter(None, hidden):
        text = text.replace(secret, _HIDDEN)
    return text


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_CONTROLS)
    if isinstance(value, Mapping):
        return {key: _visible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(item) for item in value]
    return value


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        # Not strict: nicknames and menus of people come back with raw control characters.
        value = json.loads(content, strict=False)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
