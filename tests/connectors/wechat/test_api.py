"""Our client of WeChat's API: what each answer, silence and error comes to."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.wechat.api import Capabilities, Choice, TemplateMessage
from connectors.wechat.calls import (
    CallFailed,
    NotSent,
    Outcome,
    Refused,
    Sent,
    Unknown,
    encoded,
    open_client,
    prepare,
)
from connectors.wechat.codes import CODES, Todo, meaning
from connectors.wechat.media import Media, TooLarge, VideoLink
from connectors.wechat.menu import as_json
from tests.connectors.wechat.connected import IMPATIENT, connected, nobody, until
from tests.connectors.wechat.fake_account import (
    TEST_ACCOUNT,
    UNVERIFIED_SUBSCRIPTION,
    VERIFIED_SERVICE,
    VERIFIED_SUBSCRIPTION,
    Kind,
)
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.fakes import HandClock

PERSON = "oPerson"
SEND = "/cgi-bin/message/custom/send"
MEDIA = "/cgi-bin/media/get"
TOKEN_CODES = (40001, 40014, 42001)
# WeChat's error codes: what to do, and whether the same call would fail again.
TABLE = {
    -1: (Todo.BACK_OFF, False), 40003: (Todo.UNREACHABLE, True), 40007: (Todo.UPLOAD_AGAIN, True),
    40008: (Todo.MEND, True), 40013: (Todo.OPERATOR, True), 40033: (Todo.MEND, True),
    40125: (Todo.OPERATOR, True), 40164: (Todo.OPERATOR, True), 40200: (Todo.PLAIN_TEXT, True),
    43004: (Todo.UNREACHABLE, True), 43019: (Todo.UNREACHABLE, True), 45002: (Todo.SPLIT, True),
    45008: (Todo.MEND, True), 45009: (Todo.BACK_OFF, False), 45011: (Todo.BACK_OFF, False),
    45015: (Todo.WAIT_FOR_PERSON, True), 45047: (Todo.WAIT_FOR_PERSON, True), 45072: (Todo.NOTHING, True),
    45080: (Todo.NOTHING, True), 45081: (Todo.NOTHING, True), 48001: (Todo.CAPABILITY_OFF, True),
    89503: (Todo.OPERATOR, True),
}  # fmt: skip


@pytest.fixture
def fake(fake: FakeWeChat) -> FakeWeChat:
    fake.account.templates.add("T1")
    fake.account.writes(PERSON)
    return fake


def code_of(outcome: object) -> int:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


# What goes out


async def test_a_text_arrives_in_real_characters(fake: FakeWeChat) -> None:
    written = '您好 😀 “平顶山” "引号" \\u4e2d\n第二行\t完'
    async with connected(fake) as ours:
        assert await ours.api.send_text(PERSON, written) == Sent()
    assert fake.texts(PERSON) == [written]
    assert "您好 😀 “平顶山”".encode() in fake.to("message/custom/send")[0].body


async def test_what_json_could_only_escape_is_left_out(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        assert await ours.api.send_text(PERSON, "甲\x00乙\x0b丙\x1f丁\x7f\ud83d戊") == Sent()
        menu = await ours.api.send_menu(PERSON, "请\x01选择", [Choice("1", "用\x02水")])
    assert menu == Sent()
    assert fake.texts(PERSON) == ["甲乙丙丁\x7f?戊"]
    assert fake.account.people[PERSON].received[1]["msgmenu"]["list"] == [{"id": "1", "content": "用水"}]


def test_numbers_and_truth_pass_the_encoding() -> None:
    assert encoded({"a": [1, True, None, "甲"]}) == '{"a": [1, true, null, "甲"]}'.encode()


async def test_choices_are_sent_as_a_menu_message(fake: FakeWeChat) -> None:
    choices = [Choice("101", "用水报装"), Choice("102", "转人工")]
    async with connected(fake) as ours:
        assert await ours.api.send_menu(PERSON, "您想办哪一项？", choices, "点一下就行。") == Sent()
    assert fake.account.people[PERSON].received[0] == {
        "touser": PERSON,
        "msgtype": "msgmenu",
        "msgmenu": {
            "head_content": "您想办哪一项？",
            "list": [{"id": "101", "content": "用水报装"}, {"id": "102", "content": "转人工"}],
            "tail_content": "点一下就行。",
        },
    }


@pytest.mark.parametrize("kind", [VERIFIED_SUBSCRIPTION, TEST_ACCOUNT])
async def test_a_menu_message_where_there_is_none_asks_for_plain_text(kind: Kind, fake: FakeWeChat) -> None:
    fake.account.kind = kind
    async with connected(fake) as ours:
        refused = await ours.api.send_menu(PERSON, "请选择", [Choice("1", "用水")])
        assert isinstance(refused, Refused)
        assert (refused.code, refused.meaning.todo) == (40200, Todo.PLAIN_TEXT)
        assert await ours.api.send_text(PERSON, "请回复数字：1 用水") == Sent()


async def test_typing_shows_and_goes(fake: FakeWeChat, clock: HandClock) -> None:
    async with connected(fake) as ours:
        assert await ours.api.typing(PERSON) == Sent()
        assert code_of(await ours.api.typing(PERSON)) == 45081
        assert await ours.api.typing(PERSON, on=False) == Sent()
        clock.advance(timedelta(seconds=31))
        assert code_of(await ours.api.typing(PERSON)) == 45080


async def test_a_notice_is_taken_once_and_has_a_receipt(fake: FakeWeChat) -> None:
    notice = TemplateMessage(
        "T1", {"number": "PDS-20261123-0001", "status": "已受理"}, "https://example.org", "m1"
    )
    async with connected(fake) as ours:
        assert await ours.api.send_template(PERSON, notice) == Sent("1000")
        assert await ours.api.send_template(PERSON, notice) == Sent("1000")
        assert code_of(await ours.api.send_template(PERSON, TemplateMessage("T2", {}))) == 40037
    assert fake.account.notices == [
        {
            "touser": PERSON,
            "template_id": "T1",
            "data": {"number": {"value": "PDS-20261123-0001"}, "status": {"value": "已受理"}},
            "url": "https://example.org",
            "client_msg_id": "m1",
        }
    ]


# The quotas


async def test_the_sixth_message_waits_for_the_person(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        outcomes = [await ours.api.send_text(PERSON, f"{number}") for number in range(6)]
        assert outcomes[:5] == [Sent()] * 5
        assert isinstance(outcomes[5], Refused)
        assert (outcomes[5].code, outcomes[5].meaning.todo) == (45047, Todo.WAIT_FOR_PERSON)
        fake.account.writes(PERSON)
        assert await ours.api.send_text(PERSON, "再次") == Sent()


async def test_a_tap_gives_three_messages_and_a_minute(fake: FakeWeChat, clock: HandClock) -> None:
    fake.account.taps("oTaps")
    async with connected(fake) as ours:
        outcomes: list[Outcome] = [await ours.api.send_text("oTaps", f"{number}") for number in range(4)]
        assert outcomes[:3] == [Sent()] * 3
        assert code_of(outcomes[3]) == 45047
        clock.advance(timedelta(minutes=1))
        assert code_of(await ours.api.send_text("oTaps", "晚了")) == 45015


async def test_a_text_of_more_bytes_than_allowed_has_to_be_split(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        refused = await ours.api.send_text(PERSON, "长" * 683)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.meaning.todo) == (45002, Todo.SPLIT)


# The codes


@pytest.mark.parametrize("code", TABLE)
async def test_each_code_of_the_table_comes_as_what_to_do(
    code: int, fake: FakeWeChat, caplog: pytest.LogCaptureFixture
) -> None:
    fake.fault(Fault(SEND, code=code))
    async with connected(fake) as ours:
        refused = await ours.api.send_text(PERSON, "您好")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.meaning.todo, refused.permanent) == (code, *TABLE[code])
    assert "rid:" in refused.reason
    assert len(fake.to("message/custom/send")) == 1
    assert fake.texts(PERSON) == []
    # The operator needs the rid to ask Tencent; what does not matter is not reported.
    assert (refused.reason in caplog.text) is (refused.meaning.todo is not Todo.NOTHING)


def test_the_table_is_complete() -> None:
    assert {*TABLE, *TOKEN_CODES} <= CODES.keys()


@pytest.mark.parametrize("code", [*CODES, 99999])
def test_staff_read_a_chinese_sentence(code: int) -> None:
    assert meaning(code).staff.endswith("。")
    assert not any(mark in meaning(code).staff for mark in ",;?!")


async def test_an_unlisted_code_may_be_tried_again(fake: FakeWeChat) -> None:
    fake.fault(Fault(SEND, raw=b'{"errcode":99999,"errmsg":"news"}'))
    async with connected(fake) as ours:
        refused = await ours.api.send_text(PERSON, "您好")
    assert isinstance(refused, Refused)
    assert not refused.permanent
    assert "99999" in refused.meaning.staff


# The token


@pytest.mark.parametrize("code", TOKEN_CODES)
async def test_a_rejected_token_is_refreshed_once_and_the_message_repeated_once(
    code: int, fake: FakeWeChat
) -> None:
    fake.fault(Fault(SEND, code=code))
    async with connected(fake) as ours:
        assert await ours.api.send_text(PERSON, "您好") == Sent()
    sends = fake.to("message/custom/send")
    assert len(sends) == 2
    assert sends[0].query != sends[1].query
    # The first; the refresh, which still gives the same; and the forced one.
    assert [call.json()["force_refresh"] for call in fake.to("stable_token")] == [False, False, True]
    assert fake.texts(PERSON) == ["您好"]


@pytest.mark.parametrize("code", TOKEN_CODES)
async def test_a_token_that_stays_rejected_gives_one_refusal_after_two_sends(
    code: int, fake: FakeWeChat
) -> None:
    fake.fault(Fault(SEND, code=code, times=1000))
    async with connected(fake) as ours:
        refused = await ours.api.send_text(PERSON, "您好")
        assert isinstance(refused, Refused)
        assert (refused.code, refused.meaning.todo) == (code, Todo.REFRESH)
        assert len(fake.to("message/custom/send")) == 2
        assert len(fake.to("stable_token")) == 3
        await ours.api.send_text(PERSON, "您好")
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
        refused = await ours.api.send_text(PERSON, "您好")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.meaning.todo) == (40164, Todo.OPERATOR)
    assert fake.to("message/custom/send") == []


async def test_a_token_that_cannot_be_replaced_leaves_the_message_unsent(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        await ours.tokens.current()
        fake.account.expire_tokens()
        fake.fault(Fault("/cgi-bin/stable_token", drop="after"))
        assert isinstance(await ours.api.send_text(PERSON, "您好"), NotSent)
    assert fake.texts(PERSON) == []


# Silence


async def test_a_message_without_an_answer_is_unknown_though_it_was_delivered(fake: FakeWeChat) -> None:
    fake.fault(Fault(SEND, held=True))
    async with connected(fake) as ours:
        await ours.tokens.current()
        async with connected(fake, store=ours.store, timeout=IMPATIENT) as impatient:
            unknown = await impatient.api.send_text(PERSON, "您好")
    assert isinstance(unknown, Unknown)
    assert "ReadTimeout" in unknown.reason
    await until(lambda: fake.texts(PERSON))
    assert fake.texts(PERSON) == ["您好"]
    assert len(fake.to("message/custom/send")) == 1


@pytest.mark.parametrize(("drop", "delivered"), [("before", []), ("after", ["您好"])])
async def test_a_cut_connection_is_unknown_and_not_tried_again(
    drop: Any, delivered: list[str], fake: FakeWeChat
) -> None:
    fake.fault(Fault(SEND, drop=drop))
    async with connected(fake) as ours:
        assert isinstance(await ours.api.send_text(PERSON, "您好"), Unknown)
    assert fake.texts(PERSON) == delivered
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
        assert isinstance(await ours.api.send_text(PERSON, "您好"), kind)


async def test_a_server_that_is_gone_leaves_the_message_unsent(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        await ours.tokens.current()
        with nobody() as address:
            async with connected(FakeWeChat(fake.account, address), store=ours.store) as elsewhere:
                assert isinstance(await elsewhere.api.send_text(PERSON, "您好"), NotSent)


# What must not be seen


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
            seen.append(repr(await ours.api.send_text(PERSON, "您好")))
        async with connected(fake, store=ours.store, timeout=IMPATIENT) as impatient:
            fake.fault(Fault(held=True))
            seen.append(repr(await impatient.api.send_text(PERSON, "您好")))
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


# Media


async def test_media_are_read(fake: FakeWeChat) -> None:
    fake.account.stores("M1", "image/jpeg", b"\xff\xd8\xff" * 1000)
    fake.account.stores("M2", "text/plain", "你好".encode())
    async with connected(fake) as ours:
        assert await ours.api.download_media("M1", most_bytes=3000) == Media(
            b"\xff\xd8\xff" * 1000, "image/jpeg"
        )
        assert await ours.api.download_media("M2", most_bytes=3000) == Media("你好".encode(), "text/plain")


@pytest.mark.parametrize("unmeasured", [False, True])
@pytest.mark.parametrize("content_type", ["image/jpeg", "text/plain"])
@pytest.mark.parametrize("length", [3001, 300_000])
async def test_media_are_not_read_beyond_the_limit(
    length: int, content_type: str, unmeasured: bool, fake: FakeWeChat
) -> None:
    fake.account.stores("M1", content_type, b"x" * length)
    fake.fault(Fault(MEDIA, unmeasured=unmeasured))
    async with connected(fake) as ours:
        assert await ours.api.download_media("M1", most_bytes=3000) == TooLarge(3000)


async def test_a_video_may_come_as_a_link(fake: FakeWeChat) -> None:
    fake.account.stores("M1", "video/link", b"http://example.org/v.mp4")
    async with connected(fake) as ours:
        assert await ours.api.download_media("M1", most_bytes=10) == VideoLink("http://example.org/v.mp4")


async def test_an_error_in_place_of_media_is_seen(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        refused = await ours.api.download_media("gone", most_bytes=10)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.meaning.todo) == (40007, Todo.UPLOAD_AGAIN)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(MEDIA, status=502), Unknown),
        (Fault(MEDIA, raw=b"{broken"), Unknown),
        (Fault(MEDIA, drop="before"), Unknown),
        (Fault(MEDIA, code=-1), Refused),
    ],
)
async def test_media_that_do_not_come_are_no_media(fault: Fault, kind: type, fake: FakeWeChat) -> None:
    fake.account.stores("M1", "image/jpeg", b"x")
    fake.fault(Fault(**vars(fault)))
    async with connected(fake) as ours:
        assert isinstance(await ours.api.download_media("M1", most_bytes=10), kind)


async def test_media_are_asked_for_again_with_a_new_token(fake: FakeWeChat) -> None:
    fake.account.stores("M1", "image/jpeg", b"x")
    async with connected(fake) as ours:
        await ours.tokens.current()
        fake.account.expire_tokens()
        assert await ours.api.download_media("M1", most_bytes=10) == Media(b"x", "image/jpeg")
    assert len(fake.to("media/get")) == 2


# The account


async def test_the_menu_is_made_shown_and_removed(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        assert await ours.api.get_menu() is None
        await ours.api.create_menu(as_json())
        shown = await ours.api.get_menu()
        assert shown is not None
        assert [button["name"] for button in shown["button"]] == ["办事咨询", "投诉诉求", "转人工"]
        await ours.api.delete_menu()
        assert await ours.api.get_menu() is None


async def test_an_account_without_a_menu_says_so(fake: FakeWeChat) -> None:
    fake.account.kind = UNVERIFIED_SUBSCRIPTION
    async with connected(fake) as ours:
        with pytest.raises(CallFailed) as failed:
            await ours.api.create_menu(as_json())
    assert code_of(failed.value.outcome) == 48001


async def test_the_addresses_of_the_pushes_are_told(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        assert await ours.api.get_callback_ip() == ["198.51.100.1", "203.0.113.0/24"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (VERIFIED_SERVICE, Capabilities(customer_service=True, template=True, menu=True)),
        (VERIFIED_SUBSCRIPTION, Capabilities(customer_service=True, template=False, menu=True)),
        (UNVERIFIED_SUBSCRIPTION, Capabilities(customer_service=False, template=False, menu=False)),
    ],
)
async def test_what_the_account_may_do_is_asked_without_doing_it(
    kind: Kind, expected: Capabilities, fake: FakeWeChat
) -> None:
    fake.account.kind = kind
    async with connected(fake) as ours:
        assert await ours.api.capabilities() == expected
    assert {call.path for call in fake.calls} == {"/cgi-bin/stable_token", "/cgi-bin/openapi/quota/get"}


async def test_what_wechat_does_not_tell_is_not_guessed(fake: FakeWeChat) -> None:
    fake.fault(Fault("/cgi-bin/openapi/quota/get", raw=b'{"errcode":0}', times=3))
    async with connected(fake) as ours:
        assert await ours.api.capabilities() == Capabilities(None, None, None)
