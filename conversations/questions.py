"""Questions as the bot understood them: what was not answered, and how many of each outcome there were."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import NotedQuestion, Person, Question, Rating, Thread
from store.inserts import insert_for, insert_into

UNSOLVED = "unsolved"
NOTED = "noted"  # the outcome of a question that the bot was not asked
_HANDOFF = "handoff"
_AT_ONCE = 500
_TOLD = ("text", "outcome", "article", "aspect", "options", "intent", "confidence", "asked_at")


def _understood(dialect: str) -> Insert:
    row = insert_for(dialect, Question)
    return row.on_conflict_do_update(
        index_elements=[Question.message_id], set_={name: row.excluded[name] for name in _TOLD}
    )


# Built once: it runs in every turn.
_UNDERSTOOD = {dialect: _understood(dialect) for dialect in ("sqlite", "postgresql")}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that says of the question before it, or of itself, that it was not answered."""

    question: Question
    next: Question | None  # in the same thread


async def understood(session: AsyncSession, question: Mapping[str, Any]) -> None:
    """Write down a question as the bot understood it; over what was there where staff noted it before its turn.

    That they noted it is in `noted_questions`, and stays.
    """
    await session.execute(_UNDERSTOOD[session.get_bind().dialect.name], dict(question))


async def asked_of_staff(session: AsyncSession, question: Mapping[str, Any]) -> None:
    """Write down a question that the bot has not seen, or not yet. What it made of one is left as it is."""
    await session.execute(insert_into(session, Question).values(**question).on_conflict_do_nothing())


async def troubles(session: AsyncSession, since: datetime) -> Sequence[Trouble]:
    """Questions from then on that were not answered outright, each with the next of its thread."""
    rows = await session.scalars(
        select(Question)
        .where(Question.outcome.in_(("unknown", "clarify", _HANDOFF)), Question.asked_at >= since)
        .order_by(Question.message_id)
    )
    found = rows.all()
    next_of = await _following(session, [row for row in found if row.outcome == "clarify"])
    return [Trouble(row, next_of.get(row.message_id)) for row in found]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and who asked it: an enterprise, as far as we can tell them apart."""

    question: Question
    asker: str


async def lately_unsure(session: AsyncSession, since: datetime, limit: int) -> list[Asked]:
    """Questions from then on that were not answered at once, the latest first."""
    rows = await session.execute(
        select(Question, func.coalesce(Person.circle, Person.id))
        .join(Thread, Thread.id == Question.thread_id)
        .join(Person, Person.id == Thread.person_id)
        .where(
            Question.outcome.in_(("clarify", "unknown", NOTED)),
            Question.asked_at >= since,
            or_(Question.intent.is_(None), Question.intent != UNSOLVED),
        )
        .order_by(Question.asked_at.desc(), Question.message_id.desc())
        .limit(limit)
    )
    return [Asked(row[0], row[1]) for row in rows]


async def picked_after(session: AsyncSession, questions: Sequence[Question]) -> dict[int, str]:
    """Question -> the article that the person picked next, of those that they were offered."""
    found = await _following(session, questions)
    return {
        question.message_id: after.article
        for question in questions
        if (after := found.get(question.message_id)) is not None
        and after.outcome == "answered"
        and after.article is not None
        and after.article in question.options
    }


async def badly_rated(session: AsyncSession, since: datetime, most: int) -> Sequence[Rating]:
    """Talks rated from then on, with `most` at best."""
    rows = await session.scalars(
        select(Rating).where(
            Rating.level.in_(range(1, most + 1)), Rating.rated_at >= since, Rating.ticket_id.is_(None)
        )
    )
    return rows.all()


async def noted_since(session: AsyncSession, since: datetime) -> Sequence[int]:
    """Messages that a member of staff put into the list from then on."""
    rows = await session.scalars(select(NotedQuestion.message_id).where(NotedQuestion.at >= since))
    return rows.all()


async def asked_before(
    session: AsyncSession, thread_id: str, at: datetime, since: datetime, *, before_id: int | None = None
) -> Question | None:
    """The last question of a thread that asked something, up to a moment (and a message), from `since` on."""
    query = (
        select(Question)
        .where(
            Question.thread_id == thread_id,
            Question.asked_at <= at,
            Question.asked_at >= since,
            Question.outcome != _HANDOFF,
            or_(Question.intent.is_(None), Question.intent != UNSOLVED),
        )
        .order_by(Question.message_id.desc())
        .limit(1)
    )
    if before_id is not None:
        query = query.where(Question.message_id < before_id)
    return await session.scalar(query)


async def texts_of(session: AsyncSession, ids: Collection[int]) -> Mapping[int, str]:
    """Message -> what was asked."""
    found: dict[int, str] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        rows = await session.execute(
            select(Question.message_id, Question.text).where(Question.message_id.in_(part))
        )
        found.update({row[0]: row[1] for row in rows})
    return found


async def outcomes(session: AsyncSession, bounds: Sequence[datetime]) -> Sequence[Mapping[str, int]]:
    """For each span between neighbouring bounds: outcome -> how many questions."""
    spans = list(pairwise(bounds))
    within = [
        func.sum(case((and_(Question.asked_at >= one, Question.asked_at < other), 1), else_=0))
        for one, other in spans
    ]
    rows = await session.execute(
        select(Question.outcome, *within)
        .where(
            Question.outcome.in_(("answered", "clarify", "unknown", _HANDOFF)),
            Question.asked_at >= bounds[0],
            Question.asked_at < bounds[-1],
        )
        .group_by(Question.outcome)
    )
    counted = {row[0]: [int(number or 0) for number in row[1:]] for row in rows}
    return [{outcome: numbers[at] for outcome, numbers in counted.items()} for at in range(len(spans))]


async def _following(session: AsyncSession, questions: Sequence[Question]) -> dict[int, Question]:
    """Question -> the next one of its thread."""
    found: dict[int, Question] = {}
    threads = sorted({question.thread_id for question in questions})
    earliest = min((question.message_id for question in questions), default=0)
    for start in range(0, len(threads), _AT_ONCE):
        part = threads[start : start + _AT_ONCE]
        later = await session.scalars(
            select(Question)
            .where(Question.thread_id.in_(part), Question.message_id > earliest)
            .order_by(Question.message_id)
        )
        by_thread: dict[str, list[Question]] = {}
        for row in later:
            by_thread.setdefault(row.thread_id, []).append(row)
        for question in questions:
            rows = by_thread.get(question.thread_id, [])
            after = next((row for row in rows if row.message_id > question.message_id), None)
            if after is not None:
                found[question.message_id] = after
    return found
