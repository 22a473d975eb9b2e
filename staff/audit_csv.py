"""The audit log as a table for Excel, in which no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from staff.audit import action_name, target_name
from staff.models import AuditEntry
from store.clock import CITY_ZONE

# Excel takes a file without it for the system's own encoding, and Chinese for rubbish.
BOM = "\ufeff"
_HEAD = ("编号", "时间", "账号", "地址", "操作", "对象", "详情")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def head() -> str:
    """The first line, with the mark that Excel needs."""
    return BOM + _lines([_HEAD])


def lines(entries: Iterable[AuditEntry]) -> str:
    """A line for each entry; times are the city's."""
    return _lines(
        (
            str(entry.id),
            f"{entry.at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M:%S}",
            entry.who,
            entry.address,
            action_name(entry.action),
            target_name(entry),
            "；".join(f"{name}：{value}" for name, value in entry.detail.items()),
        )
        for entry in entries
    )


def safe(cell: str) -> str:
    """The cell, as text even where Excel would compute it (OWASP, CSV Injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _lines(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()
