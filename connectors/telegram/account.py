"""The bot's own affairs: its name, its commands, and how updates come to it."""

from __future__ import annotations

from typing import Any

import httpx
from telegram import BotCommand, BotCommandScopeAllPrivateChats

from connectors.telegram.commands import COMMANDS
from connectors.telegram.line import Line
from connectors.telegram.outcomes import Trouble
from connectors.telegram.updates import ALLOWED_UPDATES

PORTS = (443, 80, 88, 8443)
_SECRET_LETTERS = 256


class Account:
    """The settings of one bot at Telegram, and the updates that wait there."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._username = ""

    @property
    def known_username(self) -> str:
        """The username without "@", empty before `username` has been answered."""
        return self._username

    async def username(self) -> str | Trouble:
        """The bot's username without "@", asked once."""
        if not self._username:
            me = await self._line.call(self._line.api.get_me())
            if isinstance(me, Trouble):
                return me
            self._username = me.username or ""
        return self._username

    async def updates(self, offset: int, *, seconds: int) -> list[Any] | Trouble:
        """Updates as raw JSON from an id on, which confirms all before it; waits up to `seconds` for the first."""
        return await self._line.call(self._line.api.raw_updates(offset, ALLOWED_UPDATES, seconds=seconds))

    async def set_commands(self) -> Trouble | None:
        """The list of commands: Chinese for those whose Telegram is, English for all others."""
        for language in (None, "zh"):
            listed = [BotCommand(c.name, c.chinese if language else c.english) for c in COMMANDS]
            scope = BotCommandScopeAllPrivateChats()
            done = await self._line.call(self._line.api.set_my_commands(listed, scope, language))
            if isinstance(done, Trouble):
                return done
        return None

    async def set_webhook(self, url: str, secret: str, *, connections: int = 40) -> Trouble | None:
        """Have updates pushed to a URL, at most so many (1-100) at a time. Those that wait are kept."""
        done = await self._line.call(
            self._line.api.set_webhook(
                url,
                secret_token=secret,
                allowed_updates=list(ALLOWED_UPDATES),
                max_connections=connections,
                drop_pending_updates=False,
            )
        )
        return done if isinstance(done, Trouble) else None

    async def delete_webhook(self) -> Trouble | None:
        """Have updates kept for polling. Those that wait are kept."""
        done = await self._line.call(self._line.api.delete_webhook(drop_pending_updates=False))
        return done if isinstance(done, Trouble) else None


def webhook_problem(url: str, secret: str) -> str | None:
    """What speaks against a webhook, for the operator; None: nothing (Bot API, "setWebhook")."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        return "Telegram 的回调地址不是有效的网址。"
    if address.scheme != "https" or not address.host:
        return "Telegram 的回调地址必须以 https:// 开头。"
    if (address.port or 443) not in PORTS:
        return "Telegram 只向 443、80、88 和 8443 端口推送消息，请更换回调地址的端口。"
    if not 1 <= len(secret) <= _SECRET_LETTERS or not all(
        letter.isascii() and (letter.isalnum() or letter in "_-") for letter in secret
    ):
        return "必须设置 Telegram 的回调密钥：1 至 256 个字母、数字、下划线或连字符。"
    return None
