"""What is in the editor: an article that may be incomplete, made tidy, judged, and made whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from knowledge.article import ASPECT_NAMES, ASPECTS, CITATION, Article, followed
from knowledge.catalogue import catalogue
from knowledge.check import MAX_REPLY_BYTES, MAX_SECTION_BYTES, MAX_TITLE_LETTERS, MIN_QUESTIONS, unlisted
from knowledge.day import day_of
from knowledge.errors import ArticleInvalid
from knowledge.rows import from_content

Content = dict[str, Any]
KEY = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
MOST_KEY = 60
MOST_ROWS = 300
MOST_LINE = 300
MOST_SECTION = 8_000
CHANNELS: Mapping[str, str] = {"wechat": "微信", "telegram": "Telegram", "web": "网页"}
_LINES = ("title", "category", "audience", "department")
_DAYS = ("valid_from", "valid_until", "checked_on")
_SOURCE = ("id", "title", "issuer", "number", "date", "link")
_SOURCE_ID = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a draft, in Chinese. `stops`: it cannot be published like this."""

    field: str
    text: str
    stops: bool


def blank(key: str) -> Content:
    """A draft that nobody has written anything in."""
    return tidy({}, key)


def tidy(given: Mapping[str, Any], key: str) -> Content:
    """The draft that somebody filled in, in the form that cards keep: trimmed, empty rows left out, nothing too long."""
    content: Content = {"key": key, **{name: _line(given.get(name)) for name in _LINES}}
    content["aliases"] = _lines(given.get("aliases"))
    content["questions"] = _lines(given.get("questions"))
    content["sources"] = [
        {name: value for name, value in source.items() if value or name != "link"}
        for source in _rows(given.get("sources"), _SOURCE)
    ]
    for name in _DAYS:
        content[name] = _line(given.get(name)) or (None if name == "valid_until" else "")
    content["sections"] = _texts(given.get("sections"))
    more = {
        "departments": _lines(given.get("departments")),
        "downloads": _rows(given.get("downloads"), ("title", "link")),
        "variants": {
            channel: texts
            for channel in CHANNELS
            if (texts := _texts((given.get("variants") or {}).get(channel)))
        },
    }
    return content | {name: value for name, value in more.items() if value}


def whole(content: Mapping[str, Any]) -> Article:
    """The article. Raises `ArticleInvalid` where it cannot be one: a date is missing or none, or a field lacks."""
    try:
        return from_content(content)
    except (ValueError, TypeError, KeyError) as error:
        raise ArticleInvalid(str(content.get("key")), str(error)) from error


def as_if_whole(content: Mapping[str, Any], today: date) -> Article:
    """The article as far as it goes, to be looked at and tried: missing dates are today's, what cannot be read is left out."""
    given = {**content}
    for name in ("valid_from", "checked_on"):
        given[name] = given[name] if _is_day(given[name]) else today.isoformat()
    given["valid_until"] = given["valid_until"] if _is_day(given["valid_until"]) else None
    given["sources"] = [source for source in given["sources"] if _is_day(source.get("date"))]
    given["sections"] = dict(given["sections"]) or {"overview": ""}
    given["sections"].setdefault("overview", "")
    given["title"] = given["title"] or "（还没有标题）"
    return whole(given)


def problems(content: Mapping[str, Any], today: date) -> list[Problem]:
    """What has to be mended, and what should be looked at."""
    found = dict.fromkeys((*_front(content, today), *_sources(content, today), *_sections(content)))
    return sorted(found, key=lambda problem: not problem.stops)


def _front(content: Mapping[str, Any], today: date) -> Iterator[Problem]:
    if not content["title"]:
        yield Problem("title", "请填写标题。", True)
    elif len(content["title"]) > MAX_TITLE_LETTERS:
        yield Problem(
            "title",
            f"标题有 {len(content['title'])} 个字，聊天里的按钮放不下，请不超过 {MAX_TITLE_LETTERS} 个字。",
            True,
        )
    if content["category"] not in catalogue().categories:
        yield Problem("category", "请选择类别。", True)
    for name, label in (("audience", "适用对象"), ("department", "主管部门")):
        if not content[name]:
            yield Problem(name, f"请填写{label}。", True)
    for name, label in (("valid_from", "生效日期"), ("checked_on", "核对日期")):
        if not _is_day(content[name]):
            yield Problem(name, f"请填写{label}，例如 2026-01-31。", True)
    if content["valid_until"] and not _is_day(content["valid_until"]):
        yield Problem("valid_until", "失效日期请写成 2026-01-31 的样子，或者留空。", True)
    yield from _days(content, today)
    if len(content["questions"]) < MIN_QUESTIONS:
        yield Problem(
            "questions",
            f"相似问法只有 {len(content['questions'])} 条，建议至少 {MIN_QUESTIONS} 条，答得更准。",
            False,
        )


def _days(content: Mapping[str, Any], today: date) -> Iterator[Problem]:
    start, end, checked = (day_of(content[name]) for name in _DAYS)
    if start and end and end < start:
        yield Problem("valid_until", "失效日期早于生效日期。", True)
    if end and end < today:
        yield Problem("valid_until", "失效日期已经过去，发布以后不会用来答复。", True)
    if start and start > today:
        yield Problem("valid_from", f"生效日期还没有到，{start.isoformat()} 起才会用来答复。", False)
    if checked and checked > today:
        yield Problem("checked_on", "核对日期不能是将来的日期。", True)


def begins_late(content: Mapping[str, Any], live: Article | None, day: date) -> date | None:
    """The day on which a draft begins, where publishing it on `day` would silence a version that is in force then."""
    begins = day_of(content["valid_from"])
    return begins if live is not None and live.in_force(day) and begins and begins > day else None


def too_early(begins: date) -> str:
    """Why a version may not be published before the day on which it begins."""
    return (
        f"线上的版本还在用来答复，这一版 {begins.isoformat()} 才生效，立即发布会让机器人在那以前答不上这件事。"
        f"请用“定时发布”，时间选 {begins.isoformat()} 或以后。"
    )


def _sources(content: Mapping[str, Any], today: date) -> Iterator[Problem]:
    if not content["sources"]:
        yield Problem("sources", "请至少写一条依据，答复里要注明出处。", True)
    ids = [source["id"] for source in content["sources"]]
    for number, source in enumerate(content["sources"], 1):
        if not _SOURCE_ID.fullmatch(source["id"]):
            yield Problem("sources", f"第 {number} 条依据的代号请用小写字母、数字和横线。", True)
        elif ids.count(source["id"]) > 1:
            yield Problem("sources", f"有两条依据的代号都是“{source['id']}”。", True)
        if not (source["title"] and source["issuer"]):
            yield Problem("sources", f"第 {number} 条依据缺少名称或发布机关。", True)
        day = day_of(source["date"])
        if day is None or day > today:
            yield Problem(
                "sources", f"第 {number} 条依据的日期不对，请写成 2026-01-31 的样子，不能是将来。", True
            )
        if not source.get("link", "https://").startswith(("https://", "http://")):
            yield Problem("sources", f"第 {number} 条依据的链接要以 https:// 或 http:// 开头。", True)
    for one in content.get("downloads", ()):
        if not (one["title"] and followed(one["link"])):
            yield Problem(
                "downloads", "每个下载都要有名称，链接以 https:// 或 http:// 开头，或者上传文件。", True
            )


def _sections(content: Mapping[str, Any]) -> Iterator[Problem]:
    sections, known = content["sections"], {source["id"] for source in content["sources"]}
    if not sections.get("overview"):
        yield Problem("sections", "请填写“办理概述”。", True)
    for aspect in ASPECTS:
        text = sections.get(aspect, "")
        if not text:
            continue
        name, cited = ASPECT_NAMES[aspect], [match["id"] for match in CITATION.finditer(text)]
        for id in dict.fromkeys(cited):
            if id not in known:
                yield Problem("sections", f"“{name}”引用了“{id}”，依据里没有这个代号。", True)
        if not cited and "没有收录" not in text:
            yield Problem("sections", f"“{name}”没有注明依据，请用 [^代号] 标出。", False)
    for place, text in _said(content):
        size = len(CITATION.sub("", text).encode())
        if size > MAX_REPLY_BYTES:
            yield Problem(
                "sections", f"{place}有 {size} 字节，微信一条消息放不下（{MAX_REPLY_BYTES} 字节）。", True
            )
        elif size > MAX_SECTION_BYTES:
            yield Problem("sections", f"{place}有 {size} 字节，加上依据可能放不进一条微信消息。", False)
        for fact in unlisted(text):
            yield Problem("sections", f"{place}里的“{fact}”不在核实过的电话和网址之内，请审核人核对。", False)


def _said(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for aspect, text in content["sections"].items():
        yield f"“{ASPECT_NAMES.get(aspect, aspect)}”", text
    for channel, texts in content.get("variants", {}).items():
        for aspect, text in texts.items():
            yield f"{CHANNELS.get(channel, channel)}的“{ASPECT_NAMES.get(aspect, aspect)}”", text


def _line(value: object, most: int = MOST_LINE) -> str:
    return " ".join(value.split())[:most] if isinstance(value, str) else ""


def _lines(values: object) -> list[str]:
    if not isinstance(values, Iterable) or isinstance(values, str):
        return []
    return [line for line in dict.fromkeys(map(_line, values)) if line][:MOST_ROWS]


def _rows(values: object, names: tuple[str, ...]) -> list[dict[str, str]]:
    rows = [value for value in values if isinstance(value, Mapping)] if isinstance(values, Iterable) else []
    tidied = [{name: _line(row.get(name)) for name in names} for row in rows]
    return [row for row in tidied if any(row.values())][:MOST_ROWS]


def _texts(values: object) -> dict[str, str]:
    given = values if isinstance(values, Mapping) else {}
    found = {
        aspect: given[aspect].replace("\r\n", "\n").strip()[:MOST_SECTION]
        for aspect in ASPECTS
        if isinstance(given.get(aspect), str)
    }
    return {aspect: text for aspect, text in found.items() if text}


def _is_day(text: object) -> bool:
    return day_of(text) is not None
