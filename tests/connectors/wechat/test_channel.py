"""WeChat's customer-service messages from the outbox: parts, menus, quotas, and what each refusal comes to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import CHANNEL, OPTION_GONE, WELCOME
from connectors.wechat.letters import TYPE_SOMETHING
from connectors.wechat.store import DatabaseTokenStore
from connectors.wechat.token import Token
from conversations.models import Delivery
from conversations.quotas import Left, Recipient, left, open_window, take
from desk.delivery import deliver
from desk.desk import Desk
from desk.ports import Held, NotSent, Outgoing, Refused, RetryAfter, Sent, Unknown
from desk.receive import Handling, receive
from desk.values import InboundMessage, OwnAnswer, Utterance
from store.database import Database
from tests.connectors.wechat.connected import SEND, api_at, nobody
from tests.connectors.wechat.fake_account import UNVERIFIED_SERVICE, VERIFIED_SUBSCRIPTION
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.connectors.wechat.phone import PERSON, SHORT, Phone, phone_of, rows
from tests.fakes import HandClock, ScriptedDialogue

WHO = Recipient(CHANNEL, PERSON)
BUTTONS = ({"title": "用水报装", "payload": "/water"}, {"title": "用气报装", "payload": "/gas"})
LONG = "".join(f"第{number}条说明请看这里。" for number in range(120))


@pytest.fixture
async def phone(desk: Desk, channel: WeChatChannel) -> AsyncIterator[Phone]:
    async with phone_of(desk, channel) as phone:
        yield phone


async def write(desk: Desk, fake: FakeWeChat, text: str) -> None:
    """The person writes, and nobody waits for the answer, which is there in the end."""
    before = len(await rows(desk))
    async with phone_of(desk, WeChatChannel(desk, api_at(fake.address, desk, fake)), patience=SHORT) as phone:
        fake.account.writes(PERSON)
        await phone.writes(text)
        await until_turned(desk, before + 1)


async def allow(desk: Desk, fake: FakeWeChat, *, messages: int = 5) -> None:
    """The person has written."""
    fake.account.writes(PERSON)
    async with desk.database.write() as session:
        until = desk.clock() + timedelta(hours=48)
        await open_window(session, WHO, "message", messages=messages, until=until)


async def remaining(desk: Desk) -> int:
    async with desk.database.read() as session:
        return (await left(session, WHO, now=desk.clock())).messages


async def until_turned(desk: Desk, count: int = 1) -> None:
    while len(await rows(desk)) < count:
        await asyncio.sleep(0.01)


async def test_an_answer_that_was_late_goes_out_by_itself(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    dialogue.gate = asyncio.Event()
    async with phone_of(desk, channel, patience=SHORT) as phone:
        fake.account.writes(PERSON)
        assert await phone.writes("停水了", id="1") == ""
        dialogue.gate.set()
        await until_turned(desk)
    await deliver(desk, [channel], lambda: 1.0)
    assert fake.to("message/custom/send") == []  # still left to the passive way
    clock.advance(timedelta(seconds=5))
    await deliver(desk, [channel], lambda: 1.0)
    assert fake.texts(PERSON) == ["echo 停水了"]
    async with phone_of(desk, channel) as phone:
        assert await phone.writes("停水了", id="1") == ""
    assert [row.delivery for row in await rows(desk)] == [Delivery.SENT]
    assert len(dialogue.askings) == 1


async def test_a_passive_reply_costs_no_quota(desk: Desk, phone: Phone) -> None:
    assert await phone.writes("停水了") == "echo 停水了"
    assert await remaining(desk) == 5


async def test_a_long_answer_goes_on_by_itself(
    desk: Desk, fake: FakeWeChat, phone: Phone, channel: WeChatChannel, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["长"] = (Utterance(LONG + LONG[:300], BUTTONS, {"outcome": "answered"}),)
    fake.account.writes(PERSON)
    first = await phone.writes("长")
    await deliver(desk, [channel], lambda: 1.0)
    rest = fake.account.people[PERSON].received
    assert [message["msgtype"] for message in rest] == [*["text"] * (len(rest) - 1), "msgmenu"]
    assert await remaining(desk) == 5 - len(rest)
    heads = [m["text"]["content"] if m["msgtype"] == "text" else m["msgmenu"]["head_content"] for m in rest]
    assert "".join([first, *heads]) == LONG + LONG[:300]
    assert [row.delivery for row in await rows(desk)] == [Delivery.SENT]


async def test_what_did_not_fit_into_the_reply_follows_at_once(
    desk: Desk, fake: FakeWeChat, phone: Phone, channel: WeChatChannel, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["长"] = (Utterance("好的。"), Utterance(LONG))
    fake.account.writes(PERSON)
    assert await phone.writes("长") == "好的。"
    await deliver(desk, [channel], lambda: 1.0)
    assert "".join(fake.texts(PERSON)) == LONG


async def test_options_are_shown_to_be_tapped_and_a_tap_picks(
    desk: Desk, fake: FakeWeChat, phone: Phone, channel: WeChatChannel, dialogue: ScriptedDialogue,
    clock: HandClock,
) -> None:  # fmt: skip
    dialogue.answers["报装"] = (Utterance("哪一件？", BUTTONS, {"outcome": "clarify"}),)
    await write(desk, fake, "报装")
    clock.advance(timedelta(seconds=5))
    await deliver(desk, [channel], lambda: 1.0)
    menu = fake.account.people[PERSON].received[0]["msgmenu"]
    assert [item["content"] for item in menu["list"]] == ["用水报装", "用气报装"]
    assert await phone.writes("用气报装", bizmsgmenuid=menu["list"][1]["id"]) == "echo /gas"


async def test_a_question_of_a_form_is_answered_by_one_tap(
    desk: Desk, fake: FakeWeChat, phone: Phone, channel: WeChatChannel, dialogue: ScriptedDialogue,
    clock: HandClock,
) -> None:  # fmt: skip
    skip = ({"title": "跳过", "payload": "/skip"},)
    dialogue.answers["我要投诉"] = (Utterance("信用代码是？", skip, {"outcome": "form"}),)
    dialogue.answers["/skip"] = (Utterance("联系人是？", skip, {"outcome": "form"}),)
    await write(desk, fake, "我要投诉")
    clock.advance(timedelta(seconds=5))
    await deliver(desk, [channel], lambda: 1.0)
    item = fake.account.people[PERSON].received[0]["msgmenu"]["list"][0]["id"]
    heard = [await phone.writes("跳过", bizmsgmenuid=item) for _ in range(2)]
    assert heard == ["联系人是？\n\n回复数字即可：\n1. 跳过"] * 2
    clock.advance(timedelta(days=3))
    assert await phone.writes("跳过", bizmsgmenuid=item) == OPTION_GONE
    assert [asking.text for asking in dialogue.askings] == ["我要投诉", "/skip"]


async def test_a_tap_on_a_question_that_was_asked_again_answers_it_once(
    desk: Desk, fake: FakeWeChat, phone: Phone, channel: WeChatChannel, dialogue: ScriptedDialogue,
    clock: HandClock,
) -> None:  # fmt: skip
    skip = ({"title": "跳过", "payload": "/skip"},)
    dialogue.answers["我要投诉"] = (Utterance("信用代码是？", skip, {"outcome": "form"}),)
    dialogue.answers["/skip"] = (Utterance("联系人是？", skip, {"outcome": "form"}),)
    await write(desk, fake, "我要投诉")
    await receive(
        desk,
        InboundMessage("wechat", "p", PERSON, "［链接］", clock()),
        Handling(for_dialogue=False, own=OwnAnswer("收到。"), ask_again=True),
    )
    clock.advance(timedelta(seconds=10))
    await deliver(desk, [channel], lambda: 1.0)
    items = [message["msgmenu"]["list"][0]["id"] for message in fake.account.people[PERSON].received]
    heard = [await phone.writes("跳过", bizmsgmenuid=item) for item in items]
    assert len(set(items)) == 2
    assert heard == ["联系人是？\n\n回复数字即可：\n1. 跳过"] * 2
    assert [asking.text for asking in dialogue.askings] == ["我要投诉", "/skip"]


async def test_a_tap_on_a_question_of_long_ago_asks_for_nothing(
    desk: Desk, fake: FakeWeChat, phone: Phone, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["我要投诉"] = (Utterance("信用代码是？", detail={"outcome": "form"}),)
    await phone.writes("我要投诉")
    asked = (await rows(desk))[0].id
    await phone.writes("91410400MA3X12345")
    assert await phone.writes("跳过", bizmsgmenuid=f"{asked}:0") == OPTION_GONE
    assert await phone.writes("跳过", bizmsgmenuid="0") == "echo 跳过"
    assert len(dialogue.askings) == 3


async def test_an_account_without_menus_gets_numbers(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    fake.account.kind = VERIFIED_SUBSCRIPTION
    await allow(desk, fake)
    for _ in range(2):
        outgoing = Outgoing(1, PERSON, "哪一件？", ("用水报装", "用气报装"))
        assert await channel.send(outgoing) == Sent()
    assert fake.texts(PERSON) == ["哪一件？\n\n回复数字即可：\n1. 用水报装\n2. 用气报装"] * 2
    assert len(fake.to("message/custom/send")) == 3  # it was tried as a menu once
    assert await remaining(desk) == 3


async def test_nothing_is_sent_that_wechat_would_refuse(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake, messages=1)
    assert await channel.send(Outgoing(1, PERSON, "一")) == Sent()
    held = await channel.send(Outgoing(2, PERSON, "二"))
    assert isinstance(held, Held)
    assert fake.texts(PERSON) == ["一"]
    assert len(fake.to("message/custom/send")) == 1


async def test_parts_that_are_out_are_not_sent_again(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake, messages=1)
    held = await channel.send(Outgoing(1, PERSON, LONG))
    assert isinstance(held, Held)
    assert held.parts_sent == 1
    await allow(desk, fake)
    async with desk.database.write() as session:
        until = desk.clock() + timedelta(hours=49)
        await open_window(session, WHO, "message", messages=5, until=until)
    assert await channel.send(Outgoing(1, PERSON, LONG, parts_sent=1)) == Sent()
    assert "".join(fake.texts(PERSON)) == LONG


async def test_a_long_answer_keeps_within_the_quota_and_points_to_its_page(
    desk: Desk, fake: FakeWeChat
) -> None:
    channel = WeChatChannel(desk, api_at(fake.address, desk, fake), public_url="https://qifu.example.cn")
    await allow(desk, fake, messages=2)
    assert await channel.send(Outgoing(1, PERSON, LONG * 5, article="water-connection")) == Sent()
    texts = fake.texts(PERSON)
    assert len(texts) == 2
    assert texts[-1].endswith("https://qifu.example.cn/articles/water-connection")


@pytest.mark.parametrize("code", [45015, 45047])
async def test_where_wechat_counts_otherwise_it_is_right(
    code: int, desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake)
    fake.fault(Fault(SEND, code=code))
    assert isinstance(await channel.send(Outgoing(1, PERSON, "一")), Held)
    assert await remaining(desk) == 0


async def test_what_was_held_goes_out_when_the_person_writes_again(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel, clock: HandClock
) -> None:
    await write(desk, fake, "一")
    clock.advance(timedelta(hours=49))
    await deliver(desk, [channel], lambda: 1.0)
    assert [row.delivery for row in await rows(desk)] == [Delivery.HELD]
    await write(desk, fake, "二")
    clock.advance(timedelta(seconds=5))
    await deliver(desk, [channel], lambda: 1.0)
    assert fake.texts(PERSON) == ["echo 一", "echo 二"]


async def test_a_tap_opens_the_small_window_alone_and_a_handed_over_person_is_asked_to_type(
    desk: Desk, phone: Phone, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["转人工"] = (Utterance("已为您转人工。", detail={"outcome": "handoff"}),)
    assert await phone.does("CLICK", EventKey="human") == f"已为您转人工。\n{TYPE_SOMETHING}"
    assert await remaining(desk) == 3
    assert await phone.writes("转人工") == "已为您转人工。"
    async with desk.database.read() as session:
        assert (await left(session, WHO, now=desk.clock(), kind="message")).messages == 5


async def test_a_repeated_push_opens_no_second_window(desk: Desk, phone: Phone) -> None:
    await phone.writes("你好", id="1")
    async with desk.database.write() as session:
        assert await take(session, WHO, now=desk.clock()) == "message"
    await phone.writes("你好", id="1")
    assert await remaining(desk) == 4


async def test_who_has_gone_gets_nothing(desk: Desk, phone: Phone, channel: WeChatChannel) -> None:
    await phone.writes("你好")
    await phone.does("unsubscribe")
    assert isinstance(await channel.send(Outgoing(1, PERSON, "一")), Held)


async def test_an_account_without_the_interface_is_found_out_and_holds(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel, caplog: pytest.LogCaptureFixture
) -> None:
    fake.account.kind = UNVERIFIED_SERVICE
    await allow(desk, fake)
    assert isinstance(await channel.send(Outgoing(1, PERSON, "一")), Held)
    assert not channel.can_reply_later
    assert "QIFU_WECHAT_CAN_REPLY_LATER" in caplog.text
    assert isinstance(await channel.send(Outgoing(1, PERSON, "一")), Held)
    assert len(fake.to("message/custom/send")) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [(-1, Refused), (40003, Held), (43004, Held), (43019, Held), (45009, RetryAfter), (45011, RetryAfter),
     (40164, RetryAfter), (40033, Refused), (45002, Refused), (99999, Refused)],
)  # fmt: skip
async def test_a_refusal_is_told_and_takes_no_quota(
    code: int, kind: type, desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake)
    fake.fault(Fault(SEND, code=code))
    result = await channel.send(Outgoing(1, PERSON, "一"))
    assert isinstance(result, kind)
    assert not isinstance(result, Sent)
    assert result.reason.endswith("。")
    assert await remaining(desk) == 5


async def test_what_is_too_long_for_a_menu_goes_out_with_numbers(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake)
    text = "长" * 400
    assert await channel.send(Outgoing(1, PERSON, text, buttons=("用水", "用气"))) == Sent()
    (sent,) = fake.texts(PERSON)
    assert sent.startswith(text) and "2. 用气" in sent
    assert len(fake.to("message/custom/send")) == 1


async def test_a_menu_that_is_refused_for_its_length_goes_out_with_numbers(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake)
    fake.fault(Fault(SEND, code=45002))
    assert await channel.send(Outgoing(1, PERSON, "哪一件？", buttons=("用水", "用气"))) == Sent()
    (sent,) = fake.texts(PERSON)
    assert "2. 用气" in sent
    assert await remaining(desk) == 4
    assert await channel.send(Outgoing(2, PERSON, "哪一件？", buttons=("用水", "用气"))) == Sent()
    assert "msgmenu" in fake.account.people[PERSON].received[-1]  # the account takes menus all the same


async def test_a_result_that_nobody_knows_is_said_to_be_so(
    desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake)
    fake.fault(Fault(SEND, drop="after"))
    assert isinstance(await channel.send(Outgoing(1, PERSON, "一")), Unknown)
    assert await remaining(desk) == 4


@pytest.mark.parametrize("table", ["quota_windows", "access_tokens"])
async def test_where_the_database_fails_before_it_is_sent_it_is_tried_again(
    table: str, desk: Desk, fake: FakeWeChat, channel: WeChatChannel
) -> None:
    await allow(desk, fake)
    async with desk.database.write() as session:
        await session.execute(text(f"ALTER TABLE {table} RENAME TO gone"))
    result = await channel.send(Outgoing(1, PERSON, "一"))
    assert isinstance(result, NotSent)
    assert fake.to("message/custom/send") == []


async def test_who_follows_is_welcomed_though_it_cannot_be_counted(desk: Desk, phone: Phone) -> None:
    async with desk.database.write() as session:
        await session.execute(text("ALTER TABLE quota_windows RENAME TO gone"))
    assert await phone.does("subscribe", EventKey="") == WELCOME


async def test_where_wechat_is_not_reached_it_is_tried_again(desk: Desk, fake: FakeWeChat) -> None:
    with nobody() as address:
        channel = WeChatChannel(desk, api_at(address, desk, fake))
        await allow(desk, fake)
        assert isinstance(await channel.send(Outgoing(1, PERSON, "一")), NotSent)
    assert await remaining(desk) == 5


async def test_the_token_is_shared_through_the_database(database: Database, clock: HandClock) -> None:
    one, other = DatabaseTokenStore(database, "wx1"), DatabaseTokenStore(database, "wx1")
    assert await one.read() is None
    for value in ("A" * 512, "B" * 512):
        await one.write(Token(value, clock()))
        assert await other.read() == Token(value, clock())
    assert await DatabaseTokenStore(database, "wx2").read() is None


async def test_the_window_that_ends_first_is_used_first(database: Database, clock: HandClock) -> None:
    async with database.write() as session:
        await open_window(session, WHO, "message", messages=1, until=clock() + timedelta(hours=48))
        await open_window(session, WHO, "tap", messages=1, until=clock() + timedelta(minutes=1))
        assert await left(session, WHO, now=clock()) == Left(2, clock() + timedelta(hours=48))
        assert [await take(session, WHO, now=clock()) for _ in range(3)] == ["tap", "message", None]


async def test_a_quota_is_given_out_once_however_many_take_from_it(
    database: Database, clock: HandClock
) -> None:
    async with database.write() as session:
        await open_window(session, WHO, "message", messages=5, until=clock() + timedelta(hours=48))

    async def one() -> str | None:
        async with database.write() as session:
            return await take(session, WHO, now=clock())

    taken = await asyncio.gather(*(one() for _ in range(12)))
    assert sum(kind is not None for kind in taken) == 5
