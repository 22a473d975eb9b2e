"""Reading what a push says: bytes in, a message or an event as a value of its own type out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import TypedDict

from connectors.wechat.errors import Refused
from connectors.wechat.pushes import (
    Click,
    File,
    Image,
    Link,
    Location,
    Push,
    Scan,
    Subscribe,
    TemplateSent,
    Text,
    UnknownEvent,
    UnknownMessage,
    Unsubscribe,
    Video,
    View,
    Voice,
    Whereabouts,
)
from connectors.wechat.xml import MAX_BYTES, read_fields

_ID = re.compile("[0-9A-Za-z_-]{1,64}")
_WORD = re.compile("[0-9A-Za-z_]{1,64}")
_MEDIA = re.compile("[!-~]{1,256}")
_METRES = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")
_WHOLE = re.compile("[0-9]{1,10}")
_MESSAGE_ID = re.compile("[0-9]{1,20}")  # 64 bits: kept as text, since a reader of JSON may round it
_DECIMAL = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
_LONGEST_IN_KEY = 64
_SCENE = "qrscene_"


class _Head(TypedDict):
    sender: str
    account: str
    created: int
    key: str


def read_push(xml: bytes, *, most: int = MAX_BYTES) -> Push:
    """The message or event in an opened push. `most`: bytes. Raises `Refused(400)`.

    Names of kinds and events are read in small and capital letters alike. A field that is needed has to be there and
    of its type; one that only decorates may be missing. Source of the fields: WeChat's pages on receiving messages and
    events, as collected in the vendor's documentation of service accounts.
    """
    fields = read_fields(xml, most=most)
    kind = _like(_WORD, fields, "MsgType").lower()
    if kind == "event":
        name = _like(_WORD, fields, "Event").lower()
        head = _head(fields, name, fields.get("EventKey") or fields.get("MsgID") or "")
        return _EVENTS[name](head, fields) if name in _EVENTS else UnknownEvent(**head, event=name)
    if kind in _MESSAGES:
        return _MESSAGES[kind]({**_head(fields, kind), "key": _message_id(fields)}, fields)
    head = _head(fields, kind, fields.get("MsgId") or fields.get("MsgID") or "")
    return UnknownMessage(**head, kind=kind)


def _head(fields: Mapping[str, str], kind: str, detail: str = "") -> _Head:
    sender = _like(_ID, fields, "FromUserName")
    created = _whole(fields, "CreateTime")
    if len(detail) > _LONGEST_IN_KEY:  # an address of a menu item may be longer than a key of a table
        detail = f"sha256={hashlib.sha256(detail.encode()).hexdigest()}"
    account = _like(_ID, fields, "ToUserName")
    return {
        "sender": sender,
        "account": account,
        "created": created,
        "key": f"{sender}:{created}:{kind}:{detail}",
    }


def _text(head: _Head, fields: Mapping[str, str]) -> Push:
    return Text(**head, content=_present(fields, "Content"), menu_id=fields.get("bizmsgmenuid") or None)


def _image(head: _Head, fields: Mapping[str, str]) -> Push:
    return Image(**head, media_id=_like(_MEDIA, fields, "MediaId"), picture_url=fields.get("PicUrl", ""))


def _voice(head: _Head, fields: Mapping[str, str]) -> Push:
    media_id = _like(_MEDIA, fields, "MediaId")
    spoken = fields.get("Recognition", "").strip()
    return Voice(**head, media_id=media_id, format=fields.get("Format", ""), recognition=spoken)


def _video(head: _Head, fields: Mapping[str, str]) -> Push:
    media_id = _like(_MEDIA, fields, "MediaId")
    short = fields["MsgType"].lower() == "shortvideo"
    return Video(**head, media_id=media_id, thumb_media_id=fields.get("ThumbMediaId", ""), short=short)


def _location(head: _Head, fields: Mapping[str, str]) -> Push:
    return Location(
        **head,
        latitude=_degrees(fields, "Location_X", 90),
        longitude=_degrees(fields, "Location_Y", 180),
        scale=_whole(fields, "Scale"),
        label=fields.get("Label", ""),
    )


def _link(head: _Head, fields: Mapping[str, str]) -> Push:
    title, url = _present(fields, "Title"), _present(fields, "Url")
    return Link(**head, title=title, description=fields.get("Description", ""), url=url)


def _file(head: _Head, fields: Mapping[str, str]) -> Push:
    size = _whole(fields, "FileTotalLen") if "FileTotalLen" in fields else None
    return File(**head, title=_present(fields, "Title"), size=size)


def _subscribe(head: _Head, fields: Mapping[str, str]) -> Push:
    key = fields.get("EventKey", "")
    return Subscribe(**head, scene=key.removeprefix(_SCENE) if key.startswith(_SCENE) else None)


def _unsubscribe(head: _Head, fields: Mapping[str, str]) -> Push:
    return Unsubscribe(**head)


def _scan(head: _Head, fields: Mapping[str, str]) -> Push:
    return Scan(**head, scene=_present(fields, "EventKey"))


def _click(head: _Head, fields: Mapping[str, str]) -> Push:
    return Click(**head, item=_present(fields, "EventKey"))


def _view(head: _Head, fields: Mapping[str, str]) -> Push:
    return View(**head, url=_present(fields, "EventKey"))


def _whereabouts(head: _Head, fields: Mapping[str, str]) -> Push:
    return Whereabouts(
        **head,
        latitude=_degrees(fields, "Latitude", 90),
        longitude=_degrees(fields, "Longitude", 180),
        precision=float(_like(_METRES, fields, "Precision")),
    )


def _template_sent(head: _Head, fields: Mapping[str, str]) -> Push:
    return TemplateSent(**head, job=_message_id(fields), status=_present(fields, "Status"))


_Reader = Callable[[_Head, Mapping[str, str]], Push]
_MESSAGES: Mapping[str, _Reader] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
    "file": _file,
}
_EVENTS: Mapping[str, _Reader] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "scan": _scan,
    "click": _click,
    "view": _view,
    "location": _whereabouts,
    "templatesendjobfinish": _template_sent,
}


def _present(fields: Mapping[str, str], name: str) -> str:
    if name not in fields:
        raise Refused(400, f"{name} is missing")
    return fields[name]


def _like(pattern: re.Pattern[str], fields: Mapping[str, str], name: str) -> str:
    value = _present(fields, name)
    if not pattern.fullmatch(value):
        raise Refused(400, f"{name} is malformed")
    return value


def _whole(fields: Mapping[str, str], name: str) -> int:
    return int(_like(_WHOLE, fields, name))


def _degrees(fields: Mapping[str, str], name: str, most: int) -> float:
    value = float(_like(_DECIMAL, fields, name))
    if abs(value) > most:
        raise Refused(400, f"{name} is out of range")
    return value


def _message_id(fields: Mapping[str, str]) -> str:
    # The vendor's page on voice, and its template event, spell it MsgID.
    return _like(_MESSAGE_ID, fields, "MsgId" if fields.get("MsgId") else "MsgID")
