"""A day as drafts hold it: text that somebody typed, which may be none."""

from __future__ import annotations

from datetime import date


def day_of(text: object) -> date | None:
    """The day of `2026-01-31`; None for whatever else."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None
