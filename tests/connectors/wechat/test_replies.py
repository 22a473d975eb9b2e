"""Replies: XML that any text survives, and long texts in parts that cut nothing in two."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wechat.crypto import Account, Opened, aes_key, decrypt, open_push, sign
from connectors.wechat.messages import read_push
from connectors.wechat.replies import PART_BYTES, SUCCESS, fit, numbered, reply_body, split, text_reply
from connectors.wechat.xml import legal, read_fields
from tests.connectors.wechat.forging import ACCOUNT, APP_ID, NONCE, NOW, RANDOM, TEXT, TIMESTAMP
from tests.connectors.wechat.vectors import KEY, TOKEN, moment

PUSH = read_push(TEXT.encode())
LINK = "https://qifu.example/articles/company-setup"
FAMILY, FLAG, WAVE, HEART, KEYCAP = "👨‍👩‍👧‍👦", "🇨🇳", "👋🏽", "❤️‍🔥", "1️⃣"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WHOLES = [
    FAMILY,
    FLAG,
    WAVE,
    HEART,
    KEYCAP,
    ENGLAND,
    "e\u0301",
    "https://www.pds.gov.cn/art/2026/11/23/art_1.html?x=1&y=%E4%BD%A0#top",
    '<a href="https://www.pds.gov.cn/">平顶山市 人民政府。网站</a>',
    '<a title="一 二，三" href="https://www.pds.gov.cn/">',
    "0375-12345678",
    "a.b@example.com",
    "91410400MA12345678",
]


def squeezed(text: str) -> str:
    """Without white space."""
    return re.sub(r"\s", "", text)


def bytes_of(text: str) -> int:
    """How many bytes it is in UTF-8."""
    return len(text.encode())


def test_a_reply_goes_back_to_the_sender_with_the_time_in_seconds() -> None:
    assert text_reply(PUSH, "您好！", now=NOW) == (
        "<xml><ToUserName><![CDATA[oU1]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName>"
        "<CreateTime>1795413600</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        "<Content><![CDATA[您好！]]></Content></xml>"
    )


@pytest.mark.parametrize("text", ["", " \n", "\x00\x08"])
def test_a_reply_with_nothing_to_say_is_success_and_no_empty_text(text: str) -> None:
    assert text_reply(PUSH, text, now=NOW) == "success" == SUCCESS


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("你好 ]]> <a>", "你好 ]]> <a>"),
        ("]]>]]>", "]]>]]>"),
        ("]]]]>>", "]]]]>>"),
        ("<![CDATA[x]]>", "<![CDATA[x]]>"),
        ("a & b &amp; <b>", "a & b &amp; <b>"),
        ("a\x00b\x07c\x0bd\x1fe\ufffe\uffff", "abcde"),
        ("a\ud800b\udfffc", "abc"),
        ("a\tb\r\nc\rd", "a\tb\nc\nd"),
        ("]\x00]\x00>", "]]>"),
        (f"{FAMILY}{FLAG}", f"{FAMILY}{FLAG}"),
    ],
)
def test_whatever_stands_in_a_text_the_reply_is_well_formed(text: str, read: str) -> None:
    xml = text_reply(PUSH, text, now=NOW)
    assert fromstring(xml.encode()).findtext("Content") == read
    assert read_fields(xml.encode())["Content"] == read


def test_a_reply_is_encrypted_where_the_push_was() -> None:
    xml = text_reply(PUSH, "您好！", now=NOW)
    opened = Opened(TEXT.encode(), NONCE, aes_key(KEY))
    fields = read_fields(reply_body(ACCOUNT, opened, xml, now=NOW, random=RANDOM).encode())
    assert list(fields) == ["Encrypt", "MsgSignature", "TimeStamp", "Nonce"]
    assert (fields["TimeStamp"], fields["Nonce"]) == (TIMESTAMP, NONCE)
    assert fields["MsgSignature"] == sign(TOKEN, TIMESTAMP, NONCE, fields["Encrypt"])
    assert decrypt(fields["Encrypt"], key=aes_key(KEY), app_id=APP_ID) == xml.encode()


def test_a_reply_carries_its_own_time_and_not_that_of_the_push() -> None:
    opened = Opened(TEXT.encode(), NONCE, aes_key(KEY))
    later = NOW + timedelta(seconds=4)
    fields = read_fields(reply_body(ACCOUNT, opened, "<xml/>", now=later, random=RANDOM).encode())
    assert moment(fields["TimeStamp"]) == later


def test_a_reply_to_plaintext_and_a_bare_success_are_not_encrypted() -> None:
    account = Account(TOKEN, APP_ID, (), "plaintext")
    query = {"timestamp": TIMESTAMP, "nonce": NONCE, "signature": sign(TOKEN, TIMESTAMP, NONCE)}
    opened = open_push(account, query, TEXT.encode(), now=NOW)
    assert reply_body(account, opened, "<xml/>", now=NOW, random=RANDOM) == "<xml/>"
    secret = Opened(TEXT.encode(), NONCE, aes_key(KEY))
    assert reply_body(ACCOUNT, secret, SUCCESS, now=NOW, random=RANDOM) == "success"


def test_options_are_numbered() -> None:
    assert numbered(["需要什么材料", "多久能办好"]) == "回复数字即可：\n1. 需要什么材料\n2. 多久能办好"
    assert numbered([]) == ""


def test_a_short_text_is_one_part_and_an_empty_one_none() -> None:
    assert split("您好！\n请说。") == ["您好！\n请说。"]
    assert split(" \n\x00") == []
    assert split("好" * 600) == ["好" * 600]
    assert list(map(bytes_of, split("好" * 601))) == [PART_BYTES, 3]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("先取号。再办理，带上身份证。", ["先取号。", "再办理，带上身份证。"]),
        ("他说：“先取号。”再办理，带上。", ["他说：“先取号。”", "再办理，带上。"]),
        ("一、申请书\n二、身份证\n三、章程", ["一、申请书\n二、身份证", "三、章程"]),
        ("先取号！！再办理，带上身份证", ["先取号！！", "再办理，带上身份证"]),
        ("请先取号并等待，叫到后再办理", ["请先取号并等待，", "叫到后再办理"]),
        ("Bring your ID card. Then go to hall.", ["Bring your ID card.", "Then go to hall."]),
        ("所需：\n1. 申请书原件和复印件", ["所需：\n1. 申请书原件和", "复印件"]),
        ("合计一万二千三百元整12345678", ["合计一万二千三百元整", "12345678"]),
    ],
)
def test_a_long_text_is_cut_where_a_reader_would_pause(text: str, parts: list[str]) -> None:
    assert split(text, limit=33) == parts


def test_a_mark_is_not_cut_off_from_the_mark_before_it() -> None:
    assert split("先取号。再办理吗！！好", limit=27) == ["先取号。", "再办理吗！！好"]
    assert split("先取号。他说“好。”走", limit=27) == ["先取号。", "他说“好。”走"]


def test_a_joiner_does_not_tear_the_link_after_it() -> None:
    link = "https://a.cn/b?c=d"
    assert split(f"请看看看👨\u200d{link}", limit=24) == ["请看看看👨\u200d", link]


def test_a_good_end_is_not_taken_where_it_would_leave_most_of_a_part_empty() -> None:
    assert split("好。" + "啊" * 20, limit=33) == ["好。" + "啊" * 9, "啊" * 11]


@pytest.mark.parametrize("whole", WHOLES)
def test_what_belongs_together_stays_together_wherever_the_cut_falls(whole: str) -> None:
    limit = bytes_of(whole) + 12
    for before in range(1, limit):
        parts = split("字" * before + whole + "字" * 9, limit=limit)
        assert sum(whole in part for part in parts) == 1
        assert max(map(bytes_of, parts)) <= limit


def test_what_is_longer_than_a_part_is_cut_between_characters() -> None:
    link = "https://a.cn/" + "x" * 100
    assert "".join(split(link, limit=30)) == link
    assert split(FAMILY * 2, limit=10) != []
    assert "".join(split(FAMILY * 2, limit=10)) == FAMILY * 2
    assert split(f"{WAVE}{WAVE}{WAVE}", limit=10) == [WAVE, WAVE, WAVE]


def test_many_opened_tags_and_a_very_long_word_are_split_all_the_same() -> None:
    for text in ("<a href=x " * 5_000, "<" * 50_000, "a" * 50_000, "1," * 25_000, "e" + "\u0301" * 20_000):
        parts = split(text)
        assert squeezed("".join(parts)) == squeezed(text)
        assert max(map(bytes_of, parts)) <= PART_BYTES


def test_a_part_that_holds_no_character_is_refused() -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        split("x", limit=3)


def test_a_text_that_fits_is_not_cut_and_points_nowhere() -> None:
    assert fit("您好。", most=1, link=LINK) == ["您好。"]
    assert fit("您好。", most=1, link=LINK, tail="1. 一") == ["您好。\n\n1. 一"]
    assert fit("好" * 30, most=5, link=LINK, limit=30) == ["好" * 10] * 3


def test_options_stay_in_one_piece_in_a_part_of_their_own_where_there_is_no_room() -> None:
    tail = numbered(["需要什么材料", "多久能办好"])
    assert fit("好" * 20, most=3, link=LINK, tail=tail, limit=90) == ["好" * 20, tail]


def test_a_text_that_is_too_long_ends_with_a_pointer_and_its_options() -> None:
    tail = numbered(["需要什么材料", "多久能办好"])
    parts = fit("先取号，再办理。" * 200, most=2, link=LINK, tail=tail, limit=300)
    assert len(parts) == 2
    assert parts[0] == "先取号，再办理。" * 12
    assert parts[1].startswith("先取号，再办理。")
    assert parts[1].endswith(f"。\n\n内容较长，全文请看：{LINK}\n\n{tail}")
    assert max(map(bytes_of, parts)) <= 300


def test_a_pointer_that_does_not_fit_is_an_error_of_ours() -> None:
    for most, limit in ((1, 60), (0, 1800)):
        with pytest.raises(ValueError, match="hold the pointer"):
            fit("好" * 1000, most=most, link=LINK, limit=limit)


_TEXTS = st.lists(
    st.text(max_size=30)
    | st.sampled_from(
        [*WHOLES, "。", "\n", "\n\n", "，", " ", "\u200d", "\r\n", "”", "]]>", "企业开户", "\u0301"]
    )
).map("".join)


@given(text=_TEXTS, limit=st.integers(4, 120))
@settings(deadline=None, max_examples=300)
def test_the_parts_are_the_text_and_none_is_too_long_or_empty(text: str, limit: int) -> None:
    parts = split(text, limit=limit)
    rest = legal(text)
    for part in parts:
        assert 0 < bytes_of(part) <= limit
        assert part == part.strip()
        assert rest.lstrip().startswith(part)
        rest = rest.lstrip()[len(part) :]
    assert rest.strip() == ""


@given(wholes=st.lists(st.sampled_from(WHOLES), min_size=1), limit=st.integers(80, 200))
@settings(deadline=None)
def test_no_link_tag_number_or_emoji_is_ever_cut(wholes: list[str], limit: int) -> None:
    parts = split("，请看".join(wholes), limit=limit)
    for whole in set(wholes):
        assert sum(part.count(whole) for part in parts) == wholes.count(whole)


@given(text=_TEXTS.map(lambda text: text * 5), most=st.integers(1, 5), limit=st.integers(150, 300))
@settings(deadline=None)
def test_a_text_in_few_parts_is_whole_or_says_where_the_whole_is(text: str, most: int, limit: int) -> None:
    tail = numbered(["材料", "时限"])
    parts = fit(text, most=most, link=LINK, tail=tail, limit=limit)
    assert 1 <= len(parts) <= most
    assert max(map(bytes_of, parts)) <= limit
    assert parts[-1].endswith(tail)
    said = squeezed("".join(parts))
    if LINK not in said:
        assert said == squeezed(legal(text) + tail)
    else:
        kept = said.removesuffix(squeezed(f"内容较长，全文请看：{LINK}{tail}"))
        assert squeezed(legal(text)).startswith(kept)


@given(text=st.text(st.characters()))
@settings(deadline=None)
def test_any_text_comes_out_of_a_reply_as_it_went_in(text: str) -> None:
    reply = text_reply(PUSH, text, now=NOW)
    expected = legal(text).strip()
    assert (reply == SUCCESS) == (expected == "")
    if expected:
        assert read_fields(reply.encode())["Content"] == expected
