"""What an update brings, as values of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors.telegram.buttons import Option

CHANNEL = "telegram"
Kind = Literal[
    "text",
    "edited",
    "option",
    "photo",
    "document",
    "too_large",
    "voice",
    "video",
    "sticker",
    "location",
    "contact",
    "other",
    "command",
    "unknown_command",
    "group",
    "blocked",
    "unblocked",
]


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be fetched by its id. `size`: bytes, where told; `name` is the sender's, without folders."""

    id: str
    size: int | None = None
    name: str = ""
    mime: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update. `text` is also the caption of a file, the new text of an edited message, a contact's phone number,
    and the name of a place; `message_id` is the message that was written, edited, or under which a button was pressed.

    `option` is None where the button is none of ours any more; `callback` has to be answered in any case. `payload` is
    what follows a command, and not to be trusted. `album`: photos sent together share it.
    """

    update_id: int
    kind: Kind
    chat: str
    at: datetime
    text: str = ""
    message_id: int | None = None
    command: str = ""
    payload: str = ""
    option: Option | None = None
    callback: str = ""
    file: File | None = None
    album: str = ""
    name: str = ""
    language: str = ""

    @property
    def external_id(self) -> str:
        """The key of storing once: the update's id; for a group the group's, so that it gets the pointer only once."""
        return f"group:{self.chat}" if self.kind == "group" else str(self.update_id)
