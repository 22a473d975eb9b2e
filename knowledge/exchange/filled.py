"""The form of a document as far as somebody has filled it in, as the content of a draft: nothing of it is left out."""

from __future__ import annotations

from collections.abc import Mapping

from knowledge.article import ASPECTS
from knowledge.day import day_of
from knowledge.drafts import Content
from knowledge.exchange.columns import SOURCE_PARTS, lines, parts_of

_PLAIN = ("title", "category", "audience", "department", "valid_from", "valid_until", "checked_on")


def content_of(fields: Mapping[str, str]) -> Content:
    """What stands in the fields (of `columns.COLUMNS`, and texts all), complete or not, right or wrong."""
    return {
        "key": fields["key"].strip(),
        **{name: fields[name].strip() for name in _PLAIN},
        "aliases": lines(fields["aliases"]),
        "questions": lines(fields["questions"]),
        "sources": [_source(line) for line in fields["sources"].splitlines() if line.strip()],
        "sections": {aspect: text for aspect in ASPECTS if (text := fields[aspect].strip())},
    }


def _source(line: str) -> dict[str, str]:
    """Its parts; a line that has others, or a date that no field for dates shows, stands in the title as it was written."""
    parts = [part.strip() for part in parts_of(line)]
    if len(parts) != len(SOURCE_PARTS) or day_of(parts[-1]) is None:
        parts = ["", line.strip(), "", "", ""]
    return dict(zip(SOURCE_PARTS, parts, strict=True))
