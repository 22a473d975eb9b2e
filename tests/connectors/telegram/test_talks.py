"""End to end: a person of telegram-test-api, the webhook or polling, the desk on both databases, the outbox."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from app.loops import deliver_pending
from connectors.telegram.account import Account
from connectors.telegram.channel import TelegramChannel
from connectors.telegram.client import Client
from connectors.telegram.conversation import Conversation
from connectors.telegram.line import Line
from connectors.telegram.meanings import WELCOME
from connectors.telegram.pace import Pace
from connectors.telegram.poll import poll
from connectors.telegram.routes import PATH, telegram_router
from conversations.models import Delivery, Message
from desk.desk import Desk
from desk.values import Utterance
from tests.connectors.served import serving
from tests.connectors.telegram.faults import TOKEN
from tests.connectors.telegram.front import Front, keys
from tests.fakes import ScriptedDialogue

SECRET = "s3cret_Token-1"
OFFER = Utterance(
    "用水报装……",
    ({"title": "需要什么材料", "payload": "/pick_aspect"}, {"title": "转人工", "payload": "/human"}),
    {"outcome": "answered"},
)


@pytest.fixture
async def line(front: Front) -> AsyncIterator[Line]:
    opened = Line(TOKEN, base_url=front.url)
    yield opened
    await opened.close()


@asynccontextmanager
async def product(desk: Desk, line: Line) -> AsyncIterator[tuple[Conversation, Client, Account]]:
    """The way in, and the outbox at work."""
    client, account = Client(line, pace=Pace(chat_gap=0, bot_gap=0)), Account(line)
    conversation = Conversation(desk, client, account, max_letters=1000)
    stopping = asyncio.Event()
    sending = asyncio.create_task(deliver_pending(desk, [TelegramChannel(client)], random.random, stopping))
    try:
        yield conversation, client, account
    finally:
        stopping.set()
        desk.to_send.set()
        await sending
        await conversation.close()


async def texts(front: Front, count: int) -> list[str]:
    """What the bot has sent, once it is so many."""
    await front.until(lambda seen: sum(call["method"] == "sendMessage" for call in seen["calls"]) >= count)
    return [call["text"] for call in await front.calls("sendMessage")]


async def talk(front: Front) -> None:
    await front.person(55, command="/start from_site")
    assert await texts(front, 1) == [WELCOME]
    await front.person(55, text="报装")
    assert (await texts(front, 2))[1] == OFFER.text
    second = keys((await front.calls("sendMessage"))[1])[1]
    assert second["text"] == "转人工"
    await front.person(55, press=second["callback_data"])
    assert (await texts(front, 3))[2] == "echo /human"
    await front.until(lambda seen: any(c["method"] == "answerCallbackQuery" for c in seen["calls"]))


async def all_sent(desk: Desk, count: int) -> None:
    """Every answer has been written down as sent."""
    async with asyncio.timeout(20):
        while True:
            async with desk.database.read() as session:
                sent = await session.scalar(
                    select(func.count()).select_from(Message).where(Message.delivery == Delivery.SENT)
                )
            if sent == count:
                return
            await asyncio.sleep(0.02)


async def test_a_talk_over_the_webhook(
    front: Front, line: Line, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (OFFER,)
    async with product(desk, line) as (conversation, client, account):
        app = FastAPI()
        app.include_router(
            telegram_router(
                SECRET,
                conversation.accept,
                client.acknowledge,
                username=lambda: account.known_username,
                clock=desk.clock,
            )
        )
        async with serving(app) as url:
            assert await account.set_webhook(url + PATH, SECRET) is None
            await talk(front)
            assert (await front.seen())["pushes"] == [200, 200, 200]
            await all_sent(desk, 3)
            edited = {
                "update_id": 9001,
                "edited_message": {
                    "message_id": 2,
                    "chat": {"id": 55, "type": "private"},
                    "edit_date": 1_790_000_000,
                    "text": "用水报装",
                },
            }
            async with httpx.AsyncClient() as web:
                headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
                answers = await asyncio.gather(
                    *(web.post(url + PATH, json=edited, headers=headers) for _ in range(3))
                )
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert (await texts(front, 4))[3:] == ["echo 用水报装"]
            await all_sent(desk, 4)
    assert [asking.text for asking in dialogue.askings] == ["报装", "/human", "用水报装"]


async def test_a_talk_by_polling(front: Front, line: Line, desk: Desk, dialogue: ScriptedDialogue) -> None:
    dialogue.answers["报装"] = (OFFER,)
    async with product(desk, line) as (conversation, client, account):
        polling = asyncio.create_task(
            poll(
                account,
                conversation.accept,
                client.acknowledge,
                clock=desk.clock,
                jitter=lambda: 0.5,
                wait_seconds=1,
            )
        )
        try:
            await talk(front)
            await all_sent(desk, 3)
        finally:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling
