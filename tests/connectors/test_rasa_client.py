"""Asking Rasa: what is known when it does not answer."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI, Response

from connectors.rasa.client import RasaDialogue
from desk.ports import DialogueDown, Parsed, TurnFailed
from tests.connectors.served import served
from tests.connectors.wechat.connected import nobody


def answering(status: int, *, hangs: bool = False, ready: bool = True) -> FastAPI:
    """A Rasa that answers every turn with a status, or not at all; `ready`: it answers whether it is there."""
    app, stopped = FastAPI(), asyncio.Event()

    @app.post("/webhooks/rest/webhook")
    async def webhook() -> Response:
        if hangs:
            await stopped.wait()
        return Response(status_code=status)

    @app.get("/webhooks/rest/")
    async def there() -> Response:
        if not ready:
            await stopped.wait()
        return Response()

    return app


async def asked(url: str) -> type[Exception]:
    """What asking raises."""
    dialogue = RasaDialogue(url, "secret", timeout_seconds=0.3)
    try:
        with pytest.raises(DialogueDown) as raised:
            await dialogue.ask("thread.1", "你好", message_id=1, written="你好")
    finally:
        await dialogue.close()
    return raised.type


@pytest.mark.parametrize(("status", "raised"), [(500, TurnFailed), (401, DialogueDown)])
async def test_a_turn_that_rasa_could_not_take_is_told_from_a_rasa_that_is_away(
    status: int, raised: type[Exception]
) -> None:
    with served(answering(status)) as url:
        assert await asked(url) is raised


async def test_a_rasa_that_hangs_may_do_so_for_this_turn_alone() -> None:
    with served(answering(200, hangs=True)) as url:
        assert await asked(url) is TurnFailed


async def test_a_rasa_that_hangs_altogether_is_away() -> None:
    with served(answering(200, hangs=True, ready=False)) as url:
        assert await asked(url) is DialogueDown


async def test_where_nobody_listens_the_model_is_away() -> None:
    with nobody() as url:
        assert await asked(url) is DialogueDown


@pytest.mark.parametrize(
    "body", ["{}", "[]", "no", '{"intent": "greet", "confidence": "much", "ranking": {}}']
)
async def test_a_parse_that_is_none_is_a_model_that_is_away(body: str) -> None:
    app = FastAPI()

    @app.post("/webhooks/rest/parse")
    async def parse() -> Response:
        return Response(body, media_type="application/json")

    with served(app) as url:
        dialogue = RasaDialogue(url, "secret", timeout_seconds=5)
        with pytest.raises(DialogueDown):
            await dialogue.parse("你好")
        await dialogue.close()


async def test_a_parse_tells_the_intent_and_the_share_of_each() -> None:
    app = FastAPI()

    @app.post("/webhooks/rest/parse")
    async def parse() -> dict[str, object]:
        return {"intent": "greet", "confidence": 0.9, "ranking": {"greet": 0.9, "topic_water": 0.1}}

    with served(app) as url:
        dialogue = RasaDialogue(url, "secret", timeout_seconds=5)
        assert await dialogue.parse("你好") == Parsed("greet", 0.9, {"greet": 0.9, "topic_water": 0.1})
        await dialogue.close()
