"""What enterprises say in the benchmark of turns: the same talks, word for word, to every system."""

from __future__ import annotations

import random
from collections.abc import Sequence

from knowledge.article import ASPECT_NAMES, Article

FOLLOW_UP = "那材料呢"
BUTTON = ASPECT_NAMES["time"]
QUESTIONS = 4
TURNS = QUESTIONS + 2

Talk = tuple[str, ...]


def talks(articles: Sequence[Article], count: int, chance: random.Random) -> list[Talk]:
    """Return `count` talks of `TURNS` messages.

    Each asks after a matter, then after its papers and (by a button's label) its time, then after other matters. The
    questions are those of the articles; no talk names a matter twice.
    """
    full = [article for article in articles if {"materials", "time"} <= set(article.aspects())]
    return [_talk(articles, chance.choice(full), chance) for _ in range(count)]


def _talk(articles: Sequence[Article], first: Article, chance: random.Random) -> Talk:
    others = chance.sample([article for article in articles if article.key != first.key], QUESTIONS - 1)
    asked = [chance.choice(article.questions) for article in (first, *others)]
    return (asked[0], FOLLOW_UP, BUTTON, *asked[1:])
