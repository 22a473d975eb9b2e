"""A long text in parts that Telegram takes: 4096 UTF-16 code units, cut where a reader would pause."""

from __future__ import annotations

import re
import unicodedata

MOST_UNITS = 4096
# From the best place to cut to the least good. In a URL "?" and "." end nothing, so these count before a space only.
_PAUSES = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n\s*\n",
        r"\n",
        r"[。！？；…][”’」』）》]*|[.!?;](?=\s)",
        r"[，、：,:](?=\s)|[，、：]",
        r"\s",
    )
)
_LINK = re.compile(r"https?://[!-~]*")
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f", *(chr(code) for code in range(0x1F3FB, 0x1F400))}


def units(text: str) -> int:
    """Its length as Telegram counts: UTF-16 code units."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def split(text: str, most: int = MOST_UNITS) -> list[str]:
    """The parts, none blank, each of at most so many units (at least 2); together all that is written in the text."""
    parts = []
    rest = text.strip()
    while units(rest) > most:
        end = _cut(rest, _prefix(rest, most))
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [part for part in (*parts, rest) if part]


def _prefix(text: str, most: int) -> int:
    """How many letters fit."""
    taken = 0
    for place, letter in enumerate(text):
        taken += 2 if letter > "\uffff" else 1
        if taken > most:
            return place
    return len(text)


def _cut(text: str, longest: int) -> int:
    """Where to cut: the last pause of the best kind that leaves a part of some size."""
    for pause in _PAUSES:
        ends = [found.end() for found in pause.finditer(text, longest // 2, longest)]
        if ends:
            return ends[-1]
    for link in _LINK.finditer(text, 0, longest):
        if link.end() == longest and link.start() > 0:
            return link.start()
    return _between_letters(text, longest)


def _between_letters(text: str, longest: int) -> int:
    """The last place that does not tear an emoji or an accent off its letter."""
    for place in range(longest, max(longest - 32, 0), -1):
        torn = text[place] in _JOINERS or text[place - 1] == "\u200d" or unicodedata.combining(text[place])
        if not torn:
            return place
    return longest
