"""Which of many questions are nearest to an article's names: a cheap measure, for what cannot all be looked at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from zlib import crc32


def nearest(questions: Sequence[str], names: Iterable[str]) -> list[str]:
    """The same questions, first those that share the most, and the rarest, pairs of letters with the names.

    What shares nothing comes last, in an order that is always the same and mixes the articles.
    """
    wanted = {pair for name in names for pair in _pairs(name)}
    shared = [wanted.intersection(_pairs(question)) for question in questions]
    often = Counter(pair for pairs in shared for pair in pairs)
    rarity = {pair: math.log1p(len(questions) / count) for pair, count in often.items()}
    scores = {
        question: sum(rarity[pair] for pair in pairs) / math.sqrt(len(question) + 1)
        for question, pairs in zip(questions, shared, strict=True)
    }
    return sorted(questions, key=lambda question: (-scores[question], crc32(question.encode()), question))


def _pairs(text: str) -> Iterable[str]:
    return (text[at : at + 2] for at in range(len(text) - 1))
