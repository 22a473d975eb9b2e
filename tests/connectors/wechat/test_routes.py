"""The WeChat webhook with a real desk: stored once, one turn, one answer, and nothing that WeChat cannot read."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import MENU_GONE, NOT_STORED, NOT_UNDERSTOOD, SCANNED, UNHEARD, WELCOME
from connectors.wechat.crypto import Account
from connectors.wechat.routes import PATH
from connectors.wechat.xml import MAX_BYTES, read_fields
from conversations.models import Author, Delivery, Message
from desk.desk import Desk
from desk.values import Utterance
from store.database import Database
from tests.connectors.wechat.forging import APP_ID, NONCE, cipher_of, sealed_body, sealed_query
from tests.connectors.wechat.phone import SHORT, Phone, phone_of, plain, rows
from tests.connectors.wechat.vectors import KEY, TOKEN, URL
from tests.fakes import ScriptedDialogue


@pytest.fixture
def channel(desk: Desk) -> WeChatChannel:
    """An account that can only reply."""
    return WeChatChannel(desk, None)


@pytest.fixture
async def phone(desk: Desk, channel: WeChatChannel) -> AsyncIterator[Phone]:
    async with phone_of(desk, channel) as phone:
        yield phone


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
    assert [row.text for row in await rows(desk, Author.PERSON)] == ["［语音］"]


async def test_who_could_not_be_heard_gets_what_was_held_for_them(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    await phone.writes("你好")
    async with desk.database.write() as session:
        await session.execute(
            update(Message).where(Message.author == Author.BOT).values(delivery=Delivery.HELD)
        )
    answer = await phone.sends("voice", MediaId="m", Format="amr")
    assert answer.endswith(UNHEARD) and answer.startswith("echo 你好")


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


async def test_a_message_that_is_not_known_is_answered_and_counted(
    phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert await phone.sends("hologram") == NOT_UNDERSTOOD
    assert await phone.sends("hologram") == NOT_UNDERSTOOD
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
