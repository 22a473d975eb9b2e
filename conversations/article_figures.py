"""How articles did in talks within a period: counted by the database, along its indexes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from conversations.calls import NEAR, calls
from conversations.figures import CONTENT
from conversations.models import Question, Rating

_DISCONTENT = 2  # 不满意 and below


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment on until before another."""

    since: datetime
    until: datetime

    def holds(
        self, column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
    ) -> ColumnElement[bool]:
        """Whether a moment lies in it."""
        return and_(column >= self.since, column < self.until)


@dataclass(frozen=True, slots=True)
class Asked:
    """How often an article answered, in how many talks, and how often it was told that it did not help."""

    answered: int = 0
    threads: int = 0
    unsolved: int = 0


@dataclass(frozen=True, slots=True)
class Rated:
    """Ratings of talks whose last answer came from an article."""

    count: int = 0
    total: int = 0
    content: int = 0
    discontent: int = 0


async def asked(session: AsyncSession, span: Span) -> dict[str, Asked]:
    """By article. What was not solved has the outcome `unknown` and names the article (see desk.answers.nothing_solved)."""
    answered, unsolved = [await _counted(session, outcome, span) for outcome in ("answered", "unknown")]
    return {
        key: Asked(*answered.get(key, (0, 0)), unsolved.get(key, (0, 0))[0])
        for key in answered.keys() | unsolved.keys()
    }


async def handed_over(session: AsyncSession, span: Span) -> dict[str, int]:
    """By article: how often a person was asked for after an answer from it, within a day."""
    called = calls(span.holds(Question.asked_at), ("answered",))
    rows = await session.execute(
        select(Question.article, Question.asked_at, called.c.at)
        .join(called, called.c.question == Question.message_id)
        .where(Question.article.is_not(None))
    )
    return Counter(str(article) for article, before, at in rows if at - before <= NEAR)


async def rated(session: AsyncSession, span: Span) -> dict[str, Rated]:
    """By article that answered last before the rating, within a day."""
    last = (
        select(func.max(Question.message_id))
        .where(
            Question.thread_id == Rating.thread_id,
            Question.asked_at <= Rating.rated_at,
            Question.outcome == "answered",
        )
        .correlate(Rating)
        .scalar_subquery()
    )
    ratings = (
        select(Rating.level.label("level"), Rating.rated_at.label("at"), last.label("question"))
        .where(span.holds(Rating.rated_at), Rating.level.is_not(None), Rating.ticket_id.is_(None))
        .subquery()
    )
    rows = await session.execute(
        select(Question.article, Question.asked_at, ratings.c.at, ratings.c.level)
        .join(ratings, ratings.c.question == Question.message_id)
        .where(Question.article.is_not(None))
    )
    levels: dict[str, list[int]] = {}
    for article, before, at, level in rows:
        if at - before <= NEAR:
            levels.setdefault(str(article), []).append(level)
    return {key: _summed(found) for key, found in levels.items()}


async def same_question(
    session: AsyncSession, span: Span, *, threads: int, limit: int
) -> Sequence[tuple[str, dict[str, int]]]:
    """Questions that more than one article answered, and how often each; those that were asked in so many talks at least."""
    within = and_(Question.outcome == "answered", span.holds(Question.asked_at))
    texts = (
        select(Question.text)
        .where(within)
        .group_by(Question.text)
        .having(
            func.count(Question.article.distinct()) > 1, func.count(Question.thread_id.distinct()) >= threads
        )
        .order_by(func.count().desc(), Question.text)
        .limit(limit)
    )
    wanted = list(await session.scalars(texts))
    rows = await session.execute(
        select(Question.text, Question.article, func.count())
        .where(within, Question.text.in_(wanted))
        .group_by(Question.text, Question.article)
    )
    found: dict[str, dict[str, int]] = {text: {} for text in wanted}
    for text, article, count in rows:
        found[text][str(article)] = count
    return list(found.items())


async def asked_back(session: AsyncSession, span: Span, *, most: int) -> Sequence[Sequence[str]]:
    """The articles among which the bot could not decide, for each of the newest such questions."""
    found = await session.scalars(
        select(Question.options)
        .where(Question.outcome == "clarify", span.holds(Question.asked_at))
        .order_by(Question.asked_at.desc())
        .limit(most)
    )
    return [[str(key) for key in options] for options in found if len(options) > 1]


async def _counted(session: AsyncSession, outcome: str, span: Span) -> dict[str, tuple[int, int]]:
    rows = await session.execute(
        select(Question.article, func.count(), func.count(Question.thread_id.distinct()))
        .where(
            Question.outcome == outcome,
            span.holds(Question.asked_at),
            Question.article.is_not(None),
        )
        .group_by(Question.article)
    )
    return {str(article): (count, threads) for article, count, threads in rows}


def _summed(levels: Sequence[int]) -> Rated:
    content = sum(level in CONTENT for level in levels)
    return Rated(len(levels), sum(levels), content, sum(level <= _DISCONTENT for level in levels))
