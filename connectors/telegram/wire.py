"""python-telegram-bot over our transport, which tells what its errors leave out: whether a request may have arrived."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)
from telegram.request import HTTPXRequest

from connectors.telegram.outcomes import Doubt, NotSent, Refused, RetryAfter, Trouble, Unknown

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
# Given up well before a server would: what is written into a connection that the other end is just closing may have
# been delivered or not, and is never repeated.
_KEPT_SECONDS = 2.0
_DETAIL_LETTERS = 300
UNTOLD_SECONDS = 30.0
# Each of these ends before the first byte of the request.
_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# 400s that mean a chat rather than a message.
_NOBODY_THERE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "user_is_blocked",
    "input_user_deactivated",
)


class Unsent(NetworkError):
    """The request never left."""


class Unanswered(NetworkError):
    """The request left, and what became of it is not known."""

    def __init__(self, doubt: Doubt, message: str) -> None:
        super().__init__(message)
        self.doubt = doubt


class TooFast(TelegramError):
    """429. The library's own error tells its seconds with a warning, and takes a gateway's 429 for a refusal."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"retry after {seconds}")
        self.seconds = seconds


class Wire(HTTPXRequest):
    """One pool of connections, with times for everything."""

    def __init__(self, *, connections: int, proxy: str | None, read_seconds: float) -> None:
        super().__init__(
            connection_pool_size=connections,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=read_seconds,
            write_timeout=read_seconds,
            pool_timeout=CONNECT_SECONDS,
            proxy=proxy,
            httpx_kwargs={
                "limits": httpx.Limits(max_connections=connections, keepalive_expiry=_KEPT_SECONDS)
            },
        )

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """As in the library. Raises `Unsent` and `Unanswered`, the latter also for every 5xx, and `TooFast`."""
        try:
            code, payload = await super().do_request(*args, **kwargs)
        except NetworkError as error:
            cause = error.__cause__
            words = type(cause).__name__
            if isinstance(cause, _BEFORE_SENDING):
                raise Unsent(words) from None
            doubt: Doubt = "timeout" if isinstance(cause, httpx.TimeoutException) else "cut"
            raise Unanswered(doubt, words) from None
        if code >= 500 or code == 408:
            raise Unanswered("server", f"HTTP {code}")
        if code == 429:
            raise TooFast(_seconds(payload))
        return code, payload


class Api(Bot):
    """The library's bot, which also gives updates as they came: its own classes raise on those that lack a field."""

    async def raw_updates(self, offset: int, allowed: Sequence[str], *, seconds: int) -> list[Any]:
        """Updates from an id on; waits up to `seconds` for the first. Raises `TelegramError`."""
        asked = {"offset": offset, "timeout": seconds, "allowed_updates": list(allowed)}
        found = await self._post("getUpdates", asked, read_timeout=seconds + READ_SECONDS)
        return found if isinstance(found, list) else []


def _seconds(payload: bytes) -> float:
    try:
        told = json.loads(payload)["parameters"]["retry_after"]
    except (ValueError, KeyError, TypeError):
        return UNTOLD_SECONDS
    return told if isinstance(told, int | float) and told > 0 else UNTOLD_SECONDS


def trouble(error: TelegramError) -> Trouble:
    """An error of the library as a value. Its order matters: `BadRequest` is a `NetworkError` there."""
    detail = str(error)[:_DETAIL_LETTERS]
    if isinstance(error.__cause__, TelegramError):
        # A refusal that is no JSON: a gateway or a proxy on the way says so, not Telegram.
        return NotSent(detail)
    match error:
        case TooFast():
            return RetryAfter(error.seconds, whole_bot=False)
        case Forbidden():
            return Refused("unreachable", permanent=True, detail=detail)
        case InvalidToken():
            return Refused("token", permanent=False, detail=detail)
        case Conflict():
            return Refused("conflict", permanent=False, detail=detail)
        case BadRequest():
            nobody = any(words in detail.lower() for words in _NOBODY_THERE)
            return Refused("unreachable" if nobody else "bad_request", permanent=True, detail=detail)
        case Unsent():
            return NotSent(detail)
        case Unanswered():
            return Unknown(error.doubt, detail)
        case NetworkError() if error.__cause__ is not None:
            return Unknown("cut", detail)
        case NetworkError():
            # Another 4xx.
            return Refused("bad_request", permanent=True, detail=detail)
        case ChatMigrated():
            # Only groups move, and we write to people only.
            return Refused("unreachable", permanent=True, detail=detail)
        case _:
            return Unknown("answer", detail)
