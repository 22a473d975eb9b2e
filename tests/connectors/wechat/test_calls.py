"""A call of WeChat's API whose token is rejected, or that is answered by nothing usable; and what nobody must see."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.wechat.calls import (
    CallFailed,
    NotSent,
    Refused,
    Sent,
    Unknown,
    open_client,
    prepare,
)
from connectors.wechat.codes import Todo
from tests.connectors.served import keeping
from tests.connectors.wechat.connected import (
    FOLLOWER,
    IMPATIENT,
    SEND,
    TOKEN_CODES,
    connected,
    nobody,
    until,
)
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.fakes import HandClock


@pytest.mark.parametrize("code", TOKEN_CODES)
async def test_a_rejected_token_is_refreshed_once_and_the_message_repeated_once(
    code: int, fake: FakeWeChat
) -> None:
    fake.fault(Fault(SEND, code=code))
    async with connected(fake) as ours:
        assert await ours.api.send_text(FOLLOWER, "您好") == Sent()
    sends = fake.to("message/custom/send")
    assert len(sends) == 2
    assert sends[0].query != sends[1].query
    # The first; the refresh, which still gives the same; and the forced one.
    assert [call.json()["force_refresh"] for call in fake.to("stable_token")] == [False, False, True]
    assert fake.texts(FOLLOWER) == ["您好"]


@pytest.mark.parametrize("code", TOKEN_CODES)
async def test_a_token_that_stays_rejected_gives_one_refusal_after_two_sends(
    code: int, fake: FakeWeChat
) -> None:
    fake.fault(Fault(SEND, code=code, times=1000))
    async with connected(fake) as ours:
        refused = await ours.api.send_text(FOLLOWER, "您好")
        assert isinstance(refused, Refused)
        assert (refused.code, refused.meaning.todo) == (code, Todo.REFRESH)
        assert len(fake.to("message/custom/send")) == 2
        assert len(fake.to("stable_token")) == 3
        await ours.api.send_text(FOLLOWER, "您好")
    assert len(fake.to("message/custom/send")) == 4
    assert len(fake.to("stable_token")) == 4


async def test_fifty_sends_with_an_expired_token_fetch_one(fake: FakeWeChat, clock: HandClock) -> None:
    people = [f"o{number}" for number in range(50)]
    async with connected(fake) as ours:
        await ours.tokens.current()
        clock.advance(timedelta(hours=3))
        for person in people:
            fake.account.writes(person)
        outcomes = await asyncio.gather(*(ours.api.send_text(person, "您好") for person in people))
    assert outcomes == [Sent()] * 50
    assert len(fake.to("stable_token")) == 2
    assert len(fake.to("message/custom/send")) == 50


async def test_fifty_sends_with_a_token_that_ended_early_fetch_one(fake: FakeWeChat) -> None:
    people = [f"o{number}" for number in range(50)]
    for person in people:
        fake.account.writes(person)
    async with connected(fake) as ours:
        await ours.tokens.current()
        fake.account.expire_tokens()
        outcomes = await asyncio.gather(*(ours.api.send_text(person, "您好") for person in people))
    assert outcomes == [Sent()] * 50
    assert len(fake.to("stable_token")) == 2
    assert all(fake.texts(person) == ["您好"] for person in people)


async def test_without_a_token_nothing_is_sent(fake: FakeWeChat) -> None:
    fake.account.address_allowed = False
    async with connected(fake) as ours:
        refused = await ours.api.send_text(FOLLOWER, "您好")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.meaning.todo) == (40164, Todo.OPERATOR)
    assert fake.to("message/custom/send") == []


async def test_a_token_that_cannot_be_replaced_leaves_the_message_unsent(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        await ours.tokens.current()
        fake.account.expire_tokens()
        fake.fault(Fault("/cgi-bin/stable_token", drop="after"))
        assert isinstance(await ours.api.send_text(FOLLOWER, "您好"), NotSent)
    assert fake.texts(FOLLOWER) == []


async def test_a_message_without_an_answer_is_unknown_though_it_was_delivered(fake: FakeWeChat) -> None:
    fake.fault(Fault(SEND, held=True))
    async with connected(fake) as ours:
        await ours.tokens.current()
        async with connected(fake, store=ours.store, timeout=IMPATIENT) as impatient:
            unknown = await impatient.api.send_text(FOLLOWER, "您好")
    assert isinstance(unknown, Unknown)
    assert "ReadTimeout" in unknown.reason
    await until(lambda: fake.texts(FOLLOWER))
    assert fake.texts(FOLLOWER) == ["您好"]
    assert len(fake.to("message/custom/send")) == 1


@pytest.mark.parametrize(("drop", "delivered"), [("before", []), ("after", ["您好"])])
async def test_a_cut_connection_is_unknown_and_not_tried_again(
    drop: Any, delivered: list[str], fake: FakeWeChat
) -> None:
    fake.fault(Fault(SEND, drop=drop))
    async with connected(fake) as ours:
        assert isinstance(await ours.api.send_text(FOLLOWER, "您好"), Unknown)
    assert fake.texts(FOLLOWER) == delivered
    assert len(fake.to("message/custom/send")) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(SEND, status=502), Unknown),
        (Fault(SEND, status=504), Unknown),
        (Fault(SEND, status=403), NotSent),
        (Fault(SEND, status=302), NotSent),
        (Fault(SEND, raw=b""), Unknown),
        (Fault(SEND, raw=b"<html>welcome</html>"), Unknown),
        (Fault(SEND, raw=b"[0]"), Unknown),
        (Fault(SEND, raw=b"{}"), Unknown),
        (Fault(SEND, raw=b'{"errcode":"zero"}'), Unknown),
        (Fault(SEND, raw=b'{"errcode":0,"errmsg":"o\x01k"}'), Sent),
    ],
)
async def test_an_answer_that_says_nothing_is_not_taken_for_success(
    fault: Fault, kind: type, fake: FakeWeChat
) -> None:
    fault = Fault(**vars(fault))  # a fault is used up, and parameters are shared
    fake.fault(fault)
    async with connected(fake) as ours:
        assert isinstance(await ours.api.send_text(FOLLOWER, "您好"), kind)


async def test_a_server_that_is_gone_leaves_the_message_unsent(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        await ours.tokens.current()
        with nobody() as address:
            async with connected(FakeWeChat(fake.account, address), store=ours.store) as elsewhere:
                assert isinstance(await elsewhere.api.send_text(FOLLOWER, "您好"), NotSent)


async def test_the_token_and_the_secret_appear_in_no_log_outcome_or_error(
    fake: FakeWeChat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for loud in ("httpx", "httpcore"):  # another connector may have quieted them in this process
        caplog.set_level(logging.DEBUG, logger=loud)
    seen: list[str] = []
    secret = fake.account.secret
    async with connected(fake) as ours:
        token = await ours.tokens.current()
        assert isinstance(token, str)
        echo = f'{{"errcode":45011,"errmsg":"slower: {token}"}}'.encode()
        for fault in (Fault(code=45047), Fault(raw=echo), Fault(drop="before"), Fault(status=500)):
            fake.fault(fault)
            seen.append(repr(await ours.api.send_text(FOLLOWER, "您好")))
        async with connected(fake, store=ours.store, timeout=IMPATIENT) as impatient:
            fake.fault(Fault(held=True))
            seen.append(repr(await impatient.api.send_text(FOLLOWER, "您好")))
        await until(lambda: len(fake.to("message/custom/send")) == 5)
        fake.fault(Fault(raw=echo))
        with pytest.raises(CallFailed) as failed:
            await ours.api.get_callback_ip()
        seen += [str(failed.value), repr(failed.value)]
        assert await ours.api.get_callback_ip()
        fake.fault(Fault(raw=f'{{"errcode":40125,"errmsg":"bad {secret}"}}'.encode()))
        await ours.tokens.invalidate(token)
        seen.append(repr(await ours.tokens.current()))
    assert "HTTP Request: POST" in caplog.text  # httpx does log its URLs
    for text in (caplog.text, *seen):
        assert token not in text
        assert secret not in text
    assert "slower: ***" in seen[1]
    # It did go out where it has to.
    assert all(call.query["access_token"] == token for call in fake.to("message/custom/send"))


async def test_an_error_of_the_transport_carries_no_token(fake: FakeWeChat) -> None:
    fake.fault(Fault(SEND, drop="before"))
    async with open_client(fake.address) as client:
        with pytest.raises(httpx.RemoteProtocolError) as error:
            await client.send(prepare(client, SEND, token="a-token", body={}))
    assert str(error.value.request.url) == f"{fake.address}{SEND}"
    assert fake.to("message/custom/send")[0].query == {"access_token": "a-token"}


async def test_a_connection_is_given_up_before_a_server_would_close_it() -> None:
    async with keeping(b'{"ip_list": []}') as (url, asked), open_client(url) as client:
        for pause in (0.0, 2.3, 0.0):
            (await client.send(prepare(client, "/cgi-bin/getcallbackip"))).raise_for_status()
            await asyncio.sleep(pause)
    assert asked == [2, 1]
