"""The WeChat webhook with a real desk: stored once, one turn, one answer, and nothing that WeChat cannot read."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import MENU_GONE, NOT_STORED, SCANNED, STILL_LOOKING, UNHEARD, WELCOME
from connectors.wechat.crypto import Account
from connectors.wechat.letters import ASK_LATER
from connectors.wechat.routes import PATH
from connectors.wechat.xml import MAX_BYTES, read_fields
from conversations.models import Author, Delivery, Holder, Message, Thread, Turn
from desk.delivery import deliver
from desk.desk import Desk
from desk.values import Utterance
from store.database import Database
from tests.connectors.wechat.forging import APP_ID, NONCE, cipher_of, sealed_body, sealed_query
from tests.connectors.wechat.phone import SHORT, Phone, phone_of, plain
from tests.connectors.wechat.vectors import KEY, TOKEN, URL
from tests.fakes import HandClock, ScriptedDialogue

WATER = {"title": "用水报装", "payload": "/water"}
GAS = {"title": "用气报装", "payload": "/gas"}
CLARIFY = Utterance("您想问的是哪一件？", (WATER, GAS), {"outcome": "clarify"})


@pytest.fixture
def channel(desk: Desk) -> WeChatChannel:
    """An account that can only reply."""
    return WeChatChannel(desk, None)


@pytest.fixture
async def phone(desk: Desk, channel: WeChatChannel) -> AsyncIterator[Phone]:
    async with phone_of(desk, channel) as phone:
        yield phone


async def rows(desk: Desk, author: Author = Author.BOT) -> list[Message]:
    async with desk.database.read() as session:
        found = await session.scalars(select(Message).where(Message.author == author).order_by(Message.id))
        return list(found)


async def test_the_verification_is_answered_with_the_very_text(phone: Phone) -> None:
    query = {**phone.query(), "echostr": URL["echostr"]}
    answer = await phone.http.get(PATH, params=query)
    assert (answer.status_code, answer.text) == (200, URL["echostr"])
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_verification_by_somebody_else_is_refused(phone: Phone) -> None:
    answer = await phone.http.get(PATH, params={**phone.query(), "echostr": "1", "signature": "0" * 40})
    assert (answer.status_code, answer.text) == (403, "refused")


async def test_a_message_is_answered_and_its_reply_counts_as_sent(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["停水了"] = (Utterance("请稍等 😀 ]]>", detail={"outcome": "smalltalk"}),)
    assert await phone.writes("停水了") == "请稍等 😀 ]]>"
    assert [row.delivery for row in await rows(desk)] == [Delivery.SENT]


async def test_another_implementation_reads_the_secure_reply(phone: Phone) -> None:
    peer = WeChatCrypto(TOKEN, KEY, APP_ID)
    sealed = peer.encrypt_message(phone.xml(MsgType="text", Content="你好", MsgId="7"), NONCE)
    fields = read_fields(sealed.encode())
    timestamp = fields["TimeStamp"]
    query = {"timestamp": timestamp, "nonce": NONCE, "encrypt_type": "aes"}
    # The peer stamps the push with the time of this machine.
    phone.clock.now += timedelta(seconds=int(timestamp) - phone.now().timestamp())  # type: ignore[attr-defined]
    answer = await phone.http.post(
        PATH, params={**query, "msg_signature": fields["MsgSignature"]}, content=sealed.encode()
    )
    reply = read_fields(answer.content)
    opened = peer.decrypt_message(answer.text, reply["MsgSignature"], reply["TimeStamp"], reply["Nonce"])
    assert "<![CDATA[echo 你好]]>" in opened


async def test_a_push_in_plaintext_is_refused_in_secure_mode(phone: Phone, desk: Desk) -> None:
    answer = await plain(phone, MsgType="text", Content="停水了", MsgId="1")
    assert (answer.status_code, answer.text) == (403, "refused")
    assert await rows(desk, Author.PERSON) == []


async def test_a_push_in_plaintext_is_answered_in_plaintext_where_that_is_set(
    desk: Desk, channel: WeChatChannel
) -> None:
    async with phone_of(desk, channel, account=Account(TOKEN, APP_ID, mode="plaintext")) as phone:
        answer = await plain(phone, MsgType="text", Content="停水了", MsgId="1")
    assert read_fields(answer.content)["Content"] == "echo 停水了"


async def test_three_attempts_share_one_turn_and_one_answer(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    gate = dialogue.gate = asyncio.Event()
    attempts = [asyncio.create_task(phone.writes("停水了", id="1")) for _ in range(3)]
    await dialogue.reached.wait()
    gate.set()
    answers = set(await asyncio.gather(*attempts))
    assert "echo 停水了" in answers
    assert answers <= {"echo 停水了", ""}
    assert len(dialogue.askings) == 1
    assert [row.delivery for row in await rows(desk)] == [Delivery.SENT]
    assert len(await rows(desk, Author.PERSON)) == 1


async def test_an_attempt_whose_answer_did_not_arrive_is_answered_again(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (replace(CLARIFY, text="好的。", buttons=()), CLARIFY)
    first = await phone.writes("报装", id="1")
    assert first == await phone.writes("报装", id="1")
    assert len(dialogue.askings) == 1
    assert len(await rows(desk)) == 2


async def test_messages_of_one_person_at_once_are_answered_each(phone: Phone) -> None:
    texts = [f"第{number}句" for number in range(5)]
    answers = await asyncio.gather(*(phone.writes(text) for text in texts))
    said = "\n".join(answers)
    assert [said.count(f"echo {text}") for text in texts] == [1] * 5


async def test_two_replies_become_one_text_and_a_number_picks(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (Utterance("好的。", (GAS,), {"outcome": "smalltalk"}), CLARIFY)
    answer = await phone.writes("报装")
    assert answer == "好的。\n\n您想问的是哪一件？\n\n回复数字即可：\n1. 用水报装\n2. 用气报装"
    assert await phone.writes("2") == "echo /gas"


async def test_an_account_that_can_only_reply_lets_wechat_ask_three_times_and_parks_the_answer(
    phone: Phone, desk: Desk, channel: WeChatChannel, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    gate = dialogue.gate = asyncio.Event()
    answers = []
    async with phone_of(desk, channel, patience=SHORT) as impatient:
        for _ in range(3):
            answers.append(await impatient.writes("停水了", id="1"))
            clock.advance(timedelta(seconds=SHORT.cut))
        gate.set()
        while not await rows(desk):
            await asyncio.sleep(0.01)
    assert answers == ["", "", STILL_LOOKING]
    assert len(dialogue.askings) == 1
    clock.advance(timedelta(minutes=5))
    assert await phone.writes("好了吗") == "echo 停水了\n\necho 好了吗"
    assert [row.delivery for row in await rows(desk)] == [Delivery.SENT, Delivery.SENT]


async def test_an_answer_that_came_between_attempts_goes_out_with_the_next(
    phone: Phone, desk: Desk, channel: WeChatChannel, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    dialogue.gate = asyncio.Event()
    async with phone_of(desk, channel, patience=SHORT) as impatient:
        assert await impatient.writes("停水了", id="1") == ""
        dialogue.gate.set()
        clock.advance(timedelta(seconds=SHORT.cut))
        assert await phone.writes("停水了", id="1") == "echo 停水了"
    assert len(dialogue.askings) == 1


async def test_what_can_only_be_a_reply_is_not_sent_by_itself(
    phone: Phone, desk: Desk, channel: WeChatChannel, clock: HandClock
) -> None:
    await phone.writes("你好")
    async with desk.database.write() as session:
        person = (await session.scalars(select(Message))).first()
        assert person is not None
        await session.execute(update(Thread).values(holder=Holder.STAFF))
        session.add(
            Message(
                thread_id=person.thread_id, author=Author.STAFF, channel="wechat", text="您好，我是小王。",
                delivery=Delivery.PENDING, created_at=clock(),
            )
        )  # fmt: skip
    await deliver(desk, [channel], lambda: 1.0)
    assert [row.delivery for row in await rows(desk, Author.STAFF)] == [Delivery.HELD]
    assert await phone.writes("在吗") == "您好，我是小王。"
    assert [row.delivery for row in await rows(desk, Author.STAFF)] == [Delivery.SENT]


async def test_a_message_left_to_staff_is_acknowledged(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    await phone.writes("你好")
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    assert await phone.writes("在吗") == ""
    assert await phone.sends("link", Title="通知", Description="", Url="https://a.example") == ""
    assert [row.turn for row in await rows(desk, Author.PERSON)] == [Turn.DONE, Turn.STAFF, Turn.STAFF]
    assert len(dialogue.askings) == 1


async def test_a_handed_over_person_is_told_how_they_hear_of_it(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["转人工"] = (Utterance("已为您转人工。", detail={"outcome": "handoff"}),)
    assert await phone.writes("转人工") == f"已为您转人工。\n{ASK_LATER}"


async def test_a_long_answer_without_a_page_goes_on_with_the_next_message(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    text = "".join(f"第{number}条说明请看这里。" for number in range(120))
    dialogue.answers["长"] = (Utterance(text, detail={"outcome": "answered"}),)
    heard = [await phone.writes(said) for said in ("长", "继续", "好", "嗯", "行")]
    joined = "".join(heard).replace("（未完，回复任意内容接着看。）", "").replace("\n", "")
    assert heard[0].endswith("（未完，回复任意内容接着看。）")
    assert text in joined
    assert all(f"echo {said}" in joined for said in ("继续", "好"))


async def test_a_long_answer_points_to_its_page(desk: Desk, dialogue: ScriptedDialogue) -> None:
    long = Utterance("这是一句说明。" * 300, (WATER,), {"outcome": "answered", "article": "water-connection"})
    dialogue.answers["长"] = (long,)
    async with phone_of(desk, WeChatChannel(desk, None, public_url="https://qifu.example.cn/")) as phone:
        answer = await phone.writes("长")
        assert "https://qifu.example.cn/articles/water-connection" in answer
        assert answer.endswith("1. 用水报装")
        assert await phone.writes("谢谢") == "echo 谢谢"


async def test_a_picture_is_answered_and_what_was_asked_goes_on(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (CLARIFY,)
    await phone.writes("报装")
    answer = await phone.sends("image", MediaId="m", PicUrl="http://p")
    assert "没有接收图片的权限" in answer  # the account may only reply
    assert answer.endswith("2. 用气报装")
    assert await phone.writes("2") == "echo /gas"
    assert [row.text for row in await rows(desk, Author.PERSON)] == ["报装", "［图片］", "2"]


@pytest.mark.parametrize(
    ("kind", "fields", "word"),
    [
        ("video", {"MediaId": "m", "ThumbMediaId": "t"}, "视频"),
        ("location", {"Location_X": "33.7", "Location_Y": "113.2", "Scale": "15", "Label": "建设路"}, "位置"),
        ("link", {"Title": "通知", "Description": "", "Url": "https://a.example"}, "链接"),
        ("file", {"Title": "执照.pdf", "FileTotalLen": "10"}, "文件"),
    ],
)
async def test_what_is_no_words_is_answered_honestly(
    kind: str, fields: dict[str, str], word: str, phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    assert word in await phone.sends(kind, **fields)
    assert dialogue.askings == []
    assert (await rows(desk, Author.PERSON))[0].text.startswith(f"［{word}］")


async def test_what_was_said_is_taken_as_written(phone: Phone) -> None:
    assert await phone.sends("voice", MediaId="m", Format="amr", Recognition="停水了") == "echo 停水了"


async def test_what_was_not_heard_is_asked_to_be_typed(phone: Phone, desk: Desk) -> None:
    assert await phone.sends("voice", MediaId="m", Format="amr") == UNHEARD
    assert await rows(desk, Author.PERSON) == []


async def test_a_message_that_is_too_long_is_not_asked_of_the_dialogue(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    assert "1000" in await phone.writes("啊" * 1001)
    assert dialogue.askings == []


async def test_events_are_answered_as_they_are(phone: Phone) -> None:
    assert await phone.does("subscribe", EventKey="qrscene_1") == WELCOME
    assert await phone.does("SCAN", EventKey="1") == WELCOME
    assert await phone.does("CLICK", EventKey="human") == "echo 转人工"
    assert await phone.does("SCAN", EventKey="1") == SCANNED
    assert await phone.does("CLICK", EventKey="gone") == MENU_GONE
    for event in ("VIEW", "subscribe_msg_popup_event", "kf_create_session"):
        assert await phone.does(event, EventKey="https://a.example") == ""
    assert await phone.does("LOCATION", Latitude="33.7", Longitude="113.2", Precision="20") == ""
    assert await phone.does("TEMPLATESENDJOBFINISH", MsgID="1", Status="failed:user block") == ""
    assert await phone.does("unsubscribe", EventKey="") == ""


async def test_what_is_not_known_is_acknowledged_and_counted(
    phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert await phone.sends("hologram") == ""
    assert await phone.sends("hologram") == ""
    assert "hologram, which is not known here, 2 times" in caplog.text


async def test_an_empty_text_is_acknowledged(phone: Phone, desk: Desk) -> None:
    assert await phone.writes("  \n ") == ""
    assert await rows(desk, Author.PERSON) == []


async def test_where_nothing_can_be_stored_the_person_is_told_and_the_log_keeps_their_words(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'no-tables.db'}")
    broken = replace(desk, database=empty)
    async with phone_of(broken, WeChatChannel(broken, None), patience=SHORT) as phone:
        assert await phone.writes("我的电话是13800000000") == NOT_STORED
    await empty.close()
    assert "OperationalError" in caplog.text
    assert "13800000000" not in caplog.text


async def test_a_push_of_an_unknown_form_is_acknowledged(
    phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    assert await phone.push(MsgType="text", Content="没有编号") == ""
    assert "could not be read" in caplog.text
    assert "没有编号" not in caplog.text


async def test_a_body_that_is_too_large_is_refused_in_plain_text(phone: Phone) -> None:
    answer = await phone.http.post(PATH, params=phone.query(), content=b"x" * (MAX_BYTES + 1))
    assert (answer.status_code, answer.headers["content-type"][:10]) == (413, "text/plain")


async def test_nothing_that_is_sent_gets_json_or_a_500(phone: Phone) -> None:
    chance = random.Random(20261123)
    texts = [
        phone.xml(MsgType="text", Content="停水了", MsgId="1"), phone.xml(MsgType="event", Event="CLICK"),
        "", "<xml/>", "<xml><Encrypt>AAAA</Encrypt></xml>", "{}", "<xml><a/><a/></xml>", "\x00",
        '<!DOCTYPE x [<!ENTITY e "e">]><xml><MsgType>&e;</MsgType></xml>',
    ]  # fmt: skip
    seen = set()
    for _ in range(300):
        body = bytearray(chance.choice(texts).encode())
        for _ in range(chance.randrange(4)):
            if body:
                body[chance.randrange(len(body))] = chance.randrange(256)
        if chance.random() < 0.5:
            cipher = cipher_of(body.decode(errors="replace"))
            query, sent = sealed_query(cipher, timestamp=phone.second()), sealed_body(cipher)
        else:
            query, sent = phone.query(), bytes(body)
        for name in list(query):
            if chance.random() < 0.05:
                query[name] = chance.choice(["", "x", "aes", "0" * 40, "-1", "９" * 10])
        answer = await phone.http.post(PATH, params=query, content=sent)
        seen.add(answer.status_code)
        assert answer.headers["content-type"].startswith(("text/plain", "text/xml"))
    assert seen == {200, 400, 403}
