"""The webhook, over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from connectors.telegram.incoming import Incoming
from connectors.telegram.routes import BODY_BYTES, PATH, telegram_router

SECRET = "s3cret_Token-1"
RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)
HEADER = "X-Telegram-Bot-Api-Secret-Token"
UPDATE = {
    "update_id": 100,
    "message": {
        "message_id": 9,
        "chat": {"id": 55, "type": "private"},
        "date": 1_790_000_000,
        "text": "你好",
    },
}


@dataclass
class Inbox:
    """What was done, in order."""

    events: list[str] = field(default_factory=list)
    broken: bool = False

    async def accept(self, incoming: Incoming) -> None:
        if self.broken:
            raise ConnectionError("the database is away")
        self.events.append(f"stored {incoming.external_id} {incoming.kind}")

    async def acknowledge(self, incoming: Incoming) -> None:
        self.events.append(f"acknowledged {incoming.external_id}")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def web(inbox: Inbox) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(
        telegram_router(
            SECRET, inbox.accept, inbox.acknowledge, username=lambda: "QifuBot", clock=lambda: RECEIVED
        )
    )

    @app.middleware("http")
    async def note(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        inbox.events.append(f"answered {response.status_code}")
        return response

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        yield client


async def push(web: httpx.AsyncClient, body: Any, secret: str = SECRET) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await web.post(PATH, content=content, headers={HEADER: secret})
    assert answer.content == b""
    return answer.status_code


async def test_an_update_is_stored_then_acknowledged_then_answered_to_the_person(
    web: httpx.AsyncClient, inbox: Inbox
) -> None:
    assert await push(web, UPDATE) == 200
    assert inbox.events == ["stored 100 text", "answered 200", "acknowledged 100"]


@pytest.mark.parametrize("secret", ["", "s3cret_Token-2", SECRET + "x", SECRET[:-1], "密"])
async def test_a_push_without_the_secret_is_refused_before_it_is_read(
    web: httpx.AsyncClient, inbox: Inbox, secret: str
) -> None:
    answer = await web.post(PATH, content=b"{", headers=[(HEADER.encode(), secret.encode())])
    assert answer.status_code == 403
    assert inbox.events == ["answered 403"]
    assert (await web.post(PATH, json=UPDATE)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b"\xff\xfe",
        b'{"update_id": "1"}',
        b'{"update_id": 1e3}',
        b"[" * 200_000,
        b'{"update_id": ' + b"9" * 10_000 + b"}",
    ],
)
async def test_what_is_no_update_is_a_400(web: httpx.AsyncClient, inbox: Inbox, body: bytes) -> None:
    assert await push(web, body) == 400
    assert inbox.events == ["answered 400"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"poll": {"id": "1"}},
        {"message": None},
        {"message": []},
        {"message": {"chat": 5}},
        {"callback_query": {"id": "1", "from": None}},
        {"something_of_next_year": {"x": 1}},
    ],
)
async def test_an_update_that_is_nothing_for_us_is_done_with(
    web: httpx.AsyncClient, inbox: Inbox, content: dict[str, Any]
) -> None:
    assert await push(web, {"update_id": 7, **content}) == 200
    assert inbox.events == ["answered 200"]


async def test_a_body_over_the_limit_is_refused_and_one_at_it_is_taken(web: httpx.AsyncClient) -> None:
    body = json.dumps(UPDATE).encode()
    assert await push(web, body + b" " * (BODY_BYTES - len(body))) == 200
    assert await push(web, body + b" " * (BODY_BYTES - len(body) + 1)) == 413


async def test_an_update_that_could_not_be_stored_is_asked_for_again(
    web: httpx.AsyncClient, inbox: Inbox
) -> None:
    inbox.broken = True
    assert await push(web, UPDATE) == 503
    assert inbox.events == ["answered 503"]


def test_there_is_no_webhook_without_a_secret(inbox: Inbox) -> None:
    with pytest.raises(ValueError, match="secret"):
        telegram_router("", inbox.accept, inbox.acknowledge, username=str, clock=lambda: RECEIVED)
