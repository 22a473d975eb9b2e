"""The knowledge base as it would be with some drafts published: an index of its own, which nobody is answered from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from knowledge.article import Article
from knowledge.search.index import Index, Result

_SHOWN = 5
_LOOKED_AT = 8


class Rehearsal:
    """What is live, with drafts in the place of some articles. Made at its first use, then kept in step.

    Drafts come from the argument alone: nothing of them can get into the index that answers.
    """

    def __init__(self, make_index: Callable[[], Index]) -> None:
        self._make_index = make_index
        self._index: Index | None = None
        self._held: dict[str, Article] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def ready(self) -> bool:
        """Whether its index has been made: that takes a while where there are thousands of articles."""
        return bool(self._held)

    async def search(
        self,
        texts: Sequence[str],
        live: Mapping[str, Article],
        drafts: Mapping[str, Article],
        *,
        on: date,
        category_prior: Mapping[str, float] | None = None,
    ) -> list[Result]:
        """What each text would find on that day, were the drafts published."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._search, texts, {**live, **drafts}, on, category_prior)

    def _search(
        self,
        texts: Sequence[str],
        wanted: Mapping[str, Article],
        on: date,
        category_prior: Mapping[str, float] | None,
    ) -> list[Result]:
        index = self._in_step(wanted)
        return [found(index, text, wanted, on, category_prior) for text in texts]

    def _in_step(self, wanted: Mapping[str, Article]) -> Index:
        if self._index is None:
            self._index = self._make_index()
        gone = self._held.keys() - wanted.keys()
        # Articles are never changed, only replaced: the same object is the same article.
        new = [article for key, article in wanted.items() if not self._same(key, article)]
        if gone:
            self._index.remove(gone)
        if new:
            self._index.put(_aside(new))
        self._held = dict(wanted)
        return self._index

    def _same(self, key: str, article: Article) -> bool:
        held = self._held.get(key)
        return held is article or held == article


def _aside(articles: Sequence[Article]) -> Iterator[Article]:
    """The same, others let go first between any two: to read thousands takes long, and people wait for their pages."""
    for article in articles:
        time.sleep(0)
        yield article


def found(
    index: Index,
    text: str,
    articles: Mapping[str, Article],
    on: date,
    category_prior: Mapping[str, float] | None = None,
) -> Result:
    """The articles in force on a day that a text may be about, the likeliest first."""
    result = index.search(text, limit=_LOOKED_AT, category_prior=category_prior)
    hits = [hit for hit in result.hits if hit.key in articles and articles[hit.key].in_force(on)]
    return Result(tuple(hits[:_SHOWN]), result.aspect)
