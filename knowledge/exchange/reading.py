"""From a record (a row of a table, a Markdown file, a filled-in form) to an article, or to all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from knowledge.article import ASPECT_NAMES, ASPECTS, Article, Aspect, Download, Source
from knowledge.catalogue import catalogue
from knowledge.drafts import CHANNELS, KEY, MOST_KEY, MOST_LINE, MOST_ROWS, MOST_SECTION
from knowledge.exchange.columns import (
    COLUMNS,
    DOWNLOAD_FORM,
    SOURCE_FORM,
    SOURCE_PARTS,
    VARIANT_FORM,
    barred_lines,
    lines,
    parts_of,
)
from knowledge.exchange.problems import Problem

MOST_TITLE = 200
# What the editor keeps: nothing may be cut off when it becomes a draft.
MOST_TEXT = MOST_LINE
MOST_ITEMS = MOST_ROWS
FIRST_YEAR, LAST_YEAR = 1900, 2999
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_KEY = 64
_CHANNELS = {name: key for key, name in CHANNELS.items()} | {key: key for key in CHANNELS}
_ASPECTS: dict[str, Aspect] = {ASPECT_NAMES[aspect]: aspect for aspect in ASPECTS} | {
    aspect: aspect for aspect in ASPECTS
}
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
# What no person types, no XML and no PostgreSQL holds; a tab and a line's end are no such thing.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_BREAK = re.compile("\r\n|[\r\u2028\u2029]")
_FORM = "写成 2026-01-31 这样。"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell that holds no text: `what` it is, `right` what to do."""

    what: str
    right: str


@dataclass(frozen=True, slots=True)
class Record:
    """Fields by the names of `COLUMNS`. Values are text, or lists and dates where the file has such; None is empty."""

    place: str
    fields: Mapping[str, Any]
    # Where something stands that has no field: (column, what is wrong).
    problems: tuple[Problem, ...] = ()


@dataclass
class _Look:
    """One look at a record: gathers what is wrong."""

    record: Record
    found: list[Problem] = field(default_factory=list)

    def wrong(self, name: str, wrong: str, right: str = "") -> None:
        self.found.append(Problem(self.record.place, COLUMNS.get(name, name), wrong, right))

    def plain(self, name: str, value: object) -> str:
        """Text without what cannot be kept."""
        if isinstance(value, Unreadable):
            self.wrong(name, value.what, value.right)
            return ""
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | date):
            self.wrong(name, "这里要写文字。")
            return ""
        text = _BREAK.sub("\n", str(value)).strip()
        if _UNREADABLE.search(text):
            self.wrong(name, "含有不能识别的字符。", "请删去重新输入。")
            return ""
        return text

    def text(self, name: str, *, most: int = MOST_TEXT, needed: bool = True) -> str:
        before = len(self.found)
        text = self.plain(name, self.record.fields.get(name))
        if needed and not text and len(self.found) == before:
            self.wrong(name, "没有填写。")
        if len(text) > most:
            self.wrong(name, f"有 {len(text)} 字，太长了。", f"最多 {most} 字。")
        return text

    def day(self, name: str, value: object, *, needed: bool = True) -> date | None:
        if isinstance(value, datetime):
            value = value.date()
        before = len(self.found)
        text = self.plain(name, value)
        if not text:
            if needed and len(self.found) == before:
                self.wrong(name, "没有填写日期。", _FORM)
            return None
        match = _DATE.fullmatch(text)
        try:
            found = date(int(match[1]), int(match[2]), int(match[3])) if match else None
        except ValueError:
            found = None
        if found is None:
            self.wrong(name, f"“{_short(text)}”不是日期。", _FORM)
        elif not FIRST_YEAR <= found.year <= LAST_YEAR:
            self.wrong(name, f"“{_short(text)}”不在 {FIRST_YEAR} 到 {LAST_YEAR} 年之间。", "请核对年份。")
            return None
        return found


def article_of(record: Record) -> tuple[Article | None, list[Problem]]:
    """The article, or None with all that is wrong."""
    look = _Look(record, list(record.problems))
    article = Article(
        key=_key(look),
        title=look.text("title", most=MOST_TITLE),
        category=_category(look),
        audience=look.text("audience", needed=False),
        department=look.text("department", needed=False),
        aliases=_texts(look, "aliases"),
        questions=_texts(look, "questions"),
        sources=_sources(look),
        valid_from=look.day("valid_from", record.fields.get("valid_from")) or date.min,
        valid_until=look.day("valid_until", record.fields.get("valid_until"), needed=False),
        checked_on=look.day("checked_on", record.fields.get("checked_on")) or date.min,
        sections=_sections(look),
        departments=_texts(look, "departments"),
        downloads=_downloads(look),
        variants=_variants(look),
    )
    if article.valid_until and article.valid_until < article.valid_from:
        look.wrong(
            "valid_until",
            f"{article.valid_until} 早于有效期起 {article.valid_from}。",
            "请核对两个日期；没有期限的留空。",
        )
    return (None if look.found else article), look.found


def articles_of(records: Sequence[Record]) -> tuple[list[tuple[str, Article]], list[Problem]]:
    """Every article with its place, and what is wrong anywhere; two of the same key are wrong as well."""
    found: list[tuple[str, Article]] = []
    problems: list[Problem] = []
    places: dict[str, str] = {}
    for record in records:
        article, wrong = article_of(record)
        problems += wrong
        if article is None:
            continue
        if first := places.get(article.key):
            problems.append(
                Problem(
                    record.place,
                    COLUMNS["key"],
                    f"“{article.key}”与{first}重复。",
                    "一个编号只能有一篇，请删去一处。",
                )
            )
        places.setdefault(article.key, record.place)
        found.append((record.place, article))
    return found, problems


def _key(look: _Look) -> str:
    key = look.text("key", most=MOST_TITLE)
    if key and (not KEY.fullmatch(key) or len(key) > MOST_KEY):
        look.wrong(
            "key",
            f"“{_short(key)}”不能作编号。",
            f"用小写字母开头的小写字母、数字和连字符，如 water-connection，最多 {MOST_KEY} 个。",
        )
    return key


def _category(look: _Look) -> str:
    given = look.text("category")
    known = catalogue().categories
    by_name = {name: key for key, name in known.items()}
    if given and given not in known and given not in by_name:
        look.wrong("category", f"没有“{_short(given)}”这个类别。", f"可以写：{'、'.join(known.values())}。")
    return by_name.get(given, given)


def _texts(look: _Look, name: str) -> tuple[str, ...]:
    value = look.record.fields.get(name)
    items = [look.plain(name, item) for item in value] if isinstance(value, list) else None
    if items is None:
        items = lines(look.plain(name, value))
    if len(items) > MOST_ITEMS:
        look.wrong(name, f"有 {len(items)} 条，太多了。", f"最多 {MOST_ITEMS} 条。")
    for item in items:
        if len(item) > MOST_TEXT:
            look.wrong(name, f"“{_short(item)}”太长了。", f"一条最多 {MOST_TEXT} 字，每条写一行。")
    return tuple(filter(None, items))


def _sources(look: _Look) -> tuple[Source, ...]:
    value = look.record.fields.get("sources")
    if isinstance(value, list):
        given = [(item, "") for item in value]
    else:
        given = [(line, line) for line in barred_lines(look.plain("sources", value))]
    if len(given) > MOST_ITEMS:
        look.wrong("sources", f"有 {len(given)} 件，太多了。")
        return ()
    found = [_source(look, item) for item, _ in given]
    seen: set[str] = set()
    for source in filter(None, found):
        if source.id in seen:
            look.wrong("sources", f"编号“{source.id}”用了两次。", "每份文件的编号要不同。")
        seen.add(source.id)
    return tuple(source for source in found if source)


def _source(look: _Look, item: object) -> Source | None:
    before = len(look.found)
    if isinstance(item, str):
        parts = parts_of(item)
        if len(parts) not in (len(SOURCE_PARTS), len(SOURCE_PARTS) + 1):
            look.wrong(
                "sources",
                f"“{_short(item)}”分成了 {len(parts)} 段。",
                f"每份文件一行，五段：{SOURCE_FORM}；没有文号的那一段留空，有网址的在最后再加一段。",
            )
            return None
        item = dict(zip((*SOURCE_PARTS, "link"), parts, strict=False))
    if not isinstance(item, dict) or set(item) - {"link"} != set(SOURCE_PARTS):
        look.wrong("sources", "依据文件的项目不对。", f"每份文件要有：{'、'.join(SOURCE_PARTS)}。")
        return None
    id, title, issuer, number, link = (
        look.plain("sources", item.get(name)) for name in ("id", "title", "issuer", "number", "link")
    )
    if not _KEY.fullmatch(id) or len(id) > _LONGEST_KEY:
        look.wrong("sources", f"“{_short(id)}”不能作文件的编号。", "用小写字母、数字和连字符，如 water。")
    for name, text in (("名称", title), ("发文机关", issuer), ("网址", link)):
        if not text and name != "网址":
            look.wrong("sources", f"“{_short(id)}”没有写{name}。")
        if len(text) > MOST_TEXT:
            look.wrong("sources", f"“{_short(id)}”的{name}太长了。", f"最多 {MOST_TEXT} 字。")
    day = look.day("sources", item["date"])
    if day is None or len(look.found) > before:
        return None
    return Source(id, title, issuer, number, day, link)


def _downloads(look: _Look) -> tuple[Download, ...]:
    found = []
    for item in _rows(look, "downloads", ("title", "link"), DOWNLOAD_FORM):
        title, link = (look.plain("downloads", item[name]) for name in ("title", "link"))
        if not title or not link or max(len(title), len(link)) > MOST_TEXT:
            look.wrong("downloads", f"“{_short(title or link)}”要有名称和网址。", f"各最多 {MOST_TEXT} 字。")
        found.append(Download(title, link))
    return tuple(found)


def _variants(look: _Look) -> dict[str, dict[Aspect, str]]:
    value = look.record.fields.get("variants")
    if isinstance(value, dict):  # of a Markdown file: channel -> aspect -> text
        rows = [
            (channel, aspect, text)
            for channel, texts in value.items()
            for aspect, text in (texts.items() if isinstance(texts, dict) else [("", "")])
        ]
    else:
        items = _rows(look, "variants", ("channel", "aspect", "text"), VARIANT_FORM)
        rows = [(item["channel"], item["aspect"], item["text"]) for item in items]
    found: dict[str, dict[Aspect, str]] = {}
    for row in rows:
        channel, aspect, text = (look.plain("variants", part) for part in row)
        where, what = _CHANNELS.get(channel), _ASPECTS.get(aspect)
        if where is None or what is None or not text:
            known = f"渠道可以写：{'、'.join(CHANNELS.values())}；方面写列名，如办理概述。"
            look.wrong("variants", f"看不懂“{_short(channel)}｜{_short(aspect)}”这一条。", known)
        elif what in found.get(where, {}):
            look.wrong("variants", f"“{_short(channel)}｜{_short(aspect)}”写了两次。", "请合成一条。")
        elif len(text) > MOST_SECTION:
            look.wrong("variants", f"有 {len(text)} 字，太长了。", f"最多 {MOST_SECTION} 字。")
        else:
            found.setdefault(where, {})[what] = text
    return found


def _rows(look: _Look, name: str, parts: Sequence[str], form: str) -> list[dict[str, Any]]:
    """What has several parts: mappings of a Markdown file, or the lines of a cell."""
    value = look.record.fields.get(name)
    given = value if isinstance(value, list) else barred_lines(look.plain(name, value))
    if len(given) > MOST_ITEMS:
        look.wrong(name, f"有 {len(given)} 条，太多了。", f"最多 {MOST_ITEMS} 条。")
        return []
    found = []
    for item in given:
        cut = dict(zip(parts, texts, strict=False)) if len(texts := _cut(item)) == len(parts) else item
        if isinstance(cut, dict) and set(cut) == set(parts):
            found.append(cut)
        else:
            look.wrong(name, f"“{_short(str(item))}”的写法不对。", f"一条一行：{form}。")
    return found


def _cut(item: object) -> list[str]:
    return parts_of(item) if isinstance(item, str) else []


def _sections(look: _Look) -> dict[Aspect, str]:
    sections: dict[Aspect, str] = {}
    for aspect in ASPECTS:
        text = look.plain(aspect, look.record.fields.get(aspect))
        if len(text) > MOST_SECTION:
            look.wrong(aspect, f"有 {len(text)} 字，太长了。", f"最多 {MOST_SECTION} 字。")
        if text:
            sections[aspect] = text
    if not sections and not look.found:
        look.wrong("overview", "八个方面一个也没有写。", "至少写办理概述。")
    return sections


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"
