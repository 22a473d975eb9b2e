"""Matters known not to be held: a question that names one of them must not be answered from a neighbour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from knowledge.search.text import grams, normalise

_FILE = Path(__file__).with_name("outside.txt")
_WORTH = 0.5  # share of a name from which the question may be said to name it
_LOOKED_AT = 4


class Outside:
    """The names of such matters, found by the pairs of characters they are made of."""

    def __init__(self, names: Iterable[str]) -> None:
        self._pairs = {name: _pairs(name) for raw in names if (name := normalise(raw))}
        self._with: dict[str, list[str]] = defaultdict(list)
        for name, pairs in self._pairs.items():
            for pair in pairs:
                self._with[pair].append(name)

    def named(self, text: str, rarity: Callable[[str], float]) -> tuple[tuple[str, float], ...]:
        """(name, share) of those that a normalised text names at least by half, by rarity, the fullest first."""
        said = frozenset(_pairs(text))
        near = {name for pair in said for name in self._with.get(pair, ())}
        shares = ((name, self._share(name, said, rarity)) for name in near)
        found = [(name, share) for name, share in shares if share >= _WORTH]
        return tuple(sorted(found, key=lambda pair: (-pair[1], -len(pair[0]), pair[0]))[:_LOOKED_AT])

    def _share(self, name: str, said: frozenset[str], rarity: Callable[[str], float]) -> float:
        pairs = self._pairs[name]
        whole = sum(rarity(pair) for pair in pairs)
        return sum(rarity(pair) for pair in pairs if pair in said) / whole if whole else 0.0


def read_outside(path: Path = _FILE) -> Outside:
    """The names in a file, apart by spaces, `#` opening a comment; without an argument the package's own list."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return Outside(name for line in lines if not line.startswith("#") for name in line.split())


def _pairs(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(gram for gram in grams(text) if len(gram) > 1))
