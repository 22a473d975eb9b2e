"""The web channel's HTTP API over a real database, with a dialogue that repeats what it is told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from connectors.web.api import conversation_router
from connectors.web.bodies import BodyLimit
from connectors.web.limits import Limits
from connectors.web.problems import Problem, add_problem_handlers
from connectors.web.streams import EventStream, Streams
from connectors.web.tokens import Tokens
from desk.desk import Desk
from tests.fakes import ScriptedDialogue

MAX_LETTERS = 100
MAX_BYTES = 2_000


@dataclass
class Api:
    """A client of the API; `url` and `headers` are those of a conversation that was begun."""

    client: httpx.AsyncClient
    url: str = ""
    headers: dict[str, str] | None = None

    async def begin(self) -> None:
        """Begin a conversation."""
        begun = (await self.client.post("/api/conversations")).json()
        self.url = f"/api/conversations/{begun['id']}/messages"
        self.headers = {"Authorization": f"Bearer {begun['token']}"}

    async def say(self, text: object, id: object = "one") -> httpx.Response:
        """Say something."""
        return await self.client.post(self.url, json={"id": id, "text": text}, headers=self.headers)


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    """The API with a conversation begun and narrow limits."""
    limits = Limits(per_conversation="5/hour", per_address="8/hour", conversations="3/hour")
    app = FastAPI()
    app.add_middleware(BodyLimit, most=MAX_BYTES, others={})
    router = conversation_router(
        desk, Tokens("secret"), limits, max_letters=MAX_LETTERS, stopping=asyncio.Event()
    )
    app.include_router(router)
    add_problem_handlers(app, body_max_bytes=MAX_BYTES)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        api = Api(client)
        await api.begin()
        yield api


async def test_a_message_is_answered_with_its_replies(api: Api) -> None:
    answer = await api.say("停水了")
    turned = answer.json()
    assert answer.status_code == 200
    assert turned["pending"] is False
    assert turned["message"]["text"] == "停水了"
    assert [(reply["author"], reply["text"]) for reply in turned["replies"]] == [("bot", "echo 停水了")]


async def test_a_letter_that_no_database_keeps_is_left_out(api: Api) -> None:
    answer = await api.say("停\0水了")
    assert (answer.status_code, answer.json()["message"]["text"]) == (200, "停水了")


async def test_a_repeated_id_is_one_message(api: Api, dialogue: ScriptedDialogue) -> None:
    first, second = await api.say("停水了"), await api.say("停水了")
    assert first.json() == second.json()
    assert len(dialogue.askings) == 1


async def test_a_message_is_kept_while_the_model_is_away(api: Api, dialogue: ScriptedDialogue) -> None:
    dialogue.down = True
    answer = await api.say("停水了")
    assert (answer.status_code, answer.json()["pending"], answer.json()["replies"]) == (202, True, [])
    dialogue.down = False
    assert (await api.say("停水了")).json()["replies"][0]["text"] == "echo 停水了"


@pytest.mark.parametrize(
    ("text", "id", "status", "name"),
    [
        ("", "one", 422, "text-empty"),
        (" \n\t", "one", 422, "text-empty"),
        ("水" * (MAX_LETTERS + 1), "one", 422, "text-too-long"),
        ("水" * MAX_BYTES, "one", 413, "too-large"),
        ("停水了", "", 422, "malformed"),
        ("停水了", "a b", 422, "malformed"),
        ("停水了", "x" * 65, 422, "malformed"),
        (7, "one", 422, "malformed"),
        (None, "one", 422, "malformed"),
    ],
)
async def test_what_cannot_be_taken_is_a_problem(
    text: object, id: str, status: int, name: str, api: Api, dialogue: ScriptedDialogue
) -> None:
    answer = await api.say(text, id)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:qifu:problem:{name}"
    assert dialogue.askings == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'"text"', b"null"])
async def test_a_body_that_is_no_message_is_a_problem(body: bytes, api: Api) -> None:
    headers = {**(api.headers or {}), "content-type": "application/json"}
    answer = await api.client.post(api.url, content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:qifu:problem:malformed")


async def test_a_body_whose_size_is_not_told_is_measured_as_it_comes(api: Api) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1_000

    answer = await api.client.post(api.url, content=endless(), headers=api.headers)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:qifu:problem:too-large")


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Basic eHg6eXk=", "Bearer "])
async def test_only_the_holder_of_the_token_may_read_or_write(token: str | None, api: Api) -> None:
    api.headers = {"Authorization": token} if token else {}
    answers = [await api.say("停水了"), await api.client.get(api.url, headers=api.headers)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert {answer.json()["type"] for answer in answers} == {"urn:qifu:problem:unauthorized"}


async def test_a_token_opens_no_other_conversation(api: Api) -> None:
    mine = api.headers
    await api.begin()
    api.headers = mine
    assert (await api.say("停水了")).status_code == 401


async def test_who_writes_too_fast_is_told_when_to_go_on(api: Api) -> None:
    answers = [await api.say("停水了", str(number)) for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["type"] == "urn:qifu:problem:rate-limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 3600


async def test_an_address_may_not_begin_without_end(api: Api) -> None:
    answers = [await api.client.post("/api/conversations") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]


async def test_the_messages_are_read_after_an_id(api: Api) -> None:
    first = (await api.say("停水了", "one")).json()
    await api.say("停电了", "two")
    url = f"{api.url}?after={first['replies'][0]['id']}"
    read = (await api.client.get(url, headers=api.headers)).json()["messages"]
    assert [message["text"] for message in read] == ["停电了", "echo 停电了"]


@pytest.mark.parametrize("after", ["2147483648", "9" * 30, "-1", "x"])
async def test_an_id_that_no_message_can_have_is_a_problem(after: str, api: Api) -> None:
    events = api.url.replace("/messages", "/events")
    answers = [
        await api.client.get(f"{api.url}?after={after}", headers=api.headers),
        await api.client.get(f"{events}?after={after}", headers=api.headers),
        await api.client.get(events, headers={**(api.headers or {}), "Last-Event-ID": after}),
    ]
    assert [answer.status_code for answer in answers] == [422] * 3
    assert {answer.json()["type"] for answer in answers} == {"urn:qifu:problem:malformed"}


async def test_who_reads_without_end_is_told_when_to_go_on(api: Api) -> None:
    answers = [await api.client.get(api.url, headers=api.headers) for _ in range(121)]
    assert [answer.status_code for answer in answers] == [200] * 120 + [429]
    assert answers[-1].json()["type"] == "urn:qifu:problem:rate-limited"


async def test_only_so_many_streams_stand_open_at_a_time() -> None:
    streams = Streams(per_conversation=1, per_address=2)
    with streams.one("a", "here"):
        with pytest.raises(Problem) as refused:
            streams.room("a", "there")
        assert (refused.value.status, refused.value.name) == (429, "too-many-streams")
        with streams.one("b", "here"), pytest.raises(Problem):
            streams.room("c", "here")
        streams.room("c", "here")
    streams.room("a", "here")


async def test_a_stream_counts_until_it_ends() -> None:
    streams = Streams(per_conversation=1)
    sent: list[str] = []

    async def events() -> AsyncIterator[str]:
        with pytest.raises(Problem):
            streams.room("a", "here")
        yield "data: 1\n\n"

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    stream = EventStream(events(), streams, conversation="a", address="here")
    await stream({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
    assert sent[0] == "http.response.start"
    streams.room("a", "here")


async def test_processes_share_their_limits_in_redis(redis_url: str) -> None:
    who = secrets.token_hex(8)
    one, other = (
        Limits(per_conversation="3/hour", per_address="9/hour", conversations="9/hour", redis=redis_url)
        for _ in range(2)
    )
    for limits in (one, other, one):
        await limits.message(who, who)
    with pytest.raises(Problem) as refused:
        await other.message(who, who)
    assert refused.value.name == "rate-limited"
