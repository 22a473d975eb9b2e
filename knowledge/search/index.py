"""The search itself: candidates from the shelf, evidence for each, an order, and a confidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from knowledge.article import Article, Aspect
from knowledge.search.asked import Reading, take_apart
from knowledge.search.aspect import asked_aspect
from knowledge.search.confidence import Calibration, probability, read_calibration, shares, weigh
from knowledge.search.entry import Entry, entry_of
from knowledge.search.evidence import Near, evidence, hold
from knowledge.search.outside import read_outside
from knowledge.search.shelf import Shelf
from knowledge.search.text import grams, normalise, sounds
from knowledge.search.words import Vocabulary

_PHRASES = 60  # phrases and
_TEXTS = 30  # articles that are looked up; more cost time and found nothing better
_NEAR = 10  # of either list's articles that are held against the question; the rest is never meant
_BEST = 2.2  # what BM25 gives at most for a gram, times its rarity


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that may be meant. `confidence` (0..1) is the probability that answering from it is right."""

    key: str
    score: float
    confidence: float
    reasons: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Result:
    """What a search found, best first, and the aspect that was asked for."""

    hits: tuple[Hit, ...]
    aspect: Aspect | None


class Index:
    """Finds articles. In memory, or in a folder that outlives the process.

    `search` may be called from any thread, also while `put` or `remove` is running.
    """

    def __init__(self, path: Path | None = None, calibration: Calibration | None = None) -> None:
        self._calibration = calibration or read_calibration()
        self._vocabulary = Vocabulary()
        self._outside = read_outside()
        self._shelf = Shelf(path, self._vocabulary)

    def put(self, articles: Iterable[Article]) -> None:
        """Add articles, or replace those with the same key; searchable when it returns."""
        self._shelf.put(entry_of(article) for article in articles)

    def remove(self, keys: Iterable[str]) -> None:
        """Forget the articles with these keys; unknown ones are ignored."""
        self._shelf.remove(keys)

    def search(
        self,
        text: str,
        *,
        limit: int = 5,
        category_prior: Mapping[str, float] | None = None,
        left_out: str = "",
    ) -> Result:
        """The articles that the text may be about. Never raises; a text without letters finds nothing.

        `category_prior`: category -> probability from elsewhere; absent is neutral. `left_out`: a similar question
        to be treated as if no article had it (to measure with the articles' own questions).
        """
        plain = self._plain(text)
        if not plain:
            return Result((), None)
        found = self._candidates(plain, category_prior, normalise(left_out))
        weights = self._calibration.rank
        found.sort(key=lambda candidate: (-weigh(weights, candidate[1]), candidate[0]))
        hits = self._hits(found)[:limit]
        return Result(hits, asked_aspect(plain))

    def candidates(
        self, text: str, *, category_prior: Mapping[str, float] | None = None, left_out: str = ""
    ) -> list[tuple[str, dict[str, float]]]:
        """Key and evidence of every article worth a look, in no order."""
        return self._candidates(self._plain(text), category_prior, normalise(left_out))

    def _candidates(
        self, plain: str, category_prior: Mapping[str, float] | None, skipped: str
    ) -> list[tuple[str, dict[str, float]]]:
        view = self._shelf.view()
        asked = take_apart(plain, Reading(view.rarity, view.word_rarity, self._vocabulary, self._outside))
        asked_grams = grams(plain)
        phrases: dict[str, list[Near]] = {}
        for key, phrase, core in view.near_phrases(asked_grams, sounds(plain), _PHRASES):
            near = phrases.setdefault(key, [])
            if phrase != skipped:
                near.append(Near(phrase, core, view.vector(phrase, core)))
        texts = dict(view.near_texts(asked_grams, self._vocabulary.every_word(plain), _TEXTS))
        most = _BEST * sum(view.rarity(gram) for gram in asked_grams) or 1.0
        found = []
        for key in dict.fromkeys((*islice(phrases, _NEAR), *islice(texts, _NEAR))):
            if held := view.held(key):
                if skipped in held.entry.questions:
                    held = hold(held.entry.without(skipped))
                numbers = evidence(asked, held, phrases.get(key, ()), view.usual_length)
                numbers["text"] = min(1.0, texts.get(key, 0.0) / most)
                numbers["prior"] = _prior(held.entry, category_prior)
                found.append((key, numbers))
        return found

    def _plain(self, text: str) -> str:
        return self._vocabulary.mend(normalise(text))

    def _hits(self, found: list[tuple[str, dict[str, float]]]) -> tuple[Hit, ...]:
        scores = [weigh(self._calibration.rank, numbers) for _, numbers in found]
        hits = []
        for (key, numbers), score, share in zip(found, scores, shares(scores), strict=True):
            reasons = numbers | {"share": share}
            hits.append(Hit(key, score, probability(self._calibration.sure, reasons), reasons))
        return tuple(hits)


def _prior(entry: Entry, prior: Mapping[str, float] | None) -> float:
    """Log of how much likelier the category is than an even guess; 0 where nothing is known."""
    if not prior:
        return 0.0
    return max(-3.0, math.log(max(1e-3, prior.get(entry.category, 0.0)) * len(prior)))
