"""Figures of each article: asked, solved, handed over, rated; what nobody asked, and where two articles collide."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

from conversations.article_figures import (
    Asked,
    Rated,
    Span,
    asked,
    asked_back,
    handed_over,
    rated,
    same_question,
)
from desk.desk import Desk
from knowledge.article import Article
from knowledge.exchange.csv_file import BOM, safe
from staff.masks import masked_text
from store.clock import day_begins

# Whose words are shown to colleagues who have no part in the talk: what several enterprises asked alike.
_TALKS = 2
_QUESTIONS = 20
_PAIRS = 20
_ASKED_BACK = 20_000
HEAD = (
    "编号",
    "名称",
    "类别",
    "答复",
    "对话",
    "没有解决",
    "转人工",
    "视为解决",
    "评价数",
    "平均分",
    "满意",
    "不满意",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One article. `solved`: answers after which nobody said 没有解决 and nobody asked for a person."""

    article: Article
    asked: Asked
    handed_over: int
    rated: Rated

    @property
    def solved(self) -> int:
        """Never below nothing: somebody may have done both."""
        return max(0, self.asked.answered - self.asked.unsolved - self.handed_over)

    @property
    def mean(self) -> float | None:
        """The mean level, 5 to 1; None where nobody rated."""
        return self.rated.total / self.rated.count if self.rated.count else None


@dataclass(frozen=True, slots=True)
class Collision:
    """Two articles that the bot could not tell apart so many times."""

    first: Article
    second: Article
    asked_back: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What there is to be told of a period, both days included. `asked`: most asked first; `never`: by title."""

    since: date
    until: date
    asked: Sequence[Row]
    never: Sequence[Article]
    questions: Sequence[tuple[str, Sequence[tuple[str, int]]]]
    collisions: Sequence[Collision]

    def of_category(self, category: str) -> Statistics:
        """The articles of one category; collisions that one of them is in."""
        return replace(
            self,
            asked=[row for row in self.asked if row.article.category == category],
            never=[article for article in self.never if article.category == category],
            questions=[],
            collisions=[
                one for one in self.collisions if category in (one.first.category, one.second.category)
            ],
        )


async def statistics(desk: Desk, since: date, until: date) -> Statistics:
    """The figures of every published article. Days are the city's."""
    span = Span(day_begins(since), day_begins(until + timedelta(days=1)))
    await desk.library.refresh()
    articles = desk.library.held()
    async with desk.database.read() as session:
        counted = await asked(session, span)
        calls, ratings = await handed_over(session, span), await rated(session, span)
        twice = await same_question(session, span, threads=_TALKS, limit=_QUESTIONS)
        options = await asked_back(session, span, most=_ASKED_BACK)
    rows = [
        Row(article, counted.get(key, Asked()), calls.get(key, 0), ratings.get(key, Rated()))
        for key, article in articles.items()
    ]
    return Statistics(
        since,
        until,
        sorted(
            (row for row in rows if row.asked.answered),
            key=lambda row: (-row.asked.answered, row.article.key),
        ),
        sorted(
            (row.article for row in rows if not row.asked.answered), key=lambda one: (one.category, one.title)
        ),
        [
            (masked_text(text, ()), [(_title(articles, key), count) for key, count in sorted(found.items())])
            for text, found in twice
        ],
        _collisions(articles, options),
    )


def as_csv(found: Statistics, categories: dict[str, str]) -> str:
    """The table for Excel; no cell of it is computed."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    nothing = [Row(article, Asked(), 0, Rated()) for article in found.never]
    for row in (*found.asked, *nothing):
        writer.writerow([safe(str(cell)) for cell in _cells(row, categories)])
    return BOM + out.getvalue()


def _cells(row: Row, categories: dict[str, str]) -> Iterable[object]:
    article = row.article
    return (
        article.key,
        article.title,
        categories.get(article.category, article.category),
        row.asked.answered,
        row.asked.threads,
        row.asked.unsolved,
        row.handed_over,
        row.solved,
        row.rated.count,
        "" if row.mean is None else f"{row.mean:.1f}",
        row.rated.content,
        row.rated.discontent,
    )


def _collisions(articles: dict[str, Article], options: Iterable[Sequence[str]]) -> list[Collision]:
    pairs = Counter(pair for keys in options for pair in combinations(sorted(set(keys)), 2))
    return [
        Collision(articles[first], articles[second], count)
        for (first, second), count in pairs.most_common(_PAIRS * 2)
        if first in articles and second in articles
    ][:_PAIRS]


def _title(articles: dict[str, Article], key: str) -> str:
    return articles[key].title if key in articles else key
