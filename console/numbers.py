"""Ids of rows as they come in addresses and forms."""

from __future__ import annotations

# What the databases hold in an id's column (PostgreSQL: four bytes).
_GREATEST = 2**31 - 1


def row_id(text: str) -> int | None:
    """The id that a text is; None where it is none, or none that a row could have."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_GREATEST))):
        return None
    return number if (number := int(text)) <= _GREATEST else None
