"""What passes between the channels, the dialogue and the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

WEB = "web"  # the page reads the rows itself: nothing is sent, nothing held
CHANNEL_NAMES: Mapping[str, str] = {"web": "网页", "wechat": "微信", "telegram": "Telegram"}
Outcome = Literal["answered", "clarify", "unknown", "smalltalk", "form", "ticket", "handoff"]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as its channel tells of it. `source`: what it is fetched by; `size`: bytes, where told.

    `noun`: what people call it; `refused`: why the channel cannot give it, a sentence; `album`: files that were sent
    together share it.
    """

    source: str
    noun: Literal["图片", "文件"]
    name: str = ""
    size: int | None = None
    refused: str = ""
    album: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a channel brings, decoded. `external_id` is unique within the channel."""

    channel: str
    external_id: str
    sender: str
    text: str
    at: datetime
    file: SentFile | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """An offer under a reply: people press it or type its title; the dialogue gets `payload`."""

    title: str
    payload: str

    def as_json(self) -> dict[str, str]:
        """As Rasa and the message row hold it."""
        return {"title": self.title, "payload": self.payload}


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """What is answered without the dialogue. `firm`: also where staff hold the talk."""

    text: str
    buttons: tuple[Button, ...] = ()
    firm: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing the bot says, with what it tells the machine.

    `default`: the button that a bare "yes" means; `form`: the kind of ticket that is being filled in; `intake`: that form
    by the message that began it, also where it ends; `asks`: the field that is asked for; `rating`: that this is about;
    `intent`, `confidence`: what the dialogue model took a question for, and how sure it was.
    """

    text: str
    outcome: Outcome
    article: str | None = None
    aspect: str | None = None
    options: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    ticket: str | None = None
    default: str | None = None
    form: str | None = None
    intake: int | None = None
    asks: str | None = None
    rating: str | None = None
    intent: str | None = None
    confidence: float | None = None

    def detail(self) -> dict[str, Any]:
        """What the machine reads: kept beside the text, sent as Rasa's `custom`."""
        return {
            "outcome": self.outcome,
            "article": self.article,
            "aspect": self.aspect,
            "options": list(self.options),
            "ticket": self.ticket,
            "default": self.default,
            "form": self.form,
            "intake": self.intake,
            "asks": self.asks,
            "rating": self.rating,
            "intent": self.intent,
            "confidence": self.confidence,
        }


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing that the dialogue model uttered, as it came over the wire."""

    text: str
    buttons: tuple[Mapping[str, str], ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
