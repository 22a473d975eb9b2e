"""The Telegram channel, put together from the settings; there is none where no token is set."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from fastapi import APIRouter

from app.settings import Settings
from connectors.telegram.account import Account
from connectors.telegram.channel import TelegramChannel
from connectors.telegram.client import Client
from connectors.telegram.conversation import Conversation
from connectors.telegram.fetching import TelegramFiles
from connectors.telegram.files import Files
from connectors.telegram.line import Line
from connectors.telegram.routes import telegram_router
from desk.desk import Desk
from desk.journal import Journal

_NAME_SECONDS = 60.0
_HANDLERS_OF = ("", "uvicorn", "uvicorn.access", "uvicorn.error")


@dataclass(frozen=True, slots=True)
class Telegram:
    """The channel's way in and its way out. `router`: the webhook's; None where updates are only polled."""

    channel: TelegramChannel
    files: TelegramFiles
    conversation: Conversation
    client: Client
    account: Account
    line: Line
    router: APIRouter | None

    async def watch(self) -> None:
        """Ask for the bot's name until it is known; the app runs without it while Telegram is away."""
        guard_handlers(self.line)
        while not isinstance(await self.account.username(), str):  # noqa: ASYNC110 (another machine)
            await asyncio.sleep(_NAME_SECONDS)

    async def close(self) -> None:
        """End its turns and give the connections back; before the database is closed."""
        await self.conversation.close()
        await self.line.close()


def connect_telegram(settings: Settings, desk: Desk, journal: Journal | None = None) -> Telegram | None:
    """The Telegram channel of the settings, if any. `journal`: what is pushed comes through it."""
    if not settings.telegram_token.get_secret_value():
        return None
    line = open_line(settings)
    client, account = Client(line), Account(line)
    conversation = Conversation(
        desk, client, account, max_letters=settings.message_max_letters, journal=journal
    )
    router = None
    if settings.telegram_webhook_url:
        router = telegram_router(
            settings.telegram_webhook_secret.get_secret_value(),
            conversation.take,
            conversation.acknowledge,
            username=lambda: account.known_username,
            clock=desk.clock,
        )
    files = TelegramFiles(Files(line))
    return Telegram(TelegramChannel(client), files, conversation, client, account, line, router)


def open_line(settings: Settings) -> Line:
    """The line of the settings' bot; asks nothing by itself."""
    return Line(
        settings.telegram_token.get_secret_value(),
        base_url=settings.telegram_api_url.rstrip("/"),
        proxy=settings.telegram_proxy.get_secret_value() or None,
    )


def guard_handlers(line: Line) -> None:
    """Keep the token out of what any logger of the process writes."""
    for name in _HANDLERS_OF:
        for handler in logging.getLogger(name).handlers:
            if line.secrecy not in handler.filters:
                handler.addFilter(line.secrecy)


@asynccontextmanager
async def running(telegram: Telegram) -> AsyncIterator[None]:
    """While it is open the bot's name is looked for; at the end its turns are ended and its connections closed."""
    watching = asyncio.create_task(telegram.watch())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await telegram.close()
