"""Which texts mean the same: leaders that later texts join, found by the characters that they share."""

from __future__ import annotations

from collections import Counter, defaultdict

from knowledge.search.asked import Weighed, weighed
from knowledge.search.text import normalise

# On the articles' own 3,994 similar questions, shuffled: 95 of 100 are in a group of their article, and 28 of 100 are not
# alone, though those questions were written to be unlike each other.
ALIKE = 0.45
_SINGLE = 0.4  # a character by itself, beside a pair
_RAREST = 8  # pairs by which leaders are looked for,
_POSTINGS = 400  # no more of each,
_COMPARED = 60  # and so many of them are compared in full


class Likeness:
    """Leaders by their ids. The order in which texts come decides, nothing else does."""

    def __init__(self) -> None:
        self._leaders: dict[int, Weighed] = {}
        self._by_pair: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, id: int, text: str) -> None:
        """Take a leader; one with this id is replaced."""
        self.remove(id)
        found = _weigh(text)
        self._leaders[id] = found
        for pair in _pairs(found):
            self._by_pair[pair].append(id)

    def remove(self, id: int) -> None:
        """Forget a leader, if it is there."""
        if (gone := self._leaders.pop(id, None)) is not None:
            for pair in _pairs(gone):
                self._by_pair[pair].remove(id)

    def nearest(self, text: str) -> int | None:
        """The leader that the text means the same as: the likest, and of several the first."""
        asked = _weigh(text)
        near: Counter[int] = Counter()
        pairs = sorted(_pairs(asked), key=lambda pair: (len(self._by_pair.get(pair, ())), pair))
        for pair in pairs[:_RAREST]:
            for id in self._by_pair.get(pair, ())[:_POSTINGS]:
                near[id] += 1
        likest = sorted(near, key=lambda id: (-near[id], id))[:_COMPARED]
        best = min(((-asked.cosine(self._leaders[id]), id) for id in likest), default=(0.0, 0))
        return best[1] if -best[0] >= ALIKE else None


def _weigh(text: str) -> Weighed:
    return weighed(normalise(text), lambda gram: 1.0 if len(gram) > 1 else _SINGLE)


def _pairs(text: Weighed) -> list[str]:
    return [gram for gram in text.weights if len(gram) > 1]
