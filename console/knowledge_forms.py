"""The editor's form: what was filled in as the content of an article, and an article as what is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData

from knowledge.article import ASPECTS
from knowledge.drafts import CHANNELS, Content, tidy
from knowledge.errors import CardRefused
from store.clock import CITY_ZONE

PATH = "/console/knowledge/"
BODY_BYTES = 1_000_000
_PLAIN = ("title", "category", "audience", "department", "valid_from", "valid_until", "checked_on")
_SOURCE = ("id", "title", "issuer", "number", "date", "link")


def content_of(form: FormData, key: str) -> Content:
    """The draft that was filled in; whatever is missing is empty."""
    given: dict[str, Any] = {name: _text(form, name) for name in _PLAIN}
    given["aliases"] = _text(form, "aliases").splitlines()
    given["questions"] = _text(form, "questions").splitlines()
    given["departments"] = _texts(form, "departments")
    given["sources"] = _table(form, "source", _SOURCE)
    given["downloads"] = _table(form, "download", ("title", "link"))
    given["sections"] = {aspect: _text(form, f"section-{aspect}") for aspect in ASPECTS}
    given["variants"] = {
        channel: {aspect: _text(form, f"variant-{channel}-{aspect}") for aspect in ASPECTS}
        for channel in CHANNELS
    }
    return tidy(given, key)


def base_of(form: FormData) -> int:
    """The revision that the page was made from."""
    return whole_number(_text(form, "base")) or 0


def whole_number(text: str) -> int | None:
    """A number as ids and revisions have it; None for everything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def word(form: FormData, name: str) -> str:
    """A field of one line."""
    return _text(form, name).strip()


def moment_of(text: str) -> datetime | None:
    """A moment of the city as browsers write it (2026-11-30T09:00); None for nothing. Raises `CardRefused`."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=CITY_ZONE) if moment.tzinfo is None else moment
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CardRefused("定时发布的时间请写成 2026-11-30 09:00 的样子。") from None
    return moment


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str)]


def _table(form: FormData, prefix: str, names: Sequence[str]) -> list[dict[str, str]]:
    columns = {name: _texts(form, f"{prefix}-{name}") for name in names}
    length = max(map(len, columns.values()))
    return [
        {name: values[row] if row < len(values) else "" for name, values in columns.items()}
        for row in range(length)
    ]
