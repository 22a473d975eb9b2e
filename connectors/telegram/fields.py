"""Fields of JSON that may be missing or of any kind: what comes out can be used and stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

MOST_INTEGER = 2**63
Json = Mapping[str, Any]


def timestamp(date: object, received: datetime) -> datetime:
    """Unix seconds as a time; a date that is missing or still to come is the time of receipt."""
    seconds = integer(date)
    if seconds is None or not 0 < seconds < received.timestamp():
        return received
    return datetime.fromtimestamp(seconds, UTC)


def object_of(value: object) -> Json:
    """An object, empty where it is none."""
    return value if isinstance(value, dict) else {}


def integer(value: object) -> int | None:
    """An integer that a database holds."""
    if not isinstance(value, int) or isinstance(value, bool) or not -MOST_INTEGER <= value < MOST_INTEGER:
        return None
    return value


def text_of(value: object) -> str:
    """A text that can be stored: half a surrogate pair is no UTF-8, and PostgreSQL takes no NUL."""
    if not isinstance(value, str):
        return ""
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "").strip()
