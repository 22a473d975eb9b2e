"""The columns of articles in a table, and how what has several parts stands in one cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from knowledge.article import ASPECT_NAMES, ASPECTS, Article, Source

# What the fields are called where people read of them.
FIELD_NAMES: Mapping[str, str] = {
    "key": "编号",
    "title": "名称",
    "category": "类别",
    "audience": "适用对象",
    "department": "办理单位",
    "aliases": "其他叫法",
    "questions": "相似问法",
    "sources": "依据文件",
    "valid_from": "有效期起",
    "valid_until": "有效期止",
    "checked_on": "核对日期",
}
_ASPECTS: dict[str, str] = dict(ASPECT_NAMES.items())
COLUMNS: Mapping[str, str] = {**FIELD_NAMES, **_ASPECTS}
SOURCE_PARTS = ("id", "title", "issuer", "number", "date")
SOURCE_FORM = "编号｜名称｜发文机关｜文号｜日期"
_BAR = "｜"
_ESCAPED = re.compile(r"\\([\\n｜])")


def cells_of(article: Article, categories: Mapping[str, str]) -> list[str]:
    """An article as a row; `reading.article_of` makes the same article of it."""
    cells: dict[str, str] = {
        "key": article.key,
        "title": article.title,
        "category": categories.get(article.category, article.category),
        "audience": article.audience,
        "department": article.department,
        "aliases": joined(article.aliases),
        "questions": joined(article.questions),
        "sources": "\n".join(_source_line(source) for source in article.sources),
        "valid_from": article.valid_from.isoformat(),
        "valid_until": article.valid_until.isoformat() if article.valid_until else "",
        "checked_on": article.checked_on.isoformat(),
    }
    cells.update((aspect, article.sections.get(aspect, "")) for aspect in ASPECTS)
    return [cells[column] for column in COLUMNS]


def joined(items: Iterable[str]) -> str:
    """Several texts as the lines of a cell."""
    return "\n".join(_escape(item) for item in items)


def lines(cell: str) -> list[str]:
    """The texts of such a cell; empty lines say nothing."""
    return [_unescape(line.strip()) for line in cell.split("\n") if line.strip()]


def source_parts(line: str) -> list[str]:
    """The parts of a source's line, as many as there are."""
    parts: list[str] = []
    part, place = "", 0
    while place < len(line):
        if line[place] == "\\" and place + 1 < len(line):
            part, place = part + line[place : place + 2], place + 2
        elif line[place] == _BAR:
            parts, part, place = [*parts, part], "", place + 1
        else:
            part, place = part + line[place], place + 1
    return [_unescape(found.strip()) for found in (*parts, part)]


def source_lines(cell: str) -> list[str]:
    """The lines of a cell of sources, not yet taken apart."""
    return [line.strip() for line in cell.split("\n") if line.strip()]


def _source_line(source: Source) -> str:
    parts = (source.id, source.title, source.issuer, source.number, source.date.isoformat())
    return _BAR.join(_escape(part).replace(_BAR, f"\\{_BAR}") for part in parts)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescape(text: str) -> str:
    # A backslash before anything else is one that a person typed.
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text)
