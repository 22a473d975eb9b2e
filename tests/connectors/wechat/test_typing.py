"""A person who waits is shown that an answer is being written, where the account may show it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from connectors.wechat.answers import Patience
from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import CHANNEL
from conversations.quotas import Recipient, left
from desk.desk import Desk
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.connectors.wechat.phone import LONG, PERSON, Phone, phone_of
from tests.fakes import ScriptedDialogue

TYPING = "message/custom/typing"
AT_ONCE = Patience(ready=LONG.ready, cut=LONG.cut, typing=0.0)


@pytest.fixture
async def phone(desk: Desk, channel: WeChatChannel, fake: FakeWeChat) -> AsyncIterator[Phone]:
    """A person who is shown it at once."""
    fake.account.writes(PERSON)
    async with phone_of(desk, channel, patience=AT_ONCE) as phone:
        yield phone


async def slowly(phone: Phone, dialogue: ScriptedDialogue, fake: FakeWeChat, *, calls: int, text: str) -> str:
    """The answer to a text, given once so many calls have come in."""
    dialogue.gate = asyncio.Event()
    asking = asyncio.create_task(phone.writes(text))
    await dialogue.reached.wait()
    while len(fake.to(TYPING)) < calls:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # for a call too many
    dialogue.gate.set()
    return await asking


async def test_who_waits_sees_that_an_answer_is_being_written(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue, fake: FakeWeChat
) -> None:
    assert await slowly(phone, dialogue, fake, calls=1, text="停水了") == "echo 停水了"
    assert [call.json() for call in fake.to(TYPING)] == [{"touser": PERSON, "command": "Typing"}]
    async with desk.database.read() as session:
        assert (await left(session, Recipient(CHANNEL, PERSON), now=desk.clock())).messages == 5


async def test_what_is_answered_at_once_needs_no_sign(
    desk: Desk, channel: WeChatChannel, fake: FakeWeChat
) -> None:
    async with phone_of(desk, channel) as phone:
        assert await phone.writes("停水了") == "echo 停水了"
    assert fake.to(TYPING) == []


@pytest.mark.parametrize("code", [48001, 40200])
async def test_an_account_that_may_not_show_it_is_not_asked_again(
    code: int, phone: Phone, dialogue: ScriptedDialogue, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    fake.fault(Fault(f"/cgi-bin/{TYPING}", code=code))
    assert await slowly(phone, dialogue, fake, calls=1, text="停水了") == "echo 停水了"
    assert await slowly(phone, dialogue, fake, calls=1, text="停电了") == "echo 停电了"
    assert len(fake.to(TYPING)) == 1
    assert channel.can_reply_later


@pytest.mark.parametrize("fault", [{"code": 45081}, {"code": -1}, {"status": 502}, {"drop": "before"}])
async def test_where_it_cannot_be_shown_nothing_is_missing(
    fault: dict[str, object], phone: Phone, dialogue: ScriptedDialogue, fake: FakeWeChat
) -> None:
    fake.fault(Fault(f"/cgi-bin/{TYPING}", **fault))  # type: ignore[arg-type]
    assert await slowly(phone, dialogue, fake, calls=1, text="停水了") == "echo 停水了"
    assert await slowly(phone, dialogue, fake, calls=2, text="停电了") == "echo 停电了"


async def test_it_is_not_asked_for_where_nothing_may_be_sent(
    desk: Desk, channel: WeChatChannel, fake: FakeWeChat
) -> None:
    await channel.show_typing(PERSON)
    assert fake.to(TYPING) == []


async def test_an_account_that_can_only_reply_shows_nothing(desk: Desk, fake: FakeWeChat) -> None:
    await WeChatChannel(desk, None).show_typing(PERSON)
    assert fake.calls == []
