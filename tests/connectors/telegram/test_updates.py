"""Updates of the Bot API as values of ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.telegram.buttons import Option
from connectors.telegram.contents import DOWNLOAD_BYTES
from connectors.telegram.incoming import File, Incoming
from connectors.telegram.updates import read_update

RECEIVED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BOT = "QifuBot"
PERSON = {"id": 55, "is_bot": False, "first_name": "张", "last_name": "三", "language_code": "zh-hans"}
PRIVATE = {"id": 55, "type": "private", "first_name": "张"}


def message(**content: Any) -> dict[str, Any]:
    base = {"message_id": 9, "from": PERSON, "chat": PRIVATE, "date": 1_795_000_000}
    return {"update_id": 100, "message": {**base, **content}}


def group(**content: Any) -> dict[str, Any]:
    return message(chat={"id": -1001, "type": "supergroup", "title": "园区企业"}, **content)


def read(update: object) -> Incoming | None:
    return read_update(update, bot=BOT, received=RECEIVED)


def sure(update: object) -> Incoming:
    incoming = read(update)
    assert incoming is not None
    return incoming


def test_a_text_is_read_with_who_wrote_it_and_when() -> None:
    assert sure(message(text=" 怎么申请用水 ")) == Incoming(
        update_id=100,
        kind="text",
        chat="55",
        at=datetime.fromtimestamp(1_795_000_000, UTC),
        text="怎么申请用水",
        message_id=9,
        name="张 三",
        language="zh-hans",
    )


def test_an_edited_text_is_a_correction_of_its_message() -> None:
    body = {**message(text="湛河区")["message"], "edit_date": 1_795_000_100}
    incoming = sure({"update_id": 101, "edited_message": body})
    assert (incoming.kind, incoming.text, incoming.message_id) == ("edited", "湛河区", 9)
    assert incoming.at.timestamp() == 1_795_000_100


def test_a_position_on_the_move_is_not_a_correction() -> None:
    body = message(location={"latitude": 33.7, "longitude": 113.2})["message"]
    assert read({"update_id": 101, "edited_message": body}) is None


def test_a_pressed_button_tells_its_option() -> None:
    query = {"id": "77", "from": PERSON, "chat_instance": "1", "data": "o:12:1"}
    incoming = sure({"update_id": 5, "callback_query": {**query, "message": message()["message"]}})
    assert (incoming.kind, incoming.option, incoming.callback) == ("option", Option(12, 1), "77")
    assert incoming.at == RECEIVED  # the date of the message is that of the offer


@pytest.mark.parametrize(
    "more",
    [{}, {"data": "act:1"}, {"game_short_name": "x"}, {"data": "o:12:1", "message": None}],
)
def test_a_pressed_button_is_answered_even_where_its_message_or_option_is_gone(more: dict[str, Any]) -> None:
    incoming = sure({"update_id": 5, "callback_query": {"id": "77", "from": PERSON, **more}})
    assert (incoming.kind, incoming.chat, incoming.callback) == ("option", "55", "77")


def test_the_largest_size_of_a_photo_is_taken() -> None:
    sizes = [
        {"file_id": "small", "width": 90, "height": 60, "file_size": 1_000},
        {"file_id": "large", "width": 1280, "height": 853, "file_size": 200_000},
        {"file_id": "middle", "width": 320, "height": 213, "file_size": 20_000},
    ]
    incoming = sure(message(photo=sizes, caption="路灯坏了", media_group_id="a1"))
    assert (incoming.kind, incoming.text, incoming.album) == ("photo", "路灯坏了", "a1")
    assert incoming.file == File("large", 200_000, "", "image/jpeg")


def test_a_document_keeps_its_name_but_no_folder() -> None:
    document = {
        "file_id": "d1",
        "file_name": "../..\\etc/营业执照\u202e.pdf",
        "mime_type": "application/pdf",
        "file_size": 9,
    }
    incoming = sure(message(document=document))
    assert incoming.kind == "document"
    assert incoming.file == File("d1", 9, "营业执照.pdf", "application/pdf")


@pytest.mark.parametrize(
    ("size", "kind"), [(DOWNLOAD_BYTES, "document"), (DOWNLOAD_BYTES + 1, "too_large"), (None, "document")]
)
def test_a_document_of_more_than_20_mb_is_too_large(size: int | None, kind: str) -> None:
    assert sure(message(document={"file_id": "d1", "file_size": size})).kind == kind


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"voice": {"file_id": "v", "duration": 3}}, "voice", ""),
        ({"audio": {"file_id": "v", "duration": 3}}, "voice", ""),
        ({"video": {"file_id": "v"}, "caption": "看"}, "video", "看"),
        ({"video_note": {"file_id": "v"}}, "video", ""),
        ({"animation": {"file_id": "v"}, "document": {"file_id": "v"}}, "video", ""),
        ({"sticker": {"file_id": "v", "emoji": "👍"}}, "sticker", ""),
        ({"location": {"latitude": 33.7, "longitude": 113.2}}, "location", ""),
        (
            {"location": {"latitude": 1}, "venue": {"title": "行政服务中心", "address": "长安大道"}},
            "location",
            "行政服务中心 长安大道",
        ),
        ({"contact": {"phone_number": "13800000000", "first_name": "张"}}, "contact", "13800000000"),
        ({"poll": {"id": "1"}}, "other", ""),
    ],
)
def test_what_the_bot_cannot_read_is_named(content: dict[str, Any], kind: str, text: str) -> None:
    incoming = sure(message(**content))
    assert (incoming.kind, incoming.text) == (kind, text)


@pytest.mark.parametrize(
    ("text", "command", "payload"),
    [
        ("/start", "start", ""),
        ("/start from_site-1", "start", "from_site-1"),
        ("/start a b; DROP", "start", ""),
        ("/HELP@QifuBot", "help", ""),
        ("/tickets", "tickets", ""),
        ("/human", "human", ""),
        ("/privacy", "privacy", ""),
        ("/link  482913 ", "link", "482913"),
        ("/unlink", "unlink", ""),
    ],
)
def test_a_command_is_read_with_what_follows_it(text: str, command: str, payload: str) -> None:
    incoming = sure(message(text=text))
    assert (incoming.kind, incoming.command, incoming.payload) == ("command", command, payload)


def test_an_unknown_command_is_known_as_such_and_a_slash_alone_is_a_text() -> None:
    assert sure(message(text="/weather 平顶山")).kind == "unknown_command"
    assert sure(message(text="/用水")).kind == "text"
    assert sure(message(text="水/电")).kind == "text"


@pytest.mark.parametrize(
    "content",
    [
        {"text": "/help"},
        {"text": "/help@qifubot"},
        {"text": "@QifuBot 怎么用水"},
        {"text": "问一下@qifubot，怎么用水"},
        {"caption": "@QifuBot 看图", "photo": [{"file_id": "p"}]},
        {"text": "谢谢", "reply_to_message": {"from": {"id": 1, "is_bot": True, "username": "QifuBot"}}},
    ],
)
def test_a_group_that_means_the_bot_is_answered_once(content: dict[str, Any]) -> None:
    incoming = sure(group(**content))
    assert (incoming.kind, incoming.chat) == ("group", "-1001")
    again = sure({**group(**content), "update_id": 101})
    assert again.external_id == incoming.external_id


@pytest.mark.parametrize(
    "content",
    [
        {"text": "今天开会"},
        {"text": "/help@OtherBot"},
        {"text": "@QifuBotX 你好"},
        {"text": "a@QifuBot.com"},
        {"new_chat_members": [{"id": 1, "is_bot": True, "username": "QifuBot"}]},
    ],
)
def test_a_group_that_talks_among_itself_is_left_alone(content: dict[str, Any]) -> None:
    assert read(group(**content)) is None


@pytest.mark.parametrize(("status", "kind"), [("kicked", "blocked"), ("member", "unblocked")])
def test_blocking_and_unblocking_are_told(status: str, kind: str) -> None:
    change = {"chat": PRIVATE, "from": PERSON, "date": 1_795_000_000, "new_chat_member": {"status": status}}
    assert sure({"update_id": 6, "my_chat_member": change}).kind == kind


@pytest.mark.parametrize(
    "update",
    [
        None,
        [],
        "x",
        {},
        {"update_id": "1"},
        {"update_id": True, "message": message(text="x")["message"]},
        {"update_id": 2**70, "message": message(text="x")["message"]},
        {"update_id": 1, "poll": {"id": "1"}},
        {"update_id": 1, "channel_post": message(text="@QifuBot")["message"]},
        {"update_id": 1, "message": {"text": "no chat"}},
        {"update_id": 1, "message": {"chat": {"id": 55}, "text": "no type"}},
        message(pinned_message={"message_id": 1}),
        message(text="x", **{"from": {"id": 2, "is_bot": True}}),
        message(photo=[], text=""),
        message(document={"file_name": "no id"}),
    ],
)
def test_what_is_nothing_for_us_is_left_alone(update: object) -> None:
    assert read(update) is None


@pytest.mark.parametrize("date", [None, "x", 0, -5, 10**30, 4_000_000_000, True, 1.5])
def test_a_date_that_cannot_be_is_the_time_of_receipt(date: object) -> None:
    assert sure(message(text="x", date=date)).at == RECEIVED


def test_a_text_that_no_database_takes_is_mended() -> None:
    broken = json.loads('"\\u0000好\\ud83d \\ud83d\\ude00"')
    assert sure(message(text=broken)).text == "好\ufffd 😀"


KEYS = st.sampled_from(
    "update_id message edited_message callback_query my_chat_member chat from id type text caption date photo document "
    "file_id file_size file_name width height data new_chat_member status venue title contact phone_number "
    "reply_to_message username first_name language_code media_group_id is_bot message_id voice entities".split()
)
VALUES = st.sampled_from(["private", "group", "channel", "kicked", "/start x", "@QifuBot", "o:1:2", "\ud800"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | VALUES
    | st.characters(categories=["Cs"])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=6),
    max_leaves=30,
)
MESSAGES = st.fixed_dictionaries(
    {"chat": st.fixed_dictionaries({"id": st.integers(), "type": VALUES | ANYTHING})},
    optional=dict.fromkeys(
        "from text caption date edit_date photo document new_chat_member media_group_id id data".split(),
        ANYTHING,
    )
    | {"message": st.fixed_dictionaries({"chat": ANYTHING})},
)
UPDATES = st.fixed_dictionaries(
    {"update_id": st.integers(0, 2**40)},
    optional=dict.fromkeys(
        ("message", "edited_message", "callback_query", "my_chat_member"), MESSAGES | ANYTHING
    ),
)


@settings(max_examples=400, deadline=None)
@given(ANYTHING | UPDATES | st.builds(lambda content: {"update_id": 1, "message": content}, MESSAGES))
def test_whatever_comes_is_read_or_left_and_what_is_read_can_be_stored(update: Any) -> None:
    incoming = read(update)
    if incoming is None:
        return
    file = incoming.file or File("")
    words = (incoming.text, incoming.payload, incoming.name, incoming.callback, file.name, file.id, file.mime)
    for text in (*words, incoming.language, incoming.album, incoming.external_id, incoming.chat):
        assert "\0" not in text
        assert text.encode().decode() == text
    assert incoming.at <= RECEIVED
