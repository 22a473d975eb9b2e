"""Reading pushes: every kind of message and event, and everything that is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wechat import pushes
from connectors.wechat.errors import Refused
from connectors.wechat.messages import read_push
from connectors.wechat.pushes import Push
from tests.connectors.wechat.forging import TEXT

HEAD = {"ToUserName": "gh_1", "FromUserName": "oU_1-x", "CreateTime": "1795413600"}
ID = "6054768590064713728"
EVENT = "oU_1-x:1795413600:"


def xml(**fields: str | None) -> bytes:
    """A push with these fields beside the usual ones; None leaves one out."""
    all_fields = {**HEAD, **fields}
    return (
        "<xml>\n"
        + "\n".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in all_fields.items() if v is not None)
        + "\n</xml>"
    ).encode()


def event(name: str, **fields: str | None) -> bytes:
    """An event."""
    return xml(MsgType="event", Event=name, **fields)


def head(key: str) -> dict[str, Any]:
    """What every value has."""
    return {"sender": "oU_1-x", "account": "gh_1", "created": 1795413600, "key": key}


def read_or_refusal(body: bytes) -> Push | Refused:
    """The push, or why not."""
    try:
        return read_push(body)
    except Refused as refused:
        return refused


def test_a_text_is_read_with_everything_it_holds() -> None:
    assert read_push(TEXT.encode()) == pushes.Text(
        sender="oU1", account="gh_1", created=1795413600, key=ID, content="企业开户 😀", menu_id=None
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"MsgType": "text", "Content": "满意", "bizmsgmenuid": "101"},
            pushes.Text(**head(ID), content="满意", menu_id="101"),
        ),
        (
            {"MsgType": "text", "Content": "满意", "bizmsgmenuid": "0"},
            pushes.Text(**head(ID), content="满意", menu_id="0"),
        ),
        ({"MsgType": "text", "Content": ""}, pushes.Text(**head(ID), content="", menu_id=None)),
        (
            {"MsgType": "TEXT", "Content": " 1 ", "MsgDataId": "5", "Idx": "1"},
            pushes.Text(**head(ID), content=" 1 ", menu_id=None),
        ),
        (
            {"MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/a", "MediaId": "m-_1"},
            pushes.Image(**head(ID), media_id="m-_1", picture_url="http://mmbiz.qpic.cn/a"),
        ),
        (
            {"MsgType": "voice", "MediaId": "m", "Format": "amr", "Recognition": "怎么开户。"},
            pushes.Voice(**head(ID), media_id="m", format="amr", recognition="怎么开户。"),
        ),
        (
            {"MsgType": "voice", "MediaId": "m", "Format": "speex"},
            pushes.Voice(**head(ID), media_id="m", format="speex", recognition=""),
        ),
        (
            {"MsgType": "voice", "MediaId": "m", "Format": "amr", "Recognition": ""},
            pushes.Voice(**head(ID), media_id="m", format="amr", recognition=""),
        ),
        (
            {"MsgType": "video", "MediaId": "m", "ThumbMediaId": "t"},
            pushes.Video(**head(ID), media_id="m", thumb_media_id="t", short=False),
        ),
        (
            {"MsgType": "shortvideo", "MediaId": "m", "ThumbMediaId": "t"},
            pushes.Video(**head(ID), media_id="m", thumb_media_id="t", short=True),
        ),
        (
            {
                "MsgType": "location",
                "Location_X": "33.766171",
                "Location_Y": "113.192452",
                "Scale": "15",
                "Label": "平顶山市",
            },
            pushes.Location(**head(ID), latitude=33.766171, longitude=113.192452, scale=15, label="平顶山市"),
        ),
        (
            {"MsgType": "link", "Title": "公告", "Description": "", "Url": "https://x.cn/?a=1&b"},
            pushes.Link(**head(ID), title="公告", description="", url="https://x.cn/?a=1&b"),
        ),
        (
            {
                "MsgType": "file",
                "Title": "合同.pdf",
                "Description": "2.5 KB",
                "FileKey": "",
                "FileMd5": "",
                "FileTotalLen": "2515",
            },
            pushes.File(**head(ID), title="合同.pdf", size=2515),
        ),
        ({"MsgType": "file", "Title": "合同"}, pushes.File(**head(ID), title="合同", size=None)),
    ],
)
def test_each_kind_of_message_is_read(fields: dict[str, str], expected: Push) -> None:
    assert read_push(xml(**fields, MsgId=ID)) == expected


def test_the_id_is_read_in_both_spellings_and_kept_to_the_last_digit() -> None:
    voice = {"MsgType": "voice", "MediaId": "m", "Format": "amr"}
    assert read_push(xml(**voice, MsgID="18446744073709551615")).key == "18446744073709551615"
    assert read_push(xml(**voice, MsgId="1", MsgID="2")).key == "1"
    assert read_push(xml(**voice, MsgId="", MsgID="2")).key == "2"


@pytest.mark.parametrize(
    ("push", "expected"),
    [
        (event("subscribe"), pushes.Subscribe(**head(EVENT + "subscribe:"), scene=None)),
        (event("subscribe", EventKey=""), pushes.Subscribe(**head(EVENT + "subscribe:"), scene=None)),
        (
            event("subscribe", EventKey="qrscene_园区-3", Ticket="t"),
            pushes.Subscribe(**head(EVENT + "subscribe:qrscene_园区-3"), scene="园区-3"),
        ),
        (
            event("subscribe", EventKey="last_trade_no_1"),
            pushes.Subscribe(**head(EVENT + "subscribe:last_trade_no_1"), scene=None),
        ),
        (event("unsubscribe", EventKey=""), pushes.Unsubscribe(**head(EVENT + "unsubscribe:"))),
        (event("SCAN", EventKey="3", Ticket="t"), pushes.Scan(**head(EVENT + "scan:3"), scene="3")),
        (event("CLICK", EventKey="human"), pushes.Click(**head(EVENT + "click:human"), item="human")),
        (
            event("VIEW", EventKey="https://x.cn/", MenuId="1"),
            pushes.View(**head(EVENT + "view:https://x.cn/"), url="https://x.cn/"),
        ),
        (
            event("LOCATION", Latitude="33.1", Longitude="-113.2", Precision="119.385040"),
            pushes.Whereabouts(
                **head(EVENT + "location:"), latitude=33.1, longitude=-113.2, precision=119.38504
            ),
        ),
        (
            event("TEMPLATESENDJOBFINISH", MsgID="200163836", Status="failed:user block"),
            pushes.TemplateSent(
                **head(EVENT + "templatesendjobfinish:200163836"),
                job="200163836",
                status="failed:user block",
            ),
        ),
        (
            event("kf_create_session", KfAccount="a@b"),
            pushes.UnknownEvent(**head(EVENT + "kf_create_session:"), event="kf_create_session"),
        ),
        (
            xml(MsgType="hologram", Content="x", MsgId=ID),
            pushes.UnknownMessage(**head(f"{EVENT}hologram:{ID}"), kind="hologram"),
        ),
        (xml(MsgType="hologram"), pushes.UnknownMessage(**head(EVENT + "hologram:"), kind="hologram")),
    ],
)
def test_each_event_is_read_and_what_is_unknown_is_named(push: bytes, expected: Push) -> None:
    assert read_push(push) == expected


def test_an_event_with_elements_within_elements_is_read() -> None:
    nested = event("scancode_push", EventKey="k").replace(
        b"</xml>", b"<ScanCodeInfo><ScanType>qrcode</ScanType><ScanType>2</ScanType></ScanCodeInfo></xml>"
    )
    assert read_push(nested) == pushes.UnknownEvent(**head(EVENT + "scancode_push:k"), event="scancode_push")


def test_every_attempt_of_one_push_has_one_key_and_no_two_pushes_share_one() -> None:
    job = {"MsgID": "1", "Status": "success"}
    different = [
        event("CLICK", EventKey="a"),
        event("CLICK", EventKey="b"),
        event("CLICK", EventKey="a", CreateTime="1795413601"),
        event("CLICK", EventKey="a", FromUserName="oU2"),
        event("SCAN", EventKey="a"),
        event("TEMPLATESENDJOBFINISH", **job),
        event("TEMPLATESENDJOBFINISH", **{**job, "MsgID": "2"}),
        event("VIEW", EventKey="https://x.cn/" + "a" * 2000),
        event("VIEW", EventKey="https://x.cn/" + "a" * 2001),
        xml(MsgType="text", Content="a", MsgId="1"),
        xml(MsgType="text", Content="a", MsgId="2"),
    ]
    keys = [read_push(push).key for push in different]
    assert len(set(keys)) == len(keys)
    assert keys == [read_push(push).key for push in different]
    assert max(map(len, keys)) < 200


@pytest.mark.parametrize(
    ("push", "reason"),
    [
        (xml(MsgType=None), "MsgType is missing"),
        (xml(MsgType=""), "MsgType is malformed"),
        (xml(MsgType="te xt"), "MsgType is malformed"),
        (xml(MsgType="text", Content="x", MsgId=None), "MsgID is missing"),
        (xml(MsgType="text", Content="x", MsgId=""), "MsgID is missing"),
        (xml(MsgType="text", Content="x", MsgId="-1"), "MsgId is malformed"),
        (xml(MsgType="text", Content="x", MsgId="1.5"), "MsgId is malformed"),
        (xml(MsgType="text", Content="x", MsgId="１"), "MsgId is malformed"),
        (xml(MsgType="text", Content="x", MsgId="1" * 21), "MsgId is malformed"),
        (xml(MsgType="text", Content=None, MsgId="1"), "Content is missing"),
        (xml(MsgType="text", Content="x", MsgId="1", FromUserName=None), "FromUserName is missing"),
        (xml(MsgType="text", Content="x", MsgId="1", FromUserName=""), "FromUserName is malformed"),
        (xml(MsgType="text", Content="x", MsgId="1", FromUserName="a:b"), "FromUserName is malformed"),
        (xml(MsgType="text", Content="x", MsgId="1", FromUserName="o" * 65), "FromUserName is malformed"),
        (xml(MsgType="text", Content="x", MsgId="1", ToUserName=None), "ToUserName is missing"),
        (xml(MsgType="text", Content="x", MsgId="1", CreateTime="soon"), "CreateTime is malformed"),
        (xml(MsgType="text", Content="x", MsgId="1", CreateTime="17954136001"), "CreateTime is malformed"),
        (xml(MsgType="text", Content="x", MsgId="1", CreateTime=None), "CreateTime is missing"),
        (xml(MsgType="image", PicUrl="x", MsgId="1"), "MediaId is missing"),
        (xml(MsgType="image", PicUrl="x", MediaId="a b", MsgId="1"), "MediaId is malformed"),
        (xml(MsgType="voice", Format="amr", MsgId="1"), "MediaId is missing"),
        (xml(MsgType="video", MediaId="", MsgId="1"), "MediaId is malformed"),
        (xml(MsgType="link", Title="x", MsgId="1"), "Url is missing"),
        (xml(MsgType="file", FileTotalLen="1", MsgId="1"), "Title is missing"),
        (xml(MsgType="file", Title="x", FileTotalLen="big", MsgId="1"), "FileTotalLen is malformed"),
        (
            xml(MsgType="location", Location_X="nan", Location_Y="1", Scale="1", MsgId="1"),
            "Location_X is malformed",
        ),
        (
            xml(MsgType="location", Location_X="1e400", Location_Y="1", Scale="1", MsgId="1"),
            "Location_X is malformed",
        ),
        (
            xml(MsgType="location", Location_X="90.1", Location_Y="1", Scale="1", MsgId="1"),
            "Location_X is out of range",
        ),
        (
            xml(MsgType="location", Location_X="1", Location_Y="-181", Scale="1", MsgId="1"),
            "Location_Y is out of range",
        ),
        (
            xml(MsgType="location", Location_X="1", Location_Y="1", Scale="x", MsgId="1"),
            "Scale is malformed",
        ),
        (xml(MsgType="event"), "Event is missing"),
        (xml(MsgType="event", Event=""), "Event is malformed"),
        (event("CLICK"), "EventKey is missing"),
        (event("SCAN"), "EventKey is missing"),
        (event("VIEW"), "EventKey is missing"),
        (event("LOCATION", Latitude="1", Longitude="1"), "Precision is missing"),
        (event("LOCATION", Latitude="x", Longitude="1", Precision="1"), "Latitude is malformed"),
        (event("TEMPLATESENDJOBFINISH", Status="success"), "MsgID is missing"),
        (event("TEMPLATESENDJOBFINISH", MsgID="1"), "Status is missing"),
    ],
)
def test_a_push_without_what_it_needs_is_refused_by_name(push: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        read_push(push)
    assert refused.value.status == 400


_BOMB = (
    b'<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Content>&c;</Content></xml>'
)
_XXE = b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Content>&a;</Content></xml>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (_BOMB, "document type"),
        (_XXE, "document type"),
        (b'<!DOCTYPE xml SYSTEM "http://127.0.0.1/a.dtd"><xml/>', "document type"),
        (b"<!DOCTYPE xml><xml/>", "document type"),
        (b'<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]><xml/>', "document type"),
        (b"<xml><Content>&undeclared;</Content></xml>", "well-formed"),
        (b"", "well-formed"),
        (b" ", "well-formed"),
        (b"success", "well-formed"),
        (b'{"MsgType": "text"}', "well-formed"),
        (b"<xml>", "well-formed"),
        (b"<xml></xml><xml></xml>", "well-formed"),
        (b"<xml><MsgType>text</MsgType>", "well-formed"),
        (b"<xml><Content>a\x00b</Content></xml>", "well-formed"),
        (b"<xml><Content>a\x0bb</Content></xml>", "well-formed"),
        (b"<xml><Content>&#0;</Content></xml>", "well-formed"),
        (b"<xml><Content>\xff</Content></xml>", "UTF-8"),
        (b"<xml><Content>\xed\xa0\x80</Content></xml>", "UTF-8"),
        (TEXT.encode("utf-16"), "UTF-8"),
        (TEXT.encode("gbk", "ignore"), "UTF-8"),
        (b"<html/>", "root"),
        (b"<XML/>", "root"),
        (b'<xml xmlns="urn:x"/>', "root"),
        (b"<a><xml/></a>", "root"),
        (b"<xml/>", "MsgType is missing"),
        (b"<xml>text</xml>", "MsgType is missing"),
        (b"<xml><MsgType><b>text</b></MsgType></xml>", "MsgType is missing"),
        (b"<xml><MsgType>text</MsgType><MsgType>event</MsgType></xml>", "twice"),
        (TEXT.replace("<MsgId>", "<FromUserName>oU2</FromUserName><MsgId>").encode(), "twice"),
        (b"<xml>" + b" " * 64_000 + b"</xml>", "longer than 64000 bytes"),
        (b"<a>" * 18_000 + b"</a>" * 4_000, "longer than 64000 bytes"),
        (b"<a>" * 9_000 + b"</a>" * 9_000, "root"),
        (b"<xml>" + b"<a>" * 9_000 + b"</a>" * 9_000 + b"</xml>", "MsgType is missing"),
    ],
)
def test_what_is_no_push_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        read_push(body)
    assert refused.value.status == 400


def test_the_size_is_looked_at_before_the_xml_is() -> None:
    with pytest.raises(Refused, match="longer than 20 bytes"):
        read_push(_BOMB, most=20)
    assert read_push(TEXT.encode(), most=len(TEXT.encode())).key == ID


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb2312", "utf-7", "no-such"])
def test_a_push_is_utf_8_whatever_it_declares(encoding: str) -> None:
    push = read_push(f'<?xml version="1.0" encoding="{encoding}"?>{TEXT}'.encode())
    assert isinstance(push, pushes.Text)
    assert push.content == "企业开户 😀"


def test_a_byte_order_mark_does_no_harm() -> None:
    assert read_push(TEXT.encode("utf-8-sig")).key == ID


def test_no_reason_repeats_what_was_sent() -> None:
    with pytest.raises(Refused) as refused:
        read_push(xml(MsgType="text", Content="x", MsgId="<script>"))
    assert "script" not in str(refused.value)


@given(body=st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode()))
@settings(deadline=None)
def test_any_bytes_are_refused_and_never_an_error(body: bytes) -> None:
    with pytest.raises(Refused):
        read_push(body)


_NAMES = (
    "ToUserName FromUserName CreateTime MsgType MsgId MsgID Content MediaId Event EventKey Location_X Location_Y Scale "
    "Latitude Longitude Precision Status Title Url FileTotalLen"
).split()
_TYPES = "text image voice video shortvideo location link file event".split()
_EVENTS = "subscribe unsubscribe SCAN CLICK VIEW LOCATION TEMPLATESENDJOBFINISH other".split()
_VALUES = st.sampled_from([*_TYPES, *_EVENTS, "1", "-1", "9" * 40, "0x1", "inf", "NaN", "1e9", ""])


@given(fields=st.dictionaries(st.sampled_from(_NAMES), _VALUES | st.text("0123456789.-e_ 一", max_size=12)))
@settings(deadline=None, max_examples=300)
def test_any_fields_are_read_or_refused_and_never_an_error(fields: dict[str, str]) -> None:
    outcome = read_or_refusal(xml(**fields))
    if isinstance(outcome, Refused):
        assert outcome.status == 400
    else:
        assert outcome.key
        assert outcome.sender
