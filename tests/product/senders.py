"""WeChat and Telegram as they push a person's messages: what is not answered comes again, and what was answered may."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from connectors.telegram.routes import PATH as TELEGRAM_PATH
from connectors.wechat.crypto import aes_key, decrypt
from connectors.wechat.replies import SUCCESS
from connectors.wechat.routes import PATH as WECHAT_PATH
from connectors.wechat.xml import read_fields, write_fields
from tests.connectors.wechat.forging import APP_ID, cipher_of, sealed_body, sealed_query
from tests.connectors.wechat.vectors import KEY
from tests.product.apis import UnsteadyWeChat

SECRET = "kill-test-secret"
CUT_SECONDS = 5.0
WECHAT_ATTEMPTS = 3
TELEGRAM_PATIENCE_SECONDS = 30.0
TELEGRAM_PAUSE_SECONDS = 1.0
_IDS = count(6_054_768_590_064_713_000)


@dataclass
class Said:
    """A message of a person. `acknowledged`: a push was answered 200; `shown`: WeChat's reply within one, if any.

    `over`: its channel has stopped pushing it.
    """

    channel: str
    address: str
    text: str
    again: tuple[float, ...] = ()
    id: str = field(default_factory=lambda: str(next(_IDS)))
    created: int = field(default_factory=lambda: int(time.time()))
    pushes: int = 0
    acknowledged: bool = False
    shown: str = ""
    over: bool = False


class Sender(ABC):
    """A channel's server. `http` has no time-out of its own."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._more: set[asyncio.Task[None]] = set()

    async def send(self, said: Said) -> None:
        """Push a message until its channel is content or gives up. The additional pushes go on beside it."""
        for seconds in said.again:
            task = asyncio.create_task(self._once_more(said, seconds))
            self._more.add(task)
        await self._until_content(said)
        said.over = True

    async def rest(self) -> None:
        """Wait for the additional pushes."""
        await asyncio.gather(*self._more)

    async def _once_more(self, said: Said, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not said.over or said.acknowledged:  # given up is given up
            await self._push(said)

    @abstractmethod
    async def _until_content(self, said: Said) -> None:
        """Push until the channel's server would not push any more."""

    @abstractmethod
    async def _push(self, said: Said) -> bool:
        """One push. Whether it was answered as the server wants it."""


class WeChatSender(Sender):
    """Three attempts, each cut after five seconds. The first reply to a message is shown, any further one is not."""

    def __init__(self, http: httpx.AsyncClient, api: UnsteadyWeChat) -> None:
        super().__init__(http)
        self._api = api
        self.contradicted: list[Said] = []

    async def _until_content(self, said: Said) -> None:
        self._api.account.writes(said.address)
        for _ in range(WECHAT_ATTEMPTS):
            began = time.monotonic()
            if await self._push(said):
                return
            await asyncio.sleep(CUT_SECONDS - (time.monotonic() - began))

    async def _push(self, said: Said) -> bool:
        said.pushes += 1
        cipher = cipher_of(_xml(said))
        query = sealed_query(cipher, timestamp=str(int(time.time())))
        try:
            async with asyncio.timeout(CUT_SECONDS):
                response = await self._http.post(WECHAT_PATH, params=query, content=sealed_body(cipher))
        except (httpx.HTTPError, TimeoutError):
            return False
        if response.status_code != 200:
            return False
        said.acknowledged = True
        if response.text != SUCCESS:
            self._show(said, response.content)
        return True

    def _show(self, said: Said, body: bytes) -> None:
        sealed = read_fields(body)["Encrypt"]
        text = read_fields(decrypt(sealed, key=aes_key(KEY), app_id=APP_ID))["Content"]
        if not said.shown:
            said.shown = text
            self._api.shown(said.address, text)
        elif said.shown != text:
            self.contradicted.append(said)


class TelegramSender(Sender):
    """An update is pushed until it is answered 200; whoever calls `send` keeps a chat's updates in order."""

    async def _until_content(self, said: Said) -> None:
        while not await self._push(said):
            await asyncio.sleep(TELEGRAM_PAUSE_SECONDS)

    async def _push(self, said: Said) -> bool:
        said.pushes += 1
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        try:
            async with asyncio.timeout(TELEGRAM_PATIENCE_SECONDS):
                response = await self._http.post(TELEGRAM_PATH, json=_update(said), headers=headers)
        except (httpx.HTTPError, TimeoutError):
            return False
        said.acknowledged = said.acknowledged or response.status_code == 200
        return response.status_code == 200


def _xml(said: Said) -> str:
    fields = {
        "ToUserName": "gh_1",
        "FromUserName": said.address,
        "CreateTime": str(said.created),
        "MsgType": "text",
        "Content": said.text,
        "MsgId": said.id,
    }
    return write_fields(list(fields.items()))


def _update(said: Said) -> dict[str, Any]:
    person = {"id": int(said.address), "is_bot": False, "first_name": "李"}
    chat = {"id": int(said.address), "type": "private"}
    message = {"message_id": 1, "date": said.created, "from": person, "chat": chat, "text": said.text}
    return {"update_id": int(said.id), "message": message}
