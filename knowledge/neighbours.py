"""Names that two articles have: a title, alias or similar question of a draft that another article has already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from knowledge.article import Article
from knowledge.day import day_of
from knowledge.drafts import Problem
from knowledge.search.text import normalise

MOST_TOLD = 10
_MOST_OTHERS = 20
_KINDS = {"title": "标题", "aliases": "别名", "questions": "相似问法"}


class Names:
    """Which articles have a name. Kept as hashes, for there are hundreds of thousands: whoever asks looks into the articles.

    One writer at a time. While it writes, articles that it has not come to, or is at, may be missing.
    """

    def __init__(self) -> None:
        self._keys: dict[int, tuple[str, ...]] = {}

    def replace(self, before: Article | None, after: Article | None) -> None:
        """Put an article in the place of what it was; None where there was, or is, nothing."""
        old, new = _marks(before), _marks(after)
        if before is not None:
            for mark in old - new:
                self._forget(mark, before.key)
        if after is not None:
            own = (after.key,)
            for mark in new - old:
                there = self._keys.get(mark)
                self._keys[mark] = (*there, after.key) if there else own

    def keys(self, folded: Iterable[str]) -> set[str]:
        """The keys of articles that have one of these (normalised) names; seldom one that has not."""
        return {key for text in folded for key in self._keys.get(hash(text), ())}

    def _forget(self, mark: int, key: str) -> None:
        left = tuple(one for one in self._keys.get(mark, ()) if one != key)
        if left:
            self._keys[mark] = left
        else:
            self._keys.pop(mark, None)


def folded_names(content: Mapping[str, Any]) -> set[str]:
    """All names of a draft as the search compares them."""
    return {folded for _, _, folded in _names(content)}


def shared_names(content: Mapping[str, Any], today: date, others: Iterable[Article]) -> list[Problem]:
    """What of a draft's names these other articles have, too, while both are in force; each keeps it from being published.

    At most `MOST_TOLD` and one that says that there are more.
    """
    mine, taken, met = folded_names(content), dict[str, tuple[str, Article]](), 0
    for other in others:
        if other.key == content["key"] or not _meet(content, other, today):
            continue
        theirs = {folded: field for field, _, folded in _names(_named(other)) if folded in mine}
        taken = {folded: (field, other) for folded, field in theirs.items()} | taken
        met += bool(theirs)
        if met == _MOST_OTHERS:  # to read a hundred articles takes longer than a page may
            break
    found = {
        folded: Problem(field, _told(field, text, *taken[folded]), True)
        for field, text, folded in _names(content)
        if folded in taken
    }
    told = list(found.values())
    more = Problem("questions", "还有别的重复，改好这些以后会再列出。", True)
    return [*told[:MOST_TOLD], more] if len(told) > MOST_TOLD or met == _MOST_OTHERS else told


def _named(article: Article) -> dict[str, Any]:
    return {"title": article.title, "aliases": article.aliases, "questions": article.questions}


def _told(field: str, text: str, theirs: str, other: Article) -> str:
    return (
        f"{_KINDS[field]}“{text}”已经是“{other.title}”的{_KINDS[theirs]}，机器人分不清该答哪一篇。"
        "请在这里改写或删去，或者先从那篇文章里删去并发布。"
    )


def _meet(content: Mapping[str, Any], other: Article, today: date) -> bool:
    """Whether there is a day, today or later, on which both are in force."""
    begins, ends = day_of(content["valid_from"]) or today, day_of(content["valid_until"])
    first = max(today, begins, other.valid_from)
    return (ends is None or first <= ends) and (other.valid_until is None or first <= other.valid_until)


def _names(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Field, text and normalised text of each."""
    for field in _KINDS:
        texts = [content[field]] if field == "title" else content[field]
        for text in texts:
            if folded := normalise(text):
                yield field, text, folded


def _marks(article: Article | None) -> set[int]:
    return {hash(folded) for folded in folded_names(_named(article))} if article is not None else set()
