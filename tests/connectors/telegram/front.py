"""The person's side of telegram-test-api, and what it has seen the bot do."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE_SECONDS = 20.0


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@dataclass(frozen=True)
class Front:
    """The front at an address."""

    url: str

    async def person(self, chat: int, **does: str) -> None:
        """A person writes (`text`), gives a command (`command`) or presses a button (`press`)."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as web:
            (await web.post(f"{self.url}/front", json={"chat": chat, **does})).raise_for_status()

    async def seen(self) -> dict[str, Any]:
        """`calls` of the bot, statuses of the `pushes`, `webhooks`."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as web:
            found: dict[str, Any] = (await web.get(f"{self.url}/front")).json()
        return found

    async def calls(self, method: str) -> list[dict[str, Any]]:
        """What the bot called a method with."""
        return [call for call in (await self.seen())["calls"] if call["method"] == method]

    async def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until what was seen is so."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not true(seen := await self.seen()):
                await asyncio.sleep(0.02)
        return seen


def keys(call: dict[str, Any]) -> list[dict[str, str]]:
    """The buttons under a message that the bot sent."""
    markup = call["reply_markup"]
    rows = (json.loads(markup) if isinstance(markup, str) else markup)["inline_keyboard"]
    return [key for row in rows for key in row]
