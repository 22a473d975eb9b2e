"""The fakes of both APIs in bad weather: a sending is sometimes slow, lost before it counts, or its answer is lost."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.connectors.telegram.faults import Faults, faulty_api
from tests.connectors.wechat.fake_api import FakeWeChat, Fault

SEND = "/cgi-bin/message/custom/send"


@dataclass
class Weather:
    """What happens to the next sending. `slow_until`: one that counts already is answered then (monotonic seconds)."""

    chance: random.Random
    slow_until: float = 0.0
    slow_next: bool = False  # whatever is drawn

    def next(self) -> tuple[float, Literal["", "before", "after"]]:
        """Seconds until the answer, and whether the connection is cut before or after the sending counts."""
        roll = self.chance.random()
        if roll < 0.15 or self.slow_next:
            self.slow_next = False
            seconds = self.chance.uniform(1.5, 5.0)
            self.slow_until = max(self.slow_until, time.monotonic() + seconds)
            return seconds, ""
        if roll < 0.19:
            return 0.0, "before" if roll < 0.17 else "after"
        return 0.0, ""


@dataclass
class UnsteadyWeChat(FakeWeChat):
    """The fake of WeChat's API; a call of its sending interface meets the weather."""

    weather: Weather = field(default_factory=lambda: Weather(random.Random()))

    def due(self, path: str) -> Fault | None:
        """The weather for a sending."""
        if path != SEND:
            return None
        seconds, drop = self.weather.next()
        return Fault(seconds=seconds, drop=drop)

    def shown(self, openid: str, text: str) -> None:
        """A passive reply has come."""
        self.account.people[openid].received.append({"msgtype": "text", "text": {"content": text}})

    def received(self) -> dict[str, list[str]]:
        """What each person has received, in order."""
        return {
            openid: [_text(message) for message in person.received]
            for openid, person in self.account.people.items()
        }


class UnsteadyTelegram:
    """The fake of the Bot API behind the weather."""

    def __init__(self, faults: Faults, weather: Weather) -> None:
        self._app: ASGIApp = faulty_api(faults)
        self._faults = faults
        self._weather = weather

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http" or not scope["path"].endswith("/sendMessage"):
            await self._app(scope, receive, send)
            return
        seconds, drop = self._weather.next()
        if drop == "before":
            _cut(receive)
            return

        async def later(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(seconds)
                if drop == "after":
                    _cut(receive)
            await send(message)

        await self._app(scope, receive, later)

    def received(self) -> dict[str, list[str]]:
        """What each chat has received, in order."""
        chats: dict[str, list[str]] = {}
        for body in self._faults.of("sendMessage"):
            chats.setdefault(body["chat_id"], []).append(body["text"])
        return chats


def _text(message: dict[str, dict[str, str]]) -> str:
    return message["text"]["content"] if "text" in message else message["msgmenu"]["head_content"]


def _cut(receive: Receive) -> None:
    # ASGI has no way to drop a connection; uvicorn's `receive` is a method of what holds the transport.
    receive.__self__.transport.abort()  # type: ignore[attr-defined]
