"""An update of the Bot API, decoded: whatever comes, this gives a value or nothing, and never an exception.

The raw JSON is read, not python-telegram-bot's classes: those raise on an update that lacks a field, and an update that
cannot be read would then come again and again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from connectors.telegram.buttons import parse
from connectors.telegram.contents import COMMAND, attached, person_name, shown, written
from connectors.telegram.fields import Json, integer, object_of, text_of, timestamp
from connectors.telegram.incoming import Incoming

# `setWebhook` keeps the former list where none is given, so it is always given.
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
_GROUPS = ("group", "supergroup", "channel")


def read_update(update: object, *, bot: str, received: datetime) -> Incoming | None:
    """What the update says; None where it is nothing for us.

    `bot`: our username without "@", which tells whether a group means us; `received`: stands in for a missing date.
    """
    body = object_of(update)
    update_id = integer(body.get("update_id"))
    if update_id is None:
        return None
    if query := object_of(body.get("callback_query")):
        return _pressed(update_id, query, received)
    if message := object_of(body.get("message")):
        return _said(update_id, message, bot, received)
    if message := object_of(body.get("edited_message")):
        return _edited(update_id, message, received)
    if change := object_of(body.get("my_chat_member")):
        return _membership(update_id, change, received)
    return None


def update_id_of(update: object) -> int | None:
    """The id of an update that is formed like one; None: not an update at all."""
    return integer(object_of(update).get("update_id"))


def _pressed(update_id: int, query: Json, received: datetime) -> Incoming | None:
    person, message = object_of(query.get("from")), object_of(query.get("message"))
    chat = object_of(message.get("chat"))
    # An old message may be missing; in a private chat the person's id is the chat's.
    found = integer(chat.get("id")) or integer(person.get("id"))
    if not found:
        return None
    return Incoming(
        update_id,
        "group" if chat.get("type") in _GROUPS else "option",
        str(found),
        received,
        message_id=integer(message.get("message_id")),
        option=parse(text_of(query.get("data"))),
        callback=text_of(query.get("id")),
        name=person_name(person),
        language=text_of(person.get("language_code"))[:35],
    )


def _said(update_id: int, message: Json, bot: str, received: datetime) -> Incoming | None:
    envelope = _envelope(update_id, message, message.get("date"), received)
    if envelope is None:
        return None
    kind = object_of(message.get("chat")).get("type")
    if kind in _GROUPS:
        return replace(envelope, kind="group") if _addressed(message, bot) else None
    if kind != "private" or object_of(message.get("from")).get("is_bot") is True:
        return None
    return written(envelope, message) or attached(envelope, message) or shown(envelope, message)


def _edited(update_id: int, message: Json, received: datetime) -> Incoming | None:
    """Only changed words count: the position of someone on the move is "edited" every few seconds."""
    if object_of(message.get("chat")).get("type") != "private":
        return None
    text = text_of(message.get("text")) or text_of(message.get("caption"))
    envelope = _envelope(update_id, message, message.get("edit_date"), received)
    return replace(envelope, kind="edited", text=text) if envelope and text else None


def _membership(update_id: int, change: Json, received: datetime) -> Incoming | None:
    if object_of(change.get("chat")).get("type") != "private":
        return None
    envelope = _envelope(update_id, change, change.get("date"), received)
    status = object_of(change.get("new_chat_member")).get("status")
    if envelope and status == "kicked":
        return replace(envelope, kind="blocked")
    return replace(envelope, kind="unblocked") if envelope and status == "member" else None


def _envelope(update_id: int, message: Json, date: object, received: datetime) -> Incoming | None:
    chat = integer(object_of(message.get("chat")).get("id"))
    if not chat:
        return None
    person = object_of(message.get("from"))
    return Incoming(
        update_id,
        "other",
        str(chat),
        timestamp(date, received),
        message_id=integer(message.get("message_id")),
        name=person_name(person),
        language=text_of(person.get("language_code"))[:35],
    )


def _addressed(message: Json, bot: str) -> bool:
    """Whether a message in a group means us: a command, our name, or a reply to what we said."""
    text = text_of(message.get("text")) or text_of(message.get("caption"))
    found = COMMAND.fullmatch(text)
    if found:
        return not found[2] or found[2].lower() == bot.lower()
    if not bot:
        return False
    answered = object_of(object_of(message.get("reply_to_message")).get("from"))
    if text_of(answered.get("username")).lower() == bot.lower():
        return True
    return re.search(rf"(?<![A-Za-z0-9_])@{re.escape(bot)}(?![A-Za-z0-9_])", text, re.IGNORECASE) is not None
