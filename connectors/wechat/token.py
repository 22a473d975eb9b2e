"""The access token: one for all processes, refreshed early, once, and never in a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from connectors.wechat.calls import Failure, NotSent, Unknown, call

# In its last 5 minutes plain mode hands out the next token while the old one still passes; before that it would
# only repeat the old one. So the jitter takes from this time and never adds to it.
_EARLY = timedelta(minutes=5)
# The vendor allows 20 forced refreshes a day. Spread over it, a token that stays rejected cannot use them up.
_FORCED_AT_MOST_EVERY = timedelta(minutes=75)


@dataclass(frozen=True, slots=True)
class Token:
    """`value` has up to 512 characters and is as good as a password; `expires_at` has a time zone."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenStore(Protocol):
    """Where the processes share the token of an account."""

    async def read(self) -> Token | None:
        """The token written last."""
        ...

    async def write(self, token: Token) -> None:
        """Replace it."""
        ...


class MemoryTokenStore:
    """A `TokenStore` for one process."""

    def __init__(self) -> None:
        self._token: Token | None = None

    async def read(self) -> Token | None:
        """The token written last."""
        return self._token

    async def write(self, token: Token) -> None:
        """Replace it."""
        self._token = token


class AccessTokens:
    """The token of one account, from `POST /cgi-bin/stable_token`.

    `jitter_seconds`, from 0 to 240 and different in each process, keeps them from refreshing at the same moment.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        store: TokenStore,
        *,
        app_id: str,
        secret: str,
        clock: Callable[[], datetime],
        jitter_seconds: float,
    ) -> None:
        self._client = client
        self._store = store
        self._app_id = app_id
        self._secret = secret
        self._clock = clock
        self._early = _EARLY - timedelta(seconds=jitter_seconds)
        self._rejected = ""
        self._forced_at: datetime | None = None
        self._flight: asyncio.Task[Token | Failure] | None = None

    async def current(self) -> str | Failure:
        """A token to use now. Those who come while it is being fetched get the same one, or the same failure."""
        found: Token | Failure | None = await self._kept(self._early)
        if found is None:
            if self._flight is None or self._flight.done():
                self._flight = asyncio.create_task(self._refresh())
            # Shielded: one caller who gives up does not take the token from the others.
            found = await asyncio.shield(self._flight)
        return found.value if isinstance(found, Token) else found

    async def invalidate(self, value: str) -> None:
        """WeChat has rejected this token. Does nothing where another one has taken its place."""
        kept = await self._store.read()
        if kept is not None and kept.value == value:
            self._rejected = value

    async def _refresh(self) -> Token | Failure:
        # Another process, or a flight that has just ended, may have brought one.
        kept = await self._kept(self._early)
        if kept is not None:
            return kept
        token = await self._ask(force=False)
        if isinstance(token, Token) and token.value == self._rejected and self._may_force():
            self._forced_at = self._clock()
            token = await self._ask(force=True)
        if isinstance(token, Token):
            await self._store.write(token)
            self._rejected = ""
            return token
        return await self._kept(timedelta()) or token

    async def _ask(self, *, force: bool) -> Token | Failure:
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": force,
        }
        answer = await call(self._client, "/cgi-bin/stable_token", body=body, secret=self._secret)
        if isinstance(answer, Unknown):
            # Whatever needs the token has not been sent yet.
            return NotSent(f"access token: {answer.reason}")
        if not isinstance(answer, dict):
            return answer
        value, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(seconds, int):
            return NotSent("access token: none in the answer")
        return Token(value, self._clock() + timedelta(seconds=seconds))

    async def _kept(self, early: timedelta) -> Token | None:
        token = await self._store.read()
        if token is None or token.value == self._rejected or self._clock() >= token.expires_at - early:
            return None
        return token

    def _may_force(self) -> bool:
        return self._forced_at is None or self._clock() - self._forced_at >= _FORCED_AT_MOST_EVERY
