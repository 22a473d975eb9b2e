"""The columns of articles in a table, and how what has several parts stands in one cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from knowledge.article import ASPECT_NAMES, ASPECTS, Article, Source
from knowledge.drafts import CHANNELS

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
# May be left out: many articles have none of it.
MORE_NAMES: Mapping[str, str] = {"departments": "负责部门", "downloads": "下载", "variants": "各渠道说法"}
COLUMNS: Mapping[str, str] = {**FIELD_NAMES, **_ASPECTS, **MORE_NAMES}
SOURCE_PARTS = ("id", "title", "issuer", "number", "date")
SOURCE_FORM = "编号｜名称｜发文机关｜文号｜日期"
DOWNLOAD_FORM = "名称｜网址"
VARIANT_FORM = "渠道｜方面｜说法"
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
    cells["departments"] = joined(article.departments)
    cells["downloads"] = "\n".join(_barred((one.title, one.link)) for one in article.downloads)
    cells["variants"] = "\n".join(
        _barred((CHANNELS.get(channel, channel), _ASPECTS[aspect], texts[aspect]))
        for channel, texts in article.variants.items()
        for aspect in texts
    )
    cells.update((aspect, article.sections.get(aspect, "")) for aspect in ASPECTS)
    return [cells[column] for column in COLUMNS]


def joined(items: Iterable[str]) -> str:
    """Several texts as the lines of a cell."""
    return "\n".join(_escape(item) for item in items)


def lines(cell: str) -> list[str]:
    """The texts of such a cell; empty lines say nothing."""
    return [_unescape(line.strip()) for line in cell.split("\n") if line.strip()]


def parts_of(line: str) -> list[str]:
    """The parts of a line of sources, downloads or variants, as many as there are."""
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


def barred_lines(cell: str) -> list[str]:
    """The lines of such a cell, not yet taken apart."""
    return [line.strip() for line in cell.split("\n") if line.strip()]


def _source_line(source: Source) -> str:
    link = (source.link,) if source.link else ()
    return _barred((source.id, source.title, source.issuer, source.number, source.date.isoformat(), *link))


def _barred(parts: Iterable[str]) -> str:
    return _BAR.join(_escape(part).replace(_BAR, f"\\{_BAR}") for part in parts)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescape(text: str) -> str:
    # A backslash before anything else is one that a person typed.
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text)
