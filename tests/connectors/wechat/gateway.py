"""The whole product as WeChat reaches it: over HTTP, with a dialogue model that takes its time.

Annotations are evaluated here: FastAPI reads those of the routes.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from connectors.wechat.routes import PATH
from tests.connectors.served import served
from tests.connectors.wechat.forging import APP_ID
from tests.connectors.wechat.vectors import KEY, TOKEN

_SECONDS = re.compile(r"([0-9.]+) 秒")
# Longer than any dialogue of the tests takes.
_PATIENT_SECONDS = 60.0
SECRET = "s" * 32


@dataclass
class SlowModel:
    """What answers in place of Rasa: it repeats a text, after as many seconds as the text says ("3 秒").

    Asked again with a message id it says the same at once, as Rasa does. `asked`: the texts that took a turn.
    """

    asked: list[str] = field(default_factory=list)
    _said: dict[str, asyncio.Task[list[dict[str, Any]]]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        """Its REST channel."""
        app = FastAPI()

        @app.get("/webhooks/rest/")
        async def ready() -> dict[str, str]:
            return {"status": "ok"}

        @app.post("/webhooks/rest/webhook")
        async def turn(body: dict[str, Any]) -> list[dict[str, Any]]:
            message_id = body["metadata"]["message_id"]
            if message_id not in self._said:
                self._said[message_id] = asyncio.create_task(self._say(body["metadata"]["text"]))
            return await asyncio.shield(self._said[message_id])

        return app

    async def _say(self, text: str) -> list[dict[str, Any]]:
        self.asked.append(text)
        if found := _SECONDS.search(text):
            await asyncio.sleep(float(found[1]))
        return [{"text": f"答：{text}", "custom": {"outcome": "smalltalk"}}]


@contextmanager
def gateway(data: Path, *, database: str, model: str, api: str, later: bool) -> Iterator[str]:
    """The address of the webhook. `model`, `api`: those of the dialogue model and of WeChat's API."""
    settings = Settings(
        data=data,
        database=database,
        rasa_url=model,
        rasa_timeout_seconds=_PATIENT_SECONDS,
        wechat_app_id=APP_ID,
        wechat_app_secret=SecretStr(SECRET),
        wechat_token=SecretStr(TOKEN),
        wechat_aes_key=SecretStr(KEY),
        wechat_can_reply_later=later,
        wechat_api_url=api,
    )
    with served(create_app(settings)) as url:
        yield f"{url}{PATH}"
