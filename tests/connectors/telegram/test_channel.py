"""The `Channel` port over a Bot API that fails on demand."""

from __future__ import annotations

import json

import pytest

from connectors.telegram.channel import TelegramChannel, as_result
from connectors.telegram.client import Client
from connectors.telegram.outcomes import Doubt
from connectors.telegram.outcomes import Refused as ClientRefused
from connectors.telegram.outcomes import Unknown as ClientUnknown
from desk.ports import Channel, Held, NotSent, Outgoing, Refused, RetryAfter, Sent, Unknown
from tests.connectors.telegram import faults as api
from tests.connectors.telegram.faults import Faults


@pytest.fixture
def channel(client: Client) -> Channel:
    return TelegramChannel(client)


def to(chat: int, text: str = "您好", parts_sent: int = 0) -> Outgoing:
    return Outgoing(12, str(chat), text, ("需要什么材料", "转人工"), parts_sent=parts_sent)


async def test_a_message_goes_out_with_its_buttons(channel: Channel, faults: Faults) -> None:
    assert await channel.send(to(55)) == Sent("1")
    [call] = faults.of("sendMessage")
    assert call["text"] == "您好"
    rows = json.loads(call["reply_markup"])["inline_keyboard"]
    assert [(key["text"], key["callback_data"]) for row in rows for key in row] == [
        ("需要什么材料", "o:12:0"),
        ("转人工", "o:12:1"),
    ]


@pytest.mark.parametrize("chat", [api.BLOCKED, api.GONE, api.MOVED])
async def test_whom_nobody_reaches_is_waited_for(channel: Channel, chat: int) -> None:
    result = await channel.send(to(chat))
    assert isinstance(result, Held)
    assert "等对方再来消息" in result.reason


async def test_a_message_that_telegram_does_not_take_is_refused_for_good(channel: Channel) -> None:
    result = await channel.send(to(api.BAD))
    assert isinstance(result, Refused)
    assert result.permanent


async def test_too_fast_waits_for_this_chat_and_then_for_all(channel: Channel, faults: Faults) -> None:
    first = await channel.send(to(api.SLOWER))
    assert isinstance(first, RetryAfter)
    assert (first.seconds, first.whole_channel) == (7, False)
    faults.refuse_all.add(56)
    second = await channel.send(to(56))
    assert isinstance(second, RetryAfter)
    assert second.whole_channel


@pytest.mark.parametrize("chat", [api.GATEWAY, api.SLOW, api.CUT, api.ODD])
async def test_what_became_of_it_is_told_as_unknown(channel: Channel, chat: int) -> None:
    result = await channel.send(to(chat))
    assert isinstance(result, Unknown)
    assert "不明" in result.reason


async def test_a_gateway_that_refuses_has_sent_nothing(channel: Channel) -> None:
    assert isinstance(await channel.send(to(api.GATE_403)), NotSent)


async def test_a_long_text_goes_on_where_it_stopped(channel: Channel, faults: Faults) -> None:
    text = "\n".join(f"第{number}条。" + "办" * 800 for number in range(10))
    whole = await channel.send(to(55, text))
    assert isinstance(whole, Sent)
    parts = [call["text"] for call in faults.of("sendMessage")]
    assert len(parts) > 1
    faults.calls.clear()
    assert isinstance(await channel.send(to(55, text, parts_sent=1)), Sent)
    assert [call["text"] for call in faults.of("sendMessage")] == parts[1:]


def test_a_refused_token_stops_the_channel_and_loses_no_message() -> None:
    result = as_result(ClientRefused("token", permanent=False, detail="Unauthorized", done=1))
    assert isinstance(result, RetryAfter)
    assert (result.whole_channel, result.parts_sent) == (True, 1)


@pytest.mark.parametrize("doubt", ["timeout", "cut", "server", "answer"])
def test_every_doubt_has_its_words_and_keeps_the_parts(doubt: Doubt) -> None:
    result = as_result(ClientUnknown(doubt, done=2))
    assert isinstance(result, Unknown)
    assert result.parts_sent == 2
