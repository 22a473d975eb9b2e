"""Fetching updates where Telegram cannot reach us; an update is confirmed only after it was stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from connectors.faults import report
from connectors.telegram.incoming import Incoming
from connectors.telegram.outcomes import Refused, RetryAfter, Trouble
from connectors.telegram.routes import Accept, Acknowledge
from connectors.telegram.updates import read_update, update_id_of

WAIT_SECONDS = 25
MOST_BACKOFF_SECONDS = 60.0
_LOG = logging.getLogger(__name__)


class Feed(Protocol):
    """Where updates come from: the client."""

    async def updates(self, offset: int, *, seconds: int) -> list[Any] | Trouble:
        """Updates from an id on."""

    async def delete_webhook(self) -> Trouble | None:
        """Make polling possible."""

    async def username(self) -> str | Trouble:
        """The bot's name."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """The id up to which a batch is stored (None: none of it), and whether that is all of it."""

    last: int | None
    whole: bool


async def poll(
    feed: Feed,
    accept: Accept,
    acknowledge: Acknowledge,
    *,
    clock: Callable[[], datetime],
    jitter: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    wait_seconds: int = WAIT_SECONDS,
) -> Refused:
    """Fetch and store until cancelled. Returns only where the token is refused, which waiting does not mend.

    `jitter`: a number from 0 to 1, by which waits differ.
    """
    offset, failures, pushed = 0, 0, True
    while True:
        trouble = await feed.delete_webhook() if pushed else None
        pushed = trouble is not None
        found = trouble or await feed.updates(offset, seconds=wait_seconds)
        if isinstance(found, list):
            stored = await _store(feed, found, accept, acknowledge, clock())
            offset = _next(offset, found, stored)
            failures = 0 if stored.whole else failures + 1
            wait = backoff(failures, jitter()) if failures else 0.0
        else:
            failures += 1
            _tell(found)
            if isinstance(found, Refused) and found.reason == "token":
                return found
            wait = found.seconds if isinstance(found, RetryAfter) else backoff(failures, jitter())
        if wait:
            await sleep(wait)


def backoff(failures: int, jitter: float) -> float:
    """Seconds to wait after so many failures in a row (from 1): doubling up to a minute, by half more or less."""
    return float(min(2 ** min(failures - 1, 10), MOST_BACKOFF_SECONDS) * (0.5 + jitter))


async def _store(
    feed: Feed, batch: list[Any], accept: Accept, acknowledge: Acknowledge, received: datetime
) -> _Stored:
    """Store a batch in order, up to the first that cannot be stored; then tell the people."""
    name = await feed.username() if batch else ""
    last: int | None = None
    accepted: list[Incoming] = []
    for update in batch:
        incoming = read_update(update, bot=name if isinstance(name, str) else "", received=received)
        try:
            if incoming is not None:
                await accept(incoming)
                accepted.append(incoming)
        except Exception as error:  # it will be fetched again
            report(f"storing update {update_id_of(update)} of Telegram", error)
            break
        last = update_id_of(update) if update_id_of(update) is not None else last
    await asyncio.gather(*(acknowledge(incoming) for incoming in accepted))
    return _Stored(last, whole=not batch or last == update_id_of(batch[-1]))


def _next(offset: int, batch: list[Any], stored: _Stored) -> int:
    if stored.last is not None:
        return stored.last + 1
    # After a quiet week ids begin anew, perhaps lower. An empty answer has confirmed everything: ask for any.
    return offset if batch else 0


def _tell(trouble: Trouble) -> None:
    match trouble:
        case Refused("token", detail=detail):
            _LOG.error("Telegram 不认这个机器人的令牌，请检查设置。（Telegram：%s）", detail)
        case Refused("conflict", detail=detail) if "webhook" in detail.lower():
            _LOG.error("这个机器人设有回调地址，不能同时轮询。请停用其中一种。（Telegram：%s）", detail)
        case Refused("conflict", detail=detail):
            _LOG.error("另一个程序正在用同一个机器人接收消息，请停掉其中一个。（Telegram：%s）", detail)
        case _:
            _LOG.warning("没有收到 Telegram 的消息，稍后再试：%s", trouble)
