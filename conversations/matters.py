"""What questions were about, as far as that is known: the article that they were answered from, or the topic that was understood."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.calls import HANDOFF, NEAR, calls
from conversations.figures import Asked
from conversations.models import Question

_ASKED = ("answered", "clarify", "unknown")
# Below that the dialogue model is not believed when it answers either.
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Matter:
    """Of a question. `intent`: only where the dialogue model was sure of it; both None: nobody knows."""

    article: str | None = None
    intent: str | None = None


async def asked_about(session: AsyncSession, since: datetime, until: datetime) -> dict[Matter, Asked]:
    """Questions from `since` on and before `until`; a call for a person is about what was asked last before it, within a day."""
    article, intent = Question.article, _intent()
    rows = await session.execute(
        select(article, intent, Question.outcome, func.count())
        .where(Question.asked_at >= since, Question.asked_at < until, Question.outcome.in_(_ASKED))
        .group_by(article, intent, Question.outcome)
    )
    counts: dict[Matter, dict[str, int]] = defaultdict(dict)
    for key, meant, outcome, count in rows:
        counts[Matter(key, meant)][outcome] = count
    for matter, count in (await _handed_over(session, since, until)).items():
        counts[matter][HANDOFF] = count
    return {matter: Asked.of(found) for matter, found in counts.items()}


async def _handed_over(session: AsyncSession, since: datetime, until: datetime) -> Mapping[Matter, int]:
    called = calls((Question.asked_at >= since) & (Question.asked_at < until), _ASKED)
    rows = await session.execute(
        select(called.c.at, Question.asked_at, Question.article, _intent()).outerjoin_from(
            called, Question, Question.message_id == called.c.question
        )
    )
    return Counter(
        Matter(article, intent) if asked_at is not None and at - asked_at <= NEAR else Matter()
        for at, asked_at, article, intent in rows
    )


def _intent() -> ColumnElement[str | None]:
    sure = and_(Question.article.is_(None), Question.confidence >= _SURE)
    return case((sure, Question.intent), else_=None)
