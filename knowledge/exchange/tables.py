"""Rows of cells to records, whatever kind of table they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from knowledge.exchange.columns import COLUMNS, MORE_NAMES
from knowledge.exchange.problems import FileRefused, Problem
from knowledge.exchange.reading import Record

MOST_ROWS = 20_000
_TEMPLATE = "请先导出一份，在它上面修改。"


def records_of(rows: Iterable[Sequence[Any]]) -> list[Record]:
    """A record for each row below the head. Raises `FileRefused` where the columns are not ours."""
    fields: list[str] = []
    records: list[Record] = []
    for number, row in enumerate(rows, start=1):
        cells = [_bare(cell) for cell in row]
        if not any(cell is not None for cell in cells):
            continue
        if not fields:
            fields = _fields(cells)
            continue
        if len(records) >= MOST_ROWS:
            raise FileRefused(f"超过 {MOST_ROWS} 行，请分几个文件导入。")
        records.append(_record(f"第 {number} 行", fields, cells))
    if not fields:
        raise FileRefused(f"文件是空的。{_TEMPLATE}")
    if not records:
        raise FileRefused(f"只有表头，没有文章。{_TEMPLATE}")
    return records


def _bare(cell: Any) -> Any:
    return (cell.strip() or None) if isinstance(cell, str) else cell


def _fields(head: Sequence[Any]) -> list[str]:
    by_name = {name: field for field, name in COLUMNS.items()} | {field: field for field in COLUMNS}
    while head and head[-1] is None:
        head = head[:-1]
    names = [str(cell or "") for cell in head]
    known = [by_name.get(name, "") for name in names]
    if unknown := [name or "（空）" for name, field in zip(names, known, strict=True) if not field]:
        raise FileRefused(f"第一行有不认识的列：{_some(unknown)}。{_TEMPLATE}")
    if twice := [COLUMNS[field] for field in COLUMNS if known.count(field) > 1]:
        raise FileRefused(f"第一行有重复的列：{_some(twice)}。请删去一列。")
    if missing := [name for field, name in COLUMNS.items() if field not in known and field not in MORE_NAMES]:
        raise FileRefused(f"第一行缺少这些列：{_some(missing)}。{_TEMPLATE}")
    return known


def _record(place: str, fields: Sequence[str], cells: Sequence[Any]) -> Record:
    beyond = [cell for cell in cells[len(fields) :] if cell is not None]
    problems = (Problem(place, "", "在最后一列以后还有内容。", "请移到该在的列，或删去。"),) if beyond else ()
    return Record(place, dict(zip(fields, cells, strict=False)), problems)


def _some(names: Sequence[str]) -> str:
    shown = "、".join(name[:20] for name in names[:8])
    return shown + ("等" if len(names) > 8 else "")
