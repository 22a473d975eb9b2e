"""The rules of a WeChat account as its API keeps them, without HTTP: tokens, both quotas, typing, menu, templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_TOKEN_LIFE = timedelta(seconds=7200)
_OVERLAP = timedelta(minutes=5)
_FORCED_GAP = timedelta(seconds=30)
_FORCED_A_DAY = 20
_TEXT_MOST_BYTES = 2048
_MENU_MOST_BYTES = 1024  # of its sister interface for enterprises; WeChat tells none
_TYPING_WITHIN = timedelta(seconds=30)
_TYPING_LASTS = timedelta(seconds=15)
_MEDIA_LIFE = timedelta(days=3)
_MSG_TYPES = {"text", "image", "voice", "video", "music", "news", "msgmenu", "miniprogrampage"}

_FIELD_KINDS = {
    "character_string": "[ -~]{1,32}",
    "phrase": "[\u4e00-\u9fff]{1,5}",
    "thing": "(?s).{1,20}",
    "time": "[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日( [0-9]{2}:[0-9]{2})?",
}

MESSAGES = {
    -1: "system error", 40001: "invalid credential, access_token is invalid or not latest", 40002: "invalid grant_type",
    40003: "invalid openid", 40007: "invalid media_id", 40008: "invalid message type", 40013: "invalid appid",
    40014: "invalid access_token", 40016: "invalid button size", 40018: "invalid button name size",
    40019: "invalid button key size", 40023: "invalid sub button size", 40025: "invalid sub button name size",
    40026: "invalid sub button key size", 40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40037: "invalid template_id", 40125: "invalid appsecret", 40164: "invalid ip 203.0.113.7, not in whitelist",
    40200: "invalid account type", 41001: "access_token missing", 42001: "access_token expired",
    43002: "require POST method", 43004: "require subscribe", 43019: "require remove blacklist", 44004: "empty content",
    45002: "content size out of limit", 45008: "article size out of limit", 45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled", 45047: "out of response count limit",
    45072: "invalid command", 45080: "have not recieve user msg in 30s", 45081: "typing already", 46003: "menu no exist",
    47001: "data format error", 47003: "argument invalid! data value invalid", 48001: "api unauthorized", 76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission", 89503: "this ip need confirm, please remind admin to confirm",
}  # fmt: skip


class Refusal(Exception):
    """An answer with this errcode."""

    def __init__(self, code: int) -> None:
        super().__init__(MESSAGES[code])
        self.code = code


@dataclass(frozen=True)
class Kind:
    """What a kind of account may do, by the vendor's table of interface privileges."""

    custom: bool = True
    msgmenu: bool = True
    template: bool = True
    menu: bool = True


VERIFIED_SERVICE = Kind()
VERIFIED_SUBSCRIPTION = Kind(msgmenu=False, template=False)
UNVERIFIED_SERVICE = Kind(custom=False, msgmenu=False, template=False)
UNVERIFIED_SUBSCRIPTION = Kind(custom=False, msgmenu=False, template=False, menu=False)
TEST_ACCOUNT = Kind(msgmenu=False)


@dataclass
class Window:
    """So many messages may go to a person until then."""

    left: int
    until: datetime


@dataclass
class Person:
    """A follower: one window for messages, one for taps, follows and scans; what has been delivered to them."""

    following: bool = True
    blocked: bool = False
    windows: dict[str, Window] = field(default_factory=dict)
    acted_at: datetime | None = None
    typing_until: datetime | None = None
    received: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class IssuedToken:
    """A token of one of the two isolated interfaces."""

    value: str
    until: datetime


@dataclass
class Account:
    """One account. The clock is handed in; every rule takes its time from there."""

    clock: Callable[[], datetime]
    kind: Kind = VERIFIED_SERVICE
    app_id: str = "wx0123456789abcdef"
    secret: str = "0123456789abcdef0123456789abcdef"
    address_allowed: bool = True
    templates: set[str] = field(default_factory=set)
    people: dict[str, Person] = field(default_factory=dict)
    media: dict[str, tuple[str, bytes, datetime]] = field(default_factory=dict)
    menu: dict[str, Any] | None = None
    notices: list[dict[str, Any]] = field(default_factory=list)
    _issued: dict[str, list[IssuedToken]] = field(default_factory=lambda: {"token": [], "stable": []})
    _forced: list[datetime] = field(default_factory=list)
    _number: int = 0

    # What people do: the tests' side.

    def writes(self, openid: str) -> None:
        """A person sends a message: 5 in 48 hours."""
        self._opens(openid, "message", 5, timedelta(hours=48))

    def taps(self, openid: str) -> None:
        """A tap on the custom menu or on a menu message, a follow or a scan: 3 in a minute."""
        self._opens(openid, "tap", 3, timedelta(minutes=1))

    def leaves(self, openid: str) -> None:
        """A person unfollows."""
        self.people[openid] = Person(following=False)

    def stores(self, media_id: str, content_type: str, content: bytes) -> None:
        """A person has sent an image, voice or video."""
        self.media[media_id] = (content_type, content, self.clock())

    def expire_tokens(self) -> None:
        """Every token is over, whatever was said when it was handed out."""
        for issued in (token for tokens in self._issued.values() for token in tokens):
            issued.until = self.clock()

    # What the interfaces do: each returns the answer's fields or raises `Refusal`.

    def token(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """/cgi-bin/token: a new one each time; the one before lives for 5 minutes more."""
        self._owner(query)
        for issued in self._issued["token"]:
            issued.until = min(issued.until, self.clock() + _OVERLAP)
        return self._told(self._issue("token"))

    def stable_token(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """/cgi-bin/stable_token: the same one until 5 minutes before its end, unless forced."""
        self._owner(body)
        current = self._issued["stable"][-1] if self._issued["stable"] else None
        if body.get("force_refresh") is True and self._may_force():
            for issued in self._issued["stable"]:
                issued.until = self.clock()
            return self._told(self._issue("stable"))
        if current is None or current.until - self.clock() < _OVERLAP:
            current = self._issue("stable")
        return self._told(current)

    def check_token(self, value: str) -> None:
        """What every other interface does first."""
        if not value:
            raise Refusal(41001)
        found = [token for tokens in self._issued.values() for token in tokens if token.value == value]
        if not found:
            raise Refusal(40001)
        if found[0].until <= self.clock():
            raise Refusal(42001)

    def custom_send(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """/cgi-bin/message/custom/send."""
        self._needs(self.kind.custom)
        kind, content = body.get("msgtype"), body.get(str(body.get("msgtype")))
        if kind not in _MSG_TYPES or not isinstance(content, dict):
            raise Refusal(40008)
        person = self._follower(body, stranger=40003)
        self._check_content(kind, content)
        self._window(person).left -= 1
        person.typing_until = None
        person.received.append(dict(body))
        return {}

    def typing(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """/cgi-bin/message/custom/typing."""
        self._needs(self.kind.custom)
        if body.get("command") not in ("Typing", "CancelTyping"):
            raise Refusal(45072)
        person, now = self._follower(body, stranger=40003), self.clock()
        if person.acted_at is None or now - person.acted_at > _TYPING_WITHIN:
            raise Refusal(45080)
        begins = body["command"] == "Typing"
        if begins and person.typing_until is not None and now < person.typing_until:
            raise Refusal(45081)
        person.typing_until = now + _TYPING_LASTS if begins else None
        return {}

    def template_send(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """/cgi-bin/message/template/send: one `client_msg_id` is delivered once."""
        self._needs(self.kind.template)
        self._follower(body, stranger=43004)
        if body.get("template_id") not in self.templates:
            raise Refusal(40037)
        if not all(_fills(name, field) for name, field in body.get("data", {}).items()):
            raise Refusal(47003)
        for number, notice in enumerate(self.notices):
            if notice["touser"] == body["touser"] and notice.get("client_msg_id", "") == body.get(
                "client_msg_id"
            ):
                return {"msgid": 1000 + number}
        self.notices.append(dict(body))
        return {"msgid": 999 + len(self.notices)}

    def media_get(self, media_id: str) -> tuple[str, bytes]:
        """/cgi-bin/media/get: content type and content."""
        content_type, content, at = self.media.get(media_id) or ("", b"", datetime.min)
        if not content_type or self.clock() - at > _MEDIA_LIFE:
            raise Refusal(40007)
        return content_type, content

    def menu_create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """/cgi-bin/menu/create with its limits."""
        self._needs(self.kind.menu)
        buttons = body.get("button")
        if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
            raise Refusal(40016)
        for button in buttons:
            subs = button.get("sub_button") or []
            _check_button(button, 16, 40018, 40019, leaf=not subs)
            if len(subs) > 5:
                raise Refusal(40023)
            for sub in subs:
                _check_button(sub, 60, 40025, 40026, leaf=True)
        self.menu = {"button": [{"sub_button": [], **button} for button in buttons]}
        return {}

    def menu_get(self) -> dict[str, Any]:
        """/cgi-bin/menu/get."""
        self._needs(self.kind.menu)
        if self.menu is None:
            raise Refusal(46003)
        return {"menu": self.menu}

    def menu_delete(self) -> dict[str, Any]:
        """/cgi-bin/menu/delete."""
        self._needs(self.kind.menu)
        self.menu = None
        return {}

    def quota_get(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """/cgi-bin/openapi/quota/get."""
        known = {
            "/cgi-bin/message/custom/send": self.kind.custom,
            "/cgi-bin/message/template/send": self.kind.template,
            "/cgi-bin/menu/create": self.kind.menu,
        }
        path = str(body.get("cgi_path"))
        if path not in known:
            raise Refusal(76021)
        if not known[path]:
            raise Refusal(76022)
        return {"quota": {"daily_limit": 100000, "used": 0, "remain": 100000}}

    def _opens(self, openid: str, kind: str, most: int, lasts: timedelta) -> None:
        person = self.people.setdefault(openid, Person())
        person.following, person.acted_at = True, self.clock()
        person.windows[kind] = Window(most, self.clock() + lasts)

    def _owner(self, fields: Mapping[str, Any]) -> None:
        if fields.get("grant_type") != "client_credential":
            raise Refusal(40002)
        if fields.get("appid") != self.app_id:
            raise Refusal(40013)
        if fields.get("secret") != self.secret:
            raise Refusal(40125)
        if not self.address_allowed:
            raise Refusal(40164)

    def _issue(self, interface: str) -> IssuedToken:
        self._number += 1
        # As long as the vendor says that one may be.
        issued = IssuedToken(f"{self._number}_{interface}_".ljust(512, "A"), self.clock() + _TOKEN_LIFE)
        self._issued[interface].append(issued)
        return issued

    def _told(self, issued: IssuedToken) -> dict[str, Any]:
        return {
            "access_token": issued.value,
            "expires_in": int((issued.until - self.clock()).total_seconds()),
        }

    def _may_force(self) -> bool:
        now = self.clock()
        if self._forced and now - self._forced[-1] < _FORCED_GAP:
            return False
        if sum(now - at < timedelta(days=1) for at in self._forced) >= _FORCED_A_DAY:
            raise Refusal(45009)
        self._forced.append(now)
        return True

    def _needs(self, allowed: bool) -> None:
        if not allowed:
            raise Refusal(48001)

    def _follower(self, body: Mapping[str, Any], *, stranger: int) -> Person:
        person = self.people.get(str(body.get("touser")))
        if person is None:
            raise Refusal(stranger)
        if not person.following:
            raise Refusal(43004)
        if person.blocked:
            raise Refusal(43019)
        return person

    def _check_content(self, kind: str, content: Mapping[str, Any]) -> None:
        if kind == "text" and not content.get("content"):
            raise Refusal(44004)
        if kind == "text" and len(str(content["content"]).encode()) > _TEXT_MOST_BYTES:
            raise Refusal(45002)
        if kind == "msgmenu" and not self.kind.msgmenu:
            raise Refusal(40200)
        if kind == "msgmenu" and len(str(content.get("head_content", "")).encode()) > _MENU_MOST_BYTES:
            raise Refusal(45002)
        if kind == "news" and len(content.get("articles", [])) > 1:
            raise Refusal(45008)
        if kind in ("image", "voice", "video") and content.get("media_id") not in self.media:
            raise Refusal(40007)

    def _window(self, person: Person) -> Window:
        open_ones = [window for window in person.windows.values() if window.until > self.clock()]
        if not open_ones:
            raise Refusal(45015)
        for window in sorted(open_ones, key=lambda window: window.until):
            if window.left > 0:
                return window
        raise Refusal(45047)


def _fills(name: str, field: Any) -> bool:
    """Whether a value is what the kind of its field takes, which the field's name begins with."""
    pattern = _FIELD_KINDS.get(name.rstrip("0123456789"), r"(?s).+")
    return isinstance(field, dict) and bool(re.fullmatch(pattern, str(field.get("value", ""))))


def _check_button(
    button: Mapping[str, Any], name_bytes: int, name_code: int, key_code: int, *, leaf: bool
) -> None:
    if not 1 <= len(str(button.get("name", "")).encode()) <= name_bytes:
        raise Refusal(name_code)
    if leaf and button.get("type") == "click" and not 1 <= len(str(button.get("key", "")).encode()) <= 128:
        raise Refusal(key_code)
