"""The line to Telegram: every call gives its result or its trouble, and the token stays on it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

import httpx
from telegram.error import TelegramError

from connectors.telegram.outcomes import RetryAfter, Trouble, Unknown
from connectors.telegram.secrecy import guard
from connectors.telegram.wire import CONNECT_SECONDS, READ_SECONDS, Api, Wire, trouble

TELEGRAM = "https://api.telegram.org"
CONNECTIONS = 20
T = TypeVar("T")


class Line:
    """One bot's connections. Nothing is asked before the first call, so the app starts while Telegram is away.

    `base_url`: where the Bot API is; `proxy`: an HTTP proxy's URL, where Telegram is not reached directly.
    `secrecy` keeps the token out of log lines; the handlers of the process may have it too.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str = TELEGRAM,
        proxy: str | None = None,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.secrecy = guard(token)
        self._calls = Wire(connections=CONNECTIONS, proxy=proxy, read_seconds=read_seconds)
        self._polls = Wire(connections=1, proxy=proxy, read_seconds=read_seconds)
        self.api = Api(
            token,
            base_url=f"{base_url}/bot",
            base_file_url=f"{base_url}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
        )
        self.web = httpx.AsyncClient(
            timeout=httpx.Timeout(read_seconds, connect=CONNECT_SECONDS), proxy=proxy
        )

    async def call(self, answer: Awaitable[T]) -> T | Trouble:
        """The result of a method of `api`, or what became of the request instead."""
        try:
            return await answer
        except TelegramError as error:
            found = trouble(error)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # An answer that the library cannot read: the request was carried out all the same.
            found = Unknown("answer", type(error).__name__)
        return (
            found if isinstance(found, RetryAfter) else replace(found, detail=self.secrecy.hide(found.detail))
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self.web.aclose()
        # Not by the bot's own `shutdown`: it does nothing where `getMe` was never asked.
        await self._calls.shutdown()
        await self._polls.shutdown()
