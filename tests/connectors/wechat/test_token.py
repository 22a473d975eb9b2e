"""The access token: shared, refreshed early and once, never in a loop."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from connectors.wechat.calls import NotSent, Refused
from connectors.wechat.codes import Todo
from connectors.wechat.token import MemoryTokenStore, Token
from tests.connectors.wechat.connected import IMPATIENT, connected, nobody, until
from tests.connectors.wechat.fake_account import Account
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.fakes import HandClock

STABLE = "/cgi-bin/stable_token"
LIFE = timedelta(seconds=7200)


class LateStore(MemoryTokenStore):
    """Like one over a network: what is read first arrives when the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.gate = asyncio.Event()

    async def read(self) -> Token | None:
        token = await super().read()
        self.reads += 1
        if self.reads == 1:
            await self.gate.wait()
        return token


async def value(found: object) -> str:
    assert isinstance(found, str), found
    return found


async def test_the_token_is_asked_for_once_and_kept_whole(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        first = await value(await ours.tokens.current())
        assert await ours.tokens.current() == first
    assert len(first) == 512
    assert len(fake.to("stable_token")) == 1
    assert fake.to("stable_token")[0].json() == {
        "grant_type": "client_credential",
        "appid": fake.account.app_id,
        "secret": fake.account.secret,
        "force_refresh": False,
    }


async def test_the_secret_stands_in_no_url(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        await ours.tokens.current()
    assert fake.calls[0].query == {}


async def test_fifty_at_once_ask_once(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        found = await asyncio.gather(*(ours.tokens.current() for _ in range(50)))
    assert len(set(map(str, found))) == 1
    assert len(fake.to("stable_token")) == 1


async def test_fifty_at_once_share_one_failure(fake: FakeWeChat) -> None:
    fake.fault(Fault(STABLE, code=40164, times=1))
    async with connected(fake) as ours:
        found = await asyncio.gather(*(ours.tokens.current() for _ in range(50)))
    assert {answer.code for answer in found if isinstance(answer, Refused)} == {40164}
    assert len(found) == 50
    assert len(fake.to("stable_token")) == 1


async def test_one_who_gives_up_does_not_take_the_token_from_the_others(fake: FakeWeChat) -> None:
    fake.fault(Fault(STABLE, held=True))
    async with connected(fake) as ours:
        leaving = asyncio.create_task(ours.tokens.current())
        staying = asyncio.create_task(ours.tokens.current())
        await until(lambda: fake.to("stable_token"))
        leaving.cancel()
        fake.release()
        await value(await staying)
        assert leaving.cancelled()
    assert len(fake.to("stable_token")) == 1


@pytest.mark.parametrize(
    ("jitter", "seconds_left", "calls"),
    [(0, 301, 1), (0, 299, 2), (60, 299, 1), (60, 241, 1), (60, 239, 2)],
)
async def test_a_token_is_refreshed_in_its_last_five_minutes_less_the_jitter(
    jitter: int, seconds_left: int, calls: int, fake: FakeWeChat, clock: HandClock
) -> None:
    async with connected(fake, jitter_seconds=jitter) as ours:
        await ours.tokens.current()
        clock.advance(LIFE - timedelta(seconds=seconds_left))
        token = await value(await ours.tokens.current())
        assert await ours.tokens.current() == token
    assert len(fake.to("stable_token")) == calls


async def test_the_old_token_serves_on_while_it_cannot_be_refreshed(
    fake: FakeWeChat, clock: HandClock
) -> None:
    async with connected(fake) as ours:
        old = await ours.tokens.current()
        fake.fault(Fault(STABLE, code=-1, times=2))
        clock.advance(LIFE - timedelta(seconds=200))
        assert await ours.tokens.current() == old
        clock.advance(timedelta(seconds=200))
        refused = await ours.tokens.current()
        assert isinstance(refused, Refused)
        assert refused.code == -1
        assert await value(await ours.tokens.current()) != old


async def test_processes_share_what_one_of_them_has_fetched(fake: FakeWeChat) -> None:
    store = MemoryTokenStore()
    async with connected(fake, store=store) as one, connected(fake, store=store) as other:
        assert await one.tokens.current() == await other.tokens.current()
    assert len(fake.to("stable_token")) == 1


async def test_only_the_very_token_that_was_rejected_is_dropped(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        first = await value(await ours.tokens.current())
        fake.account.expire_tokens()
        await ours.tokens.invalidate(first)
        second = await value(await ours.tokens.current())
        await ours.tokens.invalidate(first)
        assert await ours.tokens.current() == second
    assert second != first
    assert [call.json()["force_refresh"] for call in fake.to("stable_token")] == [False, False]


async def test_a_late_word_about_an_older_token_does_not_save_a_rejected_one(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        first = await value(await ours.tokens.current())
        fake.account.expire_tokens()
        await ours.tokens.invalidate(first)
        second = await value(await ours.tokens.current())
        fake.account.expire_tokens()
        await ours.tokens.invalidate(second)
        await ours.tokens.invalidate(first)
        assert await value(await ours.tokens.current()) not in (first, second)


async def test_one_who_looked_before_the_token_came_does_not_fetch_another(fake: FakeWeChat) -> None:
    store = LateStore()
    async with connected(fake, store=store) as ours:
        late = asyncio.create_task(ours.tokens.current())
        await until(lambda: store.reads)
        token = await ours.tokens.current()
        store.gate.set()
        assert await late == token
    assert len(fake.to("stable_token")) == 1


async def test_a_refresh_is_forced_only_when_the_rejected_token_comes_again(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        first = await value(await ours.tokens.current())
        await ours.tokens.invalidate(first)
        assert await value(await ours.tokens.current()) != first
    assert [call.json()["force_refresh"] for call in fake.to("stable_token")] == [False, False, True]


async def test_a_token_that_stays_rejected_does_not_use_up_the_forced_refreshes_of_the_day(
    fake: FakeWeChat, clock: HandClock
) -> None:
    async with connected(fake) as ours:
        for _ in range(24 * 6):
            await ours.tokens.invalidate(await value(await ours.tokens.current()))
            clock.advance(timedelta(minutes=10))
    forced = [call for call in fake.to("stable_token") if call.json()["force_refresh"]]
    assert 10 <= len(forced) <= 20


async def test_another_process_that_has_refreshed_already_spares_us_the_call(fake: FakeWeChat) -> None:
    store = MemoryTokenStore()
    async with connected(fake, store=store) as one, connected(fake, store=store) as other:
        first = await value(await one.tokens.current())
        fake.account.expire_tokens()
        await one.tokens.invalidate(first)
        second = await value(await one.tokens.current())
        await other.tokens.invalidate(first)
        assert await other.tokens.current() == second
    assert len(fake.to("stable_token")) == 2


@pytest.mark.parametrize("code", [40001, 40125])
async def test_a_wrong_secret_is_for_the_operator_and_not_a_reason_to_refresh(
    code: int, fake: FakeWeChat
) -> None:
    fake.fault(Fault(STABLE, code=code))
    async with connected(fake) as ours:
        refused = await ours.tokens.current()
    assert isinstance(refused, Refused)
    assert refused.meaning.todo is Todo.OPERATOR
    assert refused.permanent
    assert "AppSecret" in refused.meaning.staff


async def test_an_unanswered_request_for_a_token_means_that_nothing_was_sent(fake: FakeWeChat) -> None:
    fake.fault(Fault(STABLE, held=True))
    async with connected(fake, timeout=IMPATIENT) as ours:
        found = await ours.tokens.current()
    assert isinstance(found, NotSent)
    assert "ReadTimeout" in found.reason


@pytest.mark.parametrize(
    "raw", [b"[]", b"{}", b"<html>", b'{"access_token":"","expires_in":7200}', b'{"access_token":"a"}']
)
async def test_an_answer_without_a_token_is_none(raw: bytes, fake: FakeWeChat) -> None:
    fake.fault(Fault(STABLE, raw=raw))
    async with connected(fake) as ours:
        assert isinstance(await ours.tokens.current(), NotSent)
        assert await ours.store.read() is None


def test_a_token_does_not_show_itself(clock: HandClock) -> None:
    assert "secret-value" not in repr(Token("secret-value", clock()))


async def test_a_client_that_cannot_connect_says_so(clock: HandClock) -> None:
    with nobody() as address:
        async with connected(FakeWeChat(Account(clock), address)) as ours:
            found = await ours.tokens.current()
    assert isinstance(found, NotSent)
    assert "ConnectError" in found.reason
