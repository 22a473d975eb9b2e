"""Picking an option of the last reply by typing its number, its label or a plain yes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from desk.values import Button

_NUMERALS = {numeral: number for number, numeral in enumerate("一二三四五六七八九", start=1)}
_NUMBER = re.compile(
    r"(?:第|选|我选|选择)?\s*(?P<number>[1-9]|[一二三四五六七八九])\s*(?:个|项|号|条|、|\.)?(?:吧|的)?"
)
_YES = re.compile(
    r"(?:好的?|可以|行|确定|确认|要|需要|是的?|对|嗯+|ok|yes|就这个|就它)(?:吧|啊|呀|了)?", re.IGNORECASE
)


def pick(text: str, buttons: Sequence[Mapping[str, Any]], default: str | None) -> Button | None:
    """The button that a text picks among the last reply's, or None where it is something else."""
    said = _fold(text)
    if not said or len(said) > 40:
        return None
    if found := titled(text, buttons):
        return found
    if match := _NUMBER.fullmatch(said):
        number = _NUMERALS.get(match["number"]) or int(match["number"])
        return Button(**buttons[number - 1]) if number <= len(buttons) else None
    return Button(text.strip(), default) if default and _YES.fullmatch(said) else None


def titled(text: str, buttons: Sequence[Mapping[str, Any]]) -> Button | None:
    """The button whose title a text is."""
    said = _fold(text)
    return next((Button(b["title"], b["payload"]) for b in buttons if said == _fold(b["title"])), None)


def plain(text: str) -> str:
    """A text that the dialogue model reads as words, whatever it begins with: `/` would name an intent."""
    return text.lstrip("/ \t\n") or "?"


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    return folded.strip("。.!！?？，,【】[]“”\"' ")
