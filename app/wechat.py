"""The WeChat channel, put together from the settings; there is none where no app id is set."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from fastapi import APIRouter

from app.settings import Settings
from connectors.wechat.answers import Answers, Patience
from connectors.wechat.api import WeChatApi
from connectors.wechat.calls import open_client
from connectors.wechat.channel import WeChatChannel
from connectors.wechat.fetching import WeChatFiles
from connectors.wechat.notices import TicketNotices
from connectors.wechat.routes import wechat_router
from connectors.wechat.scenes import read_scenes
from connectors.wechat.store import DatabaseTokenStore
from connectors.wechat.token import AccessTokens
from desk.desk import Desk
from desk.journal import Journal
from store.clock import Clock
from store.database import Database

# Within the last five minutes of a token, in which the old and the new one both pass.
_MOST_JITTER_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class WeChat:
    """The channel's way in and its way out. `files`: none where the account may not fetch any."""

    router: APIRouter
    channel: WeChatChannel
    files: WeChatFiles | None
    answers: Answers
    client: httpx.AsyncClient
    notices: TicketNotices | None

    async def close(self) -> None:
        """End its turns and give the connections back; before the database is closed."""
        await self.answers.close()
        await self.client.aclose()


def connect_wechat(
    settings: Settings, desk: Desk, journal: Journal | None = None, *, patience: Patience | None = None
) -> WeChat | None:
    """The WeChat channel of the settings, if any. `journal`: what needs no answer in its reply comes through it."""
    if not settings.wechat_app_id:
        return None
    client = open_client(settings.wechat_api_url)
    api = _api(settings, client, desk.database, desk.clock) if settings.wechat_can_reply_later else None
    channel = WeChatChannel(desk, api, public_url=settings.public_url)
    template = settings.wechat_template()
    notices = TicketNotices(desk, api, template) if api and template else None
    answers = Answers(
        desk,
        channel,
        max_letters=settings.message_max_letters,
        unfollow_grace=timedelta(hours=settings.wechat_unsubscribe_grace_hours),
        patience=patience,
        notices=notices,
        journal=journal,
        scenes=read_scenes(settings.wechat_scenes),
    )
    router = wechat_router(settings.wechat_account(), answers, clock=desk.clock)
    return WeChat(router, channel, WeChatFiles(api) if api else None, answers, client, notices)


@asynccontextmanager
async def open_api(settings: Settings, database: Database, clock: Clock) -> AsyncIterator[WeChatApi]:
    """WeChat's API for a command, with the token that the running product uses."""
    async with open_client(settings.wechat_api_url) as client:
        yield _api(settings, client, database, clock)


def _api(settings: Settings, client: httpx.AsyncClient, database: Database, clock: Clock) -> WeChatApi:
    tokens = AccessTokens(
        client,
        DatabaseTokenStore(database, settings.wechat_app_id),
        app_id=settings.wechat_app_id,
        secret=settings.wechat_app_secret.get_secret_value(),
        clock=clock,
        jitter_seconds=random.uniform(0.0, _MOST_JITTER_SECONDS),  # noqa: S311 (spreads, hides nothing)
    )
    return WeChatApi(client, tokens)
