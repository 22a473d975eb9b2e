"""What an import would change: article by article, field by field."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from knowledge.article import ASPECTS, Article
from knowledge.catalogue import catalogue
from knowledge.drafts import CHANNELS, problems
from knowledge.exchange.columns import COLUMNS, FIELD_NAMES, MORE_NAMES
from knowledge.neighbours import folded_names, shared_names
from knowledge.rows import to_content

_LONGEST_COMPARED = 4_000


class Change(StrEnum):
    """What becomes of an article."""

    NEW = "new"
    CHANGED = "changed"
    RESTORED = "restored"  # it was archived: whatever it says, it is a draft again
    SAME = "same"


# The articles that are published and have one of these normalised names.
Named = Callable[[Collection[str]], Iterable[Article]]
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


def compare(
    incoming: Iterable[tuple[str, Article]],
    present: Mapping[str, Article],
    today: date,
    named: Named = lambda _: (),
    archived: Collection[str] = (),
) -> list[Line]:
    """A line for each article of the file: what is new first, then what changes, then what stays, of which nothing is said.

    `archived`: the keys of `present` that are.
    """
    order, found = list(Change), []
    for place, article in incoming:
        change = Change.RESTORED if article.key in archived else _change(article, present)
        said = hints(article, today, named) if change is not Change.SAME else ()
        found.append(Line(place, article.key, article.title, change, said))
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


def hints(article: Article, today: date, named: Named = lambda _: ()) -> tuple[str, ...]:
    """What has to be mended before it is published: the very sentences that the editor shows."""
    content = to_content(article)
    found = [*problems(content, today), *shared_names(content, today, named(folded_names(content)))]
    return tuple(dict.fromkeys(one.text for one in found if one.stops))


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
