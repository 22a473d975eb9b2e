"""What an import would change: article by article, field by field."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from knowledge.article import ASPECTS, CITATION, Article
from knowledge.catalogue import catalogue
from knowledge.check import MAX_SECTION_BYTES, MAX_TITLE_LETTERS, MIN_QUESTIONS
from knowledge.drafts import CHANNELS
from knowledge.exchange.columns import COLUMNS, FIELD_NAMES, MORE_NAMES

_LONGEST_COMPARED = 4_000


class Change(StrEnum):
    """What becomes of an article."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


Part = tuple[Literal["same", "out", "in"], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that changes; `parts` in order, those that stay among them. `by_line`: each is a line, else a piece of one."""

    name: str
    parts: tuple[Part, ...]
    by_line: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One article of an import: `hints` are what would keep it from being published."""

    place: str
    key: str
    title: str
    change: Change
    hints: tuple[str, ...]


def compare(incoming: Iterable[tuple[str, Article]], present: Mapping[str, Article]) -> list[Line]:
    """A line for each article of the file: what is new first, then what changes, then what stays."""
    order = list(Change)
    found = [
        Line(place, article.key, article.title, _change(article, present), hints(article))
        for place, article in incoming
    ]
    return sorted(found, key=lambda line: (order.index(line.change), line.key))


def _change(article: Article, present: Mapping[str, Article]) -> Change:
    if article.key not in present:
        return Change.NEW
    return Change.SAME if present[article.key] == article else Change.CHANGED


def differences(before: Article | None, after: Article) -> list[Difference]:
    """The fields that change; all of them where there was no article before."""
    found = []
    for field in (*FIELD_NAMES, *ASPECTS, *MORE_NAMES):
        old, new = _texts(before, field) if before else [], _texts(after, field)
        if old != new:
            by_line = len(old) > 1 or len(new) > 1
            parts = _parts(old, new) if by_line else _letters("".join(old), "".join(new))
            found.append(Difference(COLUMNS[field], tuple(parts), by_line))
    return found


def hints(article: Article) -> tuple[str, ...]:
    """What has to be mended before it is published, as far as the article alone tells."""
    cited = {match for text in article.sections.values() for match in _cited(text)}
    known = {source.id for source in article.sources}
    found = [
        (len(article.title) > MAX_TITLE_LETTERS, f"名称超过 {MAX_TITLE_LETTERS} 个字"),
        (len(article.questions) < MIN_QUESTIONS, f"相似问法不到 {MIN_QUESTIONS} 条"),
        (not article.sources, "没有依据文件"),
        ("overview" not in article.sections, "没有办理概述"),
        (bool(cited - known), f"引用了没有列出的文件：{'、'.join(sorted(cited - known)[:3])}"),
        (bool(known - cited), f"没有引用到的文件：{'、'.join(sorted(known - cited)[:3])}"),
    ]
    long = [a for a in article.aspects() if len(article.text(a).encode()) > MAX_SECTION_BYTES]
    found.append((bool(long), f"太长、放不进一条微信消息：{'、'.join(COLUMNS[aspect] for aspect in long)}"))
    return tuple(hint for wrong, hint in found if wrong)


def _cited(text: str) -> list[str]:
    return [match["id"] for match in CITATION.finditer(text)]


def _texts(article: Article, field: str) -> list[str]:
    if field in ASPECTS:
        text = article.sections.get(field)
        return text.split("\n") if text else []
    value = getattr(article, field)
    if field == "sources":
        return [f"{source.id}：{source.name()}{source.issuer}{source.link}" for source in value]
    if field == "category":
        return [catalogue().categories.get(article.category, article.category)]
    if field == "downloads":
        return [f"{one.title}：{one.link}" for one in value]
    if field == "variants":
        return [
            f"{CHANNELS.get(channel, channel)}·{COLUMNS[aspect]}：{line}"
            for channel, texts in value.items()
            for aspect, text in texts.items()
            for line in text.split("\n")
        ]
    if isinstance(value, tuple):
        return list(value)
    return [str(value)] if value else []


def _parts(old: Sequence[str], new: Sequence[str]) -> list[Part]:
    """Line by line; of long lists, only what changes and a line around it."""
    found: list[Part] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(1):
        for what, a, b, c, d in group:
            if what == "equal":
                found += [("same", line) for line in old[a:b]]
            else:
                found += [("out", line) for line in old[a:b]]
                found += [("in", line) for line in new[c:d]]
    return found


def _letters(old: str, new: str) -> list[Part]:
    """Letter by letter within a line."""
    if not old or not new or len(old) + len(new) > _LONGEST_COMPARED:
        return [part for part in (("out", old), ("in", new)) if part[1]]
    found: list[Part] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("same", old[a:b]))
            continue
        if a < b:
            found.append(("out", old[a:b]))
        if c < d:
            found.append(("in", new[c:d]))
    return found
