"""Our client on the fake of WeChat's API."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from connectors.wechat.api import WeChatApi
from connectors.wechat.calls import Refused, open_client
from connectors.wechat.store import DatabaseTokenStore
from connectors.wechat.token import AccessTokens, MemoryTokenStore
from desk.desk import Desk
from tests.connectors.wechat.fake_api import FakeWeChat

SEND = "/cgi-bin/message/custom/send"
# A token was wrong or is over.
TOKEN_CODES = (40001, 40014, 42001)
# The OpenID of somebody who has written.
FOLLOWER = "oPerson"
# For held calls alone: nothing answers them before they are released, so that the length of the wait decides nothing.
IMPATIENT = httpx.Timeout(connect=10.0, read=0.3, write=10.0, pool=10.0)


@dataclass(frozen=True)
class Connected:
    """One process: the API, its tokens and where they are kept."""

    api: WeChatApi
    tokens: AccessTokens
    store: MemoryTokenStore


@asynccontextmanager
async def connected(
    fake: FakeWeChat,
    *,
    store: MemoryTokenStore | None = None,
    timeout: httpx.Timeout | None = None,
    jitter_seconds: float = 0.0,
) -> AsyncIterator[Connected]:
    """A process that shares the store given, on the fake's own clock."""
    account = fake.account
    store = store or MemoryTokenStore()
    async with open_client(fake.address, timeout=timeout or httpx.Timeout(30.0)) as client:
        tokens = AccessTokens(
            client,
            store,
            app_id=account.app_id,
            secret=account.secret,
            clock=account.clock,
            jitter_seconds=jitter_seconds,
        )
        yield Connected(WeChatApi(client, tokens), tokens, store)


def api_at(address: str, desk: Desk, fake: FakeWeChat) -> WeChatApi:
    """The API as the product has it, its token in the desk's database."""
    client = open_client(address)
    tokens = AccessTokens(
        client,
        DatabaseTokenStore(desk.database, fake.account.app_id),
        app_id=fake.account.app_id,
        secret=fake.account.secret,
        clock=desk.clock,
        jitter_seconds=0.0,
    )
    return WeChatApi(client, tokens)


def code_of(outcome: object) -> int:
    """The error code of a refusal."""
    assert isinstance(outcome, Refused), outcome
    return outcome.code


@contextmanager
def nobody() -> Iterator[str]:
    """An address where nobody listens, and nobody else will."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


async def until(condition: Callable[[], object]) -> None:
    """Wait for what the server is still to do; a test that waits in vain ends by its own limit."""
    while not condition():
        await asyncio.sleep(0.01)
