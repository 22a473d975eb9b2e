"""WeChat's API as a fake that is served once, and an account's way out to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.wechat.channel import WeChatChannel
from desk.desk import Desk
from store.clock import utc_now
from tests.connectors.wechat.connected import FOLLOWER, api_at
from tests.connectors.wechat.fake_account import Account
from tests.connectors.wechat.fake_api import FakeWeChat, served
from tests.fakes import HandClock


@pytest.fixture(scope="session")
def server() -> Iterator[FakeWeChat]:
    """The fake at its address; see `fake`."""
    with served(FakeWeChat(Account(utc_now))) as server:
        yield server


@pytest.fixture
def fake(server: FakeWeChat, clock: HandClock) -> FakeWeChat:
    """The fake with a new account on the test's clock, to which `FOLLOWER` has written, and which has a template, T1."""
    server.begin(Account(clock, templates={"T1"}))
    server.account.writes(FOLLOWER)
    return server


@pytest.fixture
def channel(desk: Desk, fake: FakeWeChat) -> WeChatChannel:
    """The way out of an account with every interface."""
    return WeChatChannel(desk, api_at(fake.address, desk, fake))
