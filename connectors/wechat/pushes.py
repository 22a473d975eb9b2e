"""The values that WeChat's pushes become: messages of people, and events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What every push has.

    `sender`: the person's OpenID; `account`: the account's own id (`gh_…`); `created`: seconds since 1970; `key`: the
    same for every attempt of one push and for no other: the MsgId, for an event sender, second, event and its key.
    """

    sender: str
    account: str
    created: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Push):
    """Something written. `menu_id`: the item where it was a tap on a menu sent in a message (`0` on some accounts)."""

    content: str
    menu_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Push):
    """A picture. It is fetched by its `media_id`, never from `picture_url`."""

    media_id: str
    picture_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice(Push):
    """Something said. `recognition`: what WeChat made of it; empty where it makes nothing (any more)."""

    media_id: str
    format: str
    recognition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Video(Push):
    """A video, or a `short` one taken in the chat."""

    media_id: str
    thumb_media_id: str
    short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(Push):
    """A place that was sent. Degrees (GCJ-02)."""

    latitude: float
    longitude: float
    scale: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Push):
    """An article that was passed on."""

    title: str
    description: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Push):
    """A file: WeChat tells its name and size in bytes (None: not told), and no id by which it could be fetched."""

    title: str
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownMessage(Push):
    """A message of a kind that is not known here."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribe(Push):
    """Somebody follows. `scene`: of the QR code that led here, or None."""

    scene: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe(Push):
    """Somebody follows no more. WeChat demands that all data of the person be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan(Push):
    """A follower scanned a QR code."""

    scene: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Click(Push):
    """A tap on an item of the account's menu."""

    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Push):
    """A tap on a link of the account's menu."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts(Push):
    """Where the person is, told unasked and up to every 5 seconds. Degrees; `precision` in metres."""

    latitude: float
    longitude: float
    precision: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSent(Push):
    """What became of a template message. `job`: the id that sending it returned; `status`: `success` or `failed:…`."""

    job: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Push):
    """An event that is not known here, its name in small letters."""

    event: str
