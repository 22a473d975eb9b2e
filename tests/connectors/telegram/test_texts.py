"""Parts of long texts, keyboards, commands, the pace and the operator's checks: what is decided without Telegram."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.telegram import buttons, parts
from connectors.telegram.account import webhook_problem
from connectors.telegram.buttons import Option, keyboard, parse
from connectors.telegram.commands import COMMANDS, for_dialogue, notice
from connectors.telegram.incoming import Incoming, Kind
from connectors.telegram.pace import Pace
from connectors.telegram.poll import backoff

AT = datetime(2026, 11, 23, tzinfo=UTC)


def incoming(kind: Kind, **more: str) -> Incoming:
    return Incoming(1, kind, "55", AT, **more)  # type: ignore[arg-type]


def test_a_text_of_4096_units_is_one_part_and_one_more_makes_two() -> None:
    assert len(parts.split("字" * 4096)) == 1
    assert len(parts.split("字" * 4097)) == 2
    assert len(parts.split("😀" * 2048)) == 1
    assert len(parts.split("😀" * 2048 + "。")) == 2


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("第一段。还有。\n\n第二段。很长很长", "第一段。还有。"),
        ("一二三四五六\n七八九十一二三四五六七", "一二三四五六"),
        ("一二三四五六。七八九，一二三四五六七", "一二三四五六。"),
        ("他说“一二三四！”七八九一二三四五六七", "他说“一二三四！”"),
        ("一二三四五六，七八九一二三四五六七", "一二三四五六，"),
        ("you may see a.cn?b=1 and so on", "you may see"),
    ],
)
def test_a_text_is_cut_where_a_reader_pauses(text: str, first: str) -> None:
    assert parts.split(text, 12)[0] == first


def test_a_link_is_not_cut_where_it_has_a_question_mark() -> None:
    assert parts.split("请看这里 https://a.cn/b?c=1&d=2", 22) == ["请看这里", "https://a.cn/b?c=1&d=2"]


def test_an_emoji_of_several_letters_stays_whole() -> None:
    family = "👨‍👩‍👧"
    assert parts.split("字" * 9 + family + "字", 12)[0] == "字" * 9


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("字a。，. \n?😀\u200d\u0301"), max_size=200), st.integers(2, 40))
def test_the_parts_fit_and_hold_everything_that_is_written(text: str, most: int) -> None:
    found = parts.split(text, most)
    assert all(0 < parts.units(part) <= most for part in found)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)


def test_short_buttons_share_a_row_and_long_ones_do_not() -> None:
    titles = ["是", "不是", "需要准备哪些材料和证件", "在哪里办", "要多久"]
    assert [[key.label for key in row] for row in keyboard(7, titles)] == [
        ["是", "不是"],
        ["需要准备哪些材料和证件"],
        ["在哪里办", "要多久"],
    ]


def test_a_long_label_is_cut_and_an_empty_one_is_still_there() -> None:
    assert buttons.label("企业" * 30) == "企业" * 9 + "企…"
    assert buttons.label(" \n ") == "…"
    assert buttons.label("两\n行") == "两 行"


@given(st.integers(0, 10**19 - 1), st.lists(st.text(max_size=60), max_size=120))
def test_the_data_of_every_button_comes_back_as_its_option(message_id: int, titles: list[str]) -> None:
    keys = [key for row in keyboard(message_id, titles) for key in row]
    assert [parse(key.data) for key in keys] == [Option(message_id, n) for n in range(min(len(titles), 100))]
    assert all(1 <= len(key.data.encode()) <= buttons.DATA_BYTES for key in keys)
    assert all(key.label and buttons.columns(key.label) <= buttons.LABEL_COLUMNS for key in keys)
    assert all(len(row) <= buttons.ROW_KEYS for row in keyboard(message_id, titles))


@pytest.mark.parametrize(
    "data", ["", "o:1", "o:1:", "o:-1:0", "o:１:0", "o:1:0\n", "x:1:0", "o:1:2:3", "o:" + "9" * 30 + ":0"]
)
def test_data_that_is_not_ours_is_no_option(data: str) -> None:
    assert parse(data) is None


def test_the_commands_are_such_as_telegram_takes() -> None:
    assert {c.name for c in COMMANDS} == {"start", "help", "tickets", "human", "privacy", "link", "unlink"}
    assert all(re.fullmatch(r"[a-z0-9_]{1,32}", c.name) for c in COMMANDS)
    assert all(1 <= len(words) <= 256 for c in COMMANDS for words in (c.chinese, c.english))


def test_help_names_the_commands_and_others_say_what_to_do() -> None:
    said = notice(incoming("command", command="help"), bot="QifuBot") or ""
    assert all(f"/{c.name} {c.chinese}" in said for c in COMMANDS if c.name != "start")
    for kind in ("voice", "video", "sticker", "location", "other"):
        assert "文字" in (notice(incoming(kind), bot="QifuBot") or "")
    assert "/help" in (notice(incoming("unknown_command"), bot="QifuBot") or "")


def test_a_group_gets_the_way_to_the_private_chat() -> None:
    assert "https://t.me/QifuBot" in (notice(incoming("group"), bot="QifuBot") or "")
    assert "t.me" not in (notice(incoming("group"), bot="") or "")


def test_texts_and_some_commands_go_to_the_dialogue_and_nothing_else() -> None:
    assert for_dialogue(incoming("text", text="怎么用水")) == "怎么用水"
    assert for_dialogue(incoming("command", command="tickets")) == "查进度"
    assert for_dialogue(incoming("command", command="human")) == "转人工"
    assert for_dialogue(incoming("command", command="link")) == "绑定"
    assert for_dialogue(incoming("command", command="unlink")) == "解绑"
    assert for_dialogue(incoming("command", command="help")) is None
    assert for_dialogue(incoming("voice", text="x")) is None
    assert notice(incoming("text", text="怎么用水"), bot="QifuBot") is None


def test_a_chat_gets_one_message_a_second_and_others_do_not_wait_for_it() -> None:
    pace = Pace(bot_gap=0)
    assert [pace.take("1", 10.0) for _ in range(3)] == [0.0, 1.0, 2.0]
    assert pace.take("2", 10.0) == 0.0
    assert pace.take("1", 20.0) == 0.0


def test_all_chats_together_stay_under_thirty_a_second() -> None:
    pace = Pace()
    waits = [pace.take(str(chat), 0.0) for chat in range(300)]
    assert all(sum(start <= wait < start + 1 for wait in waits) <= 30 for start in range(12))
    assert max(waits) < 300 / 20


def test_a_429_holds_its_chat_and_a_second_one_holds_the_bot() -> None:
    pace = Pace()
    assert pace.refused("1", 7, now=0.0) is False
    assert pace.held("1", 2.0) == (5.0, False)
    assert pace.held("2", 2.0) == (0.0, False)
    assert pace.refused("1", 7, now=3.0) is False  # the same chat again tells nothing of the bot
    assert pace.refused("2", 4, now=4.0) is True
    assert pace.held("3", 5.0) == (3.0, True)
    assert pace.held("3", 9.0) == (0.0, False)


def test_a_pace_forgets_chats_that_are_free_again() -> None:
    pace = Pace(bot_gap=0)
    for chat in range(5000):
        pace.take(str(chat), float(chat))
    assert len(pace._free) <= 1001


@pytest.mark.parametrize(
    ("url", "secret", "fine"),
    [
        ("https://a.gov.cn/webhooks/telegram", "s3cret_Token-1", True),
        ("https://a.gov.cn:8443/x", "s" * 256, True),
        ("http://a.gov.cn/x", "s", False),
        ("https://a.gov.cn:8080/x", "s", False),
        ("https:///x", "s", False),
        ("https://a.gov.cn:port/x", "s", False),
        ("https://a.gov.cn/x", "", False),
        ("https://a.gov.cn/x", "s" * 257, False),
        ("https://a.gov.cn/x", "密", False),
        ("https://a.gov.cn/x", "a b", False),
    ],
)
def test_a_webhook_that_telegram_would_not_take_is_told_beforehand(url: str, secret: str, fine: bool) -> None:
    assert (webhook_problem(url, secret) is None) is fine


def test_waits_double_up_to_a_minute_and_differ() -> None:
    assert [backoff(n, 0.5) for n in (1, 2, 3, 7, 500)] == [1.0, 2.0, 4.0, 60.0, 60.0]
    assert (backoff(1, 0.0), backoff(1, 1.0)) == (0.5, 1.5)
