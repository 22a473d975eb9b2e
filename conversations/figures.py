"""What was asked and how it was answered: what the dashboard and the monthly report are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Holder, Note, NoteKind, Question, Rating, Thread
from store.days import city_day

# 国办发〔2019〕51号: of the five levels the three upper ones are content.
CONTENT = (3, 4, 5)


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions by what the bot did with them; `handed_over`: calls for a person, which are no questions."""

    answered: int = 0
    clarified: int = 0
    unknown: int = 0
    handed_over: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Asked:
        """From the outcomes of replies."""
        return cls(*(counts.get(outcome, 0) for outcome in ("answered", "clarify", "unknown", "handoff")))

    def __add__(self, other: Asked) -> Asked:
        """Both together."""
        return Asked(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    @property
    def all(self) -> int:
        """Every question."""
        return self.answered + self.clarified + self.unknown


@dataclass(frozen=True, slots=True)
class Rated:
    """Ratings by level, 5 (非常满意) to 1 (非常不满意)."""

    levels: Mapping[int, int]

    @property
    def all(self) -> int:
        """Every rating."""
        return sum(self.levels.values())

    @property
    def content(self) -> int:
        """Those of the three upper levels."""
        return sum(self.levels.get(level, 0) for level in CONTENT)

    def without(self, levels: Mapping[int, int]) -> Rated:
        """The same less so many of each level."""
        return Rated({level: count - levels.get(level, 0) for level, count in self.levels.items()})


@dataclass(frozen=True, slots=True)
class Talks:
    """How many enterprises asked, and how many a person on the staff took over."""

    askers: int
    taken: int


async def asked(session: AsyncSession, since: datetime, until: datetime) -> Asked:
    """From `since` on and before `until`."""
    rows = await session.execute(
        select(Question.outcome, func.count()).where(_within(since, until)).group_by(Question.outcome)
    )
    return Asked.of({row[0]: row[1] for row in rows})


async def asked_by_channel(session: AsyncSession, since: datetime, until: datetime) -> dict[str, Asked]:
    """Channel -> what was asked there."""
    rows = await session.execute(
        select(Thread.channel, Question.outcome, func.count())
        .join(Thread, Thread.id == Question.thread_id)
        .where(_within(since, until))
        .group_by(Thread.channel, Question.outcome)
    )
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for channel, outcome, count in rows:
        counts[channel][outcome] = count
    return {channel: Asked.of(counts[channel]) for channel in sorted(counts)}


async def asked_by_day(session: AsyncSession, since: datetime, until: datetime) -> dict[date, Asked]:
    """The city's day -> what was asked on it; days without a question are left out."""
    day = city_day(Question.asked_at)
    rows = await session.execute(
        select(day, Question.outcome, func.count())
        .where(_within(since, until))
        .group_by(day, Question.outcome)
        .order_by(day)
    )
    counts: dict[date, dict[str, int]] = defaultdict(dict)
    for at, outcome, count in rows:
        counts[at][outcome] = count
    return {at: Asked.of(found) for at, found in counts.items()}


async def most_asked(
    session: AsyncSession, since: datetime, until: datetime, limit: int = 10
) -> dict[str, int]:
    """Article -> how often it was the answer, the most first."""
    count = func.count()
    rows = await session.execute(
        select(Question.article, count)
        .where(_within(since, until), Question.outcome == "answered", Question.article.is_not(None))
        .group_by(Question.article)
        .order_by(count.desc(), Question.article)
        .limit(limit)
    )
    return {str(article): number for article, number in rows}


async def talks(session: AsyncSession, since: datetime, until: datetime) -> Talks:
    """From `since` on and before `until`; each enterprise's thread counts once."""
    askers = select(func.count(Question.thread_id.distinct())).where(_within(since, until))
    taken = select(func.count(Note.thread_id.distinct())).where(
        Note.kind == NoteKind.TAKEN, Note.at >= since, Note.at < until
    )
    return Talks(await session.scalar(askers) or 0, await session.scalar(taken) or 0)


async def rated(session: AsyncSession, since: datetime, until: datetime) -> Rated:
    """Talks and tickets rated within the period."""
    rows = await session.execute(
        select(Rating.level, func.count())
        .where(Rating.rated_at >= since, Rating.rated_at < until)
        .group_by(Rating.level)
    )
    return Rated({row[0]: row[1] for row in rows if row[0] is not None})


async def waiting(session: AsyncSession) -> dict[str, int]:
    """Channel -> threads that wait for a person at this moment."""
    rows = await session.execute(
        select(Thread.channel, func.count()).where(Thread.holder == Holder.WAITING).group_by(Thread.channel)
    )
    return {row[0]: row[1] for row in rows}


def _within(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(Question.asked_at >= since, Question.asked_at < until)
