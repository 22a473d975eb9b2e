"""Our client of WeChat's API: messages within their quotas, the menu, and what the account may do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.wechat.api import Capabilities, Choice, TemplateMessage
from connectors.wechat.calls import (
    CallFailed,
    Outcome,
    Refused,
    Sent,
    encoded,
)
from connectors.wechat.codes import Todo
from connectors.wechat.menu import as_json
from tests.connectors.wechat.connected import FOLLOWER, code_of, connected
from tests.connectors.wechat.fake_account import (
    TEST_ACCOUNT,
    UNVERIFIED_SUBSCRIPTION,
    VERIFIED_SERVICE,
    VERIFIED_SUBSCRIPTION,
    Kind,
)
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.fakes import HandClock


async def test_a_text_arrives_in_real_characters(fake: FakeWeChat) -> None:
    written = '您好 😀 “平顶山” "引号" \\u4e2d\n第二行\t完'
    async with connected(fake) as ours:
        assert await ours.api.send_text(FOLLOWER, written) == Sent()
    assert fake.texts(FOLLOWER) == [written]
    assert "您好 😀 “平顶山”".encode() in fake.to("message/custom/send")[0].body


async def test_what_json_could_only_escape_is_left_out(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        assert await ours.api.send_text(FOLLOWER, "甲\x00乙\x0b丙\x1f丁\x7f\ud83d戊") == Sent()
        menu = await ours.api.send_menu(FOLLOWER, "请\x01选择", [Choice("1", "用\x02水")])
    assert menu == Sent()
    assert fake.texts(FOLLOWER) == ["甲乙丙丁\x7f?戊"]
    assert fake.account.people[FOLLOWER].received[1]["msgmenu"]["list"] == [{"id": "1", "content": "用水"}]


def test_numbers_and_truth_pass_the_encoding() -> None:
    assert encoded({"a": [1, True, None, "甲"]}) == '{"a": [1, true, null, "甲"]}'.encode()


async def test_choices_are_sent_as_a_menu_message(fake: FakeWeChat) -> None:
    choices = [Choice("101", "用水报装"), Choice("102", "转人工")]
    async with connected(fake) as ours:
        assert await ours.api.send_menu(FOLLOWER, "您想办哪一项？", choices, "点一下就行。") == Sent()
    assert fake.account.people[FOLLOWER].received[0] == {
        "touser": FOLLOWER,
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
        refused = await ours.api.send_menu(FOLLOWER, "请选择", [Choice("1", "用水")])
        assert isinstance(refused, Refused)
        assert (refused.code, refused.meaning.todo) == (40200, Todo.PLAIN_TEXT)
        assert await ours.api.send_text(FOLLOWER, "请回复数字：1 用水") == Sent()


async def test_typing_shows_and_goes(fake: FakeWeChat, clock: HandClock) -> None:
    async with connected(fake) as ours:
        assert await ours.api.typing(FOLLOWER) == Sent()
        assert code_of(await ours.api.typing(FOLLOWER)) == 45081
        assert await ours.api.typing(FOLLOWER, on=False) == Sent()
        clock.advance(timedelta(seconds=31))
        assert code_of(await ours.api.typing(FOLLOWER)) == 45080


async def test_a_notice_is_taken_once_and_has_a_receipt(fake: FakeWeChat) -> None:
    notice = TemplateMessage(
        "T1", {"number": "PDS-20261123-0001", "status": "已受理"}, "https://example.org", "m1"
    )
    async with connected(fake) as ours:
        assert await ours.api.send_template(FOLLOWER, notice) == Sent("1000")
        assert await ours.api.send_template(FOLLOWER, notice) == Sent("1000")
        assert code_of(await ours.api.send_template(FOLLOWER, TemplateMessage("T2", {}))) == 40037
    assert fake.account.notices == [
        {
            "touser": FOLLOWER,
            "template_id": "T1",
            "data": {"number": {"value": "PDS-20261123-0001"}, "status": {"value": "已受理"}},
            "url": "https://example.org",
            "client_msg_id": "m1",
        }
    ]


async def test_the_sixth_message_waits_for_the_person(fake: FakeWeChat) -> None:
    async with connected(fake) as ours:
        outcomes = [await ours.api.send_text(FOLLOWER, f"{number}") for number in range(6)]
        assert outcomes[:5] == [Sent()] * 5
        assert isinstance(outcomes[5], Refused)
        assert (outcomes[5].code, outcomes[5].meaning.todo) == (45047, Todo.WAIT_FOR_PERSON)
        fake.account.writes(FOLLOWER)
        assert await ours.api.send_text(FOLLOWER, "再次") == Sent()


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
        refused = await ours.api.send_text(FOLLOWER, "长" * 683)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.meaning.todo) == (45002, Todo.SPLIT)


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
