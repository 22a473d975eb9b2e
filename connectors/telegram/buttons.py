"""Our buttons as an inline keyboard: short labels, and data that tells nothing and fits into 64 bytes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Columns: a Chinese character takes two, a Latin letter one. A phone shows about 32 of them in a row, and Telegram
# gives every button of a row the same width.
ROW_COLUMNS = 32
LABEL_COLUMNS = 40
ROW_KEYS = 4
KEYBOARD_KEYS = 100
DATA_BYTES = 64
_DATA = re.compile(r"o:([0-9]{1,19}):([0-9]{1,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Option:
    """Which button was pressed: the id of our message that offered it, and its place there, from 0."""

    message_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Key:
    """One button of a keyboard. `data` comes back when it is pressed."""

    label: str
    data: str


Rows = tuple[tuple[Key, ...], ...]


def keyboard(message_id: int, titles: Sequence[str]) -> Rows:
    """The rows of the keyboard under our message; several buttons in a row where they are short."""
    rows: list[list[Key]] = []
    widest = 0
    for number, title in enumerate(titles[:KEYBOARD_KEYS]):
        key = Key(label(title), data(Option(message_id, number)))
        width = columns(key.label)
        fits = rows and len(rows[-1]) < ROW_KEYS and (len(rows[-1]) + 1) * max(widest, width) <= ROW_COLUMNS
        if fits:
            rows[-1].append(key)
            widest = max(widest, width)
        else:
            rows.append([key])
            widest = width
    return tuple(tuple(row) for row in rows)


def data(option: Option) -> str:
    """The callback data of an option; at most 25 bytes of the 64 allowed."""
    return f"o:{option.message_id}:{option.number}"


def parse(data: str) -> Option | None:
    """The option that callback data stands for; None where it is none of ours."""
    found = _DATA.fullmatch(data)
    return Option(int(found[1]), int(found[2])) if found else None


def label(title: str) -> str:
    """A title on one line, cut where a phone would not show more of it. Telegram refuses an empty one."""
    title = " ".join(title.split()) or "…"
    if columns(title) <= LABEL_COLUMNS:
        return title
    taken, width = "", 1
    for letter in title:
        width += columns(letter)
        if width > LABEL_COLUMNS:
            break
        taken += letter
    return taken.rstrip() + "…"


def columns(text: str) -> int:
    """How wide a text is shown, in columns."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
