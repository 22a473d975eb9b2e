"""What a message to the bot holds: words, a command, a file, or something that we can only name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from connectors.telegram.commands import NAMES
from connectors.telegram.fields import Json, integer, object_of, text_of
from connectors.telegram.incoming import File, Incoming, Kind

DOWNLOAD_BYTES = 20 * 1024 * 1024  # getFile gives no more (Bot API, "getFile")
COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)
NAME_LETTERS = 200
_START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PAYLOAD_LETTERS = 200
# The first that a message holds decides: an animation comes with a document, a venue with a location.
_CONTENTS: tuple[tuple[str, Kind], ...] = (
    ("voice", "voice"),
    ("audio", "voice"),
    ("video", "video"),
    ("video_note", "video"),
    ("animation", "video"),
    ("sticker", "sticker"),
    ("dice", "sticker"),
    ("venue", "location"),
    ("location", "location"),
    ("contact", "contact"),
    ("poll", "other"),
    ("story", "other"),
    ("game", "other"),
    ("paid_media", "other"),
    ("checklist", "other"),
)


def written(envelope: Incoming, message: Json) -> Incoming | None:
    """A text or a command."""
    text = text_of(message.get("text"))
    if not text:
        return None
    found = COMMAND.fullmatch(text)
    if found is None:
        return replace(envelope, kind="text", text=text)
    command, payload = found[1].lower(), (found[3] or "").strip()[:_PAYLOAD_LETTERS]
    if command == "start" and not _START_PAYLOAD.fullmatch(payload):
        payload = ""
    kind: Kind = "command" if command in NAMES else "unknown_command"
    return replace(envelope, kind=kind, text=text, command=command, payload=payload)


def attached(envelope: Incoming, message: Json) -> Incoming | None:
    """A photo, in its largest size, or a document."""
    photos = message.get("photo")
    found = _largest(photos) if isinstance(photos, list) else None
    kind: Kind = "photo"
    if found is None and "animation" not in message:
        found, kind = _file(object_of(message.get("document"))), "document"
    if found is None:
        return None
    if found.size is not None and found.size > DOWNLOAD_BYTES:
        kind = "too_large"
    caption, album = text_of(message.get("caption")), text_of(message.get("media_group_id"))
    return replace(envelope, kind=kind, text=caption, file=found, album=album)


def shown(envelope: Incoming, message: Json) -> Incoming | None:
    """What the bot does not understand, so that it can say so."""
    for field, kind in _CONTENTS:
        content = object_of(message.get(field))
        if content:
            return replace(envelope, kind=kind, text=text_of(message.get("caption")) or _words(content, kind))
    return None


def _words(content: Json, kind: Kind) -> str:
    if kind == "contact":
        return text_of(content.get("phone_number"))
    if kind == "location":
        return " ".join(filter(None, (text_of(content.get("title")), text_of(content.get("address")))))
    return ""


def _largest(photos: list[Any]) -> File | None:
    sizes = [object_of(photo) for photo in photos]
    sizes = [size for size in sizes if _file(size)]
    if not sizes:
        return None
    best = max(sizes, key=lambda size: (integer(size.get("width")) or 0) * (integer(size.get("height")) or 0))
    return replace(_file(best) or File(""), mime="image/jpeg")


def _file(value: Json) -> File | None:
    id = text_of(value.get("file_id"))
    if not id:
        return None
    name = re.split(r"[/\\]", text_of(value.get("file_name")))[-1]
    name = "".join(letter for letter in name if letter.isprintable())
    size = integer(value.get("file_size"))
    return File(
        id,
        size if size is not None and size >= 0 else None,
        name[-NAME_LETTERS:],
        text_of(value.get("mime_type"))[:100],
    )


def person_name(person: Json) -> str:
    """How a person calls themselves; may be empty."""
    names = (text_of(person.get("first_name")), text_of(person.get("last_name")))
    return " ".join(filter(None, names))[:NAME_LETTERS] or text_of(person.get("username"))[:NAME_LETTERS]
