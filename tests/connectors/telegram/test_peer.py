"""End to end with a Bot API by others: telegram-test-api, its own client as the person, the real library as the bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI

from connectors.telegram.account import Account
from connectors.telegram.buttons import keyboard
from connectors.telegram.client import Client
from connectors.telegram.commands import notice
from connectors.telegram.incoming import Incoming
from connectors.telegram.line import Line
from connectors.telegram.outcomes import Sent
from connectors.telegram.pace import Pace
from connectors.telegram.poll import poll
from connectors.telegram.routes import PATH, telegram_router
from tests.connectors.served import serving
from tests.connectors.telegram.faults import TOKEN
from tests.connectors.telegram.front import Front, keys

SECRET = "s3cret_Token-1"


@dataclass
class Echo:
    """A bot that offers two buttons under what it was told, and says which was pressed."""

    client: Client
    incoming: list[Incoming] = field(default_factory=list)

    async def accept(self, incoming: Incoming) -> None:
        self.incoming.append(incoming)

    async def reply(self, incoming: Incoming) -> None:
        await self.client.acknowledge(incoming)
        if incoming.option:
            said, offered = f"您选了{incoming.option.number}", keyboard(2, [])
        else:
            said = notice(incoming, bot="TestNameBot") or f"您说的是：{incoming.text}"
            offered = keyboard(incoming.update_id, ["需要什么材料", "转人工"])
        assert isinstance(await self.client.send(incoming.chat, said, keys=offered), Sent)


@pytest.fixture
async def line(front: Front) -> AsyncIterator[Line]:
    opened = Line(TOKEN, base_url=front.url)
    yield opened
    await opened.close()


@pytest.fixture
def echo(line: Line) -> Echo:
    return Echo(Client(line, pace=Pace(chat_gap=0, bot_gap=0)))


def pushed(echo: Echo, account: Account) -> FastAPI:
    app = FastAPI()
    app.include_router(
        telegram_router(
            SECRET,
            echo.accept,
            echo.reply,
            username=lambda: account.known_username,
            clock=lambda: datetime.now(UTC),
        )
    )
    return app


async def talk(front: Front, echo: Echo) -> None:
    """A command, a text, and a press of the second button under the answer."""
    await front.person(55, command="/start from_site")
    await front.until(lambda seen: sum(c["method"] == "sendMessage" for c in seen["calls"]) == 1)
    await front.person(55, text="社保怎么交 😀")
    await front.until(lambda seen: sum(c["method"] == "sendMessage" for c in seen["calls"]) == 2)
    second = keys((await front.calls("sendMessage"))[1])[1]
    assert second["text"] == "转人工"
    await front.person(55, press=second["callback_data"])
    await front.until(lambda seen: sum(c["method"] == "sendMessage" for c in seen["calls"]) == 3)
    assert [(i.kind, i.chat, i.text or (i.option and i.option.number)) for i in echo.incoming] == [
        ("command", "55", "/start from_site"),
        ("text", "55", "社保怎么交 😀"),
        ("option", "55", 1),
    ]
    assert echo.incoming[0].payload == "from_site"
    assert len({i.external_id for i in echo.incoming}) == 3
    said = [call["text"] for call in await front.calls("sendMessage")]
    assert said[1:] == ["您说的是：社保怎么交 😀", "您选了1"]
    assert len(await front.calls("answerCallbackQuery")) == 1
    assert len(await front.calls("sendChatAction")) == 3


async def test_a_talk_over_the_webhook(front: Front, line: Line, echo: Echo) -> None:
    account = Account(line)
    assert await account.username() == "TestNameBot"
    assert await account.set_commands() is None
    async with serving(pushed(echo, account)) as url:
        assert await account.set_webhook(url + PATH, SECRET) is None
        await talk(front, echo)
        assert (await front.seen())["pushes"] == [200, 200, 200]
        assert await account.delete_webhook() is None
    assert len(await front.calls("setMyCommands")) == 2


async def test_a_push_with_another_secret_does_not_get_in(front: Front, line: Line, echo: Echo) -> None:
    account = Account(line)
    async with serving(pushed(echo, account)) as url:
        assert await account.set_webhook(url + PATH, "another-secret") is None
        await front.person(55, text="你好")
        seen = await front.until(lambda seen: bool(seen["pushes"]))
    assert seen["pushes"] == [403]
    assert echo.incoming == []


async def test_a_talk_by_polling(front: Front, line: Line, echo: Echo) -> None:
    polling = asyncio.create_task(
        poll(
            Account(line),
            echo.accept,
            echo.reply,
            clock=lambda: datetime.now(UTC),
            jitter=lambda: 0.5,
            wait_seconds=1,
        )
    )
    try:
        await talk(front, echo)
        asked = [int(call["offset"]) for call in await front.calls("getUpdates")]
        last = max(incoming.update_id for incoming in echo.incoming)
        await front.until(
            lambda seen: any(
                c["method"] == "getUpdates" and int(c["offset"]) == last + 1 for c in seen["calls"]
            )
        )
        assert asked[0] == 0
    finally:
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
