"""How enterprises were served, by channel, subject and department: asked, handed over, rated, late.

Nothing is guessed: what has no known subject or department stands in a row of its own, so that the rows of each of the
three make the same sums.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations import figures as talked
from conversations.figures import Asked, Rated
from conversations.matters import asked_about
from conversations.models import Question, Rating, Thread
from desk.values import CHANNEL_NAMES
from knowledge.catalogue import catalogue
from knowledge.learning.models import UnansweredGroup, UnansweredQuestion
from knowledge.rows import belonging
from staff.departments import departments
from tickets.figures import overdue
from tickets.models import Rectification, Ticket
from tickets.rectification_states import CaseState

GONE = "已删除个人信息的企业"
NOBODY = "未归类"
_TOPIC = "topic_"


class _Place(NamedTuple):
    """Where a ticket belongs; a talk has a channel alone. None: not known."""

    channel: str | None
    subject: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """`waiting`: threads that wait for a person, `overdue`: open tickets one of whose limits is over, at this moment."""

    asked: Asked
    rated: Rated
    waiting: int
    overdue: int

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to be told."""
        return not (
            self.asked.all or self.asked.handed_over or self.rated.all or self.waiting or self.overdue
        )


@dataclass(frozen=True, slots=True)
class ServedBy:
    """By the names of channels, subjects and departments, the most asked about first; what is not known last."""

    channel: Sequence[tuple[str, Served]]
    subject: Sequence[tuple[str, Served]]
    department: Sequence[tuple[str, Served]]


async def served(session: AsyncSession, since: datetime, until: datetime, now: datetime) -> ServedBy:
    """From `since` on and before `until`."""
    names = {one.key: one.name for one in await departments(session)}
    asked = await talked.asked_by_channel(session, since, until)
    subjects, owners = await _asked(session, since, until, {name: key for key, name in names.items()})
    rated, late = await _rated(session, since, until), await _overdue(session, now)
    waiting = await talked.waiting(session)
    by_channel = _joined(asked, _levels(rated, 0), _sums(late, 0), waiting)
    by_subject = _joined(subjects, _levels(rated, 1), _sums(late, 1))
    by_department = _joined(owners, _levels(rated, 2), _sums(late, 2))
    return ServedBy(
        [(CHANNEL_NAMES.get(key, key) or GONE, one) for key, one in by_channel],
        [(key or NOBODY, one) for key, one in by_subject],
        [(names.get(key, key) or NOBODY, one) for key, one in by_department],
    )


async def _asked(
    session: AsyncSession, since: datetime, until: datetime, keys: Mapping[str, str]
) -> tuple[dict[str, Asked], dict[str, Asked]]:
    """By subject and by department's key. `keys`: of the departments, by name."""
    about = await asked_about(session, since, until)
    homes = await belonging(session, {matter.article for matter in about if matter.article})
    categories = catalogue().categories
    subjects: dict[str, Asked] = defaultdict(Asked)
    owners: dict[str, Asked] = defaultdict(Asked)
    for matter, asked in about.items():
        home = homes.get(matter.article or "")
        category = home.category if home else _topic(matter.intent or "")
        subjects[categories.get(category, category)] += asked
        owner = home.departments[0] if home else ""
        owners[keys.get(owner, owner)] += asked
    for department, asked in (await _given(session, since, until)).items():
        owners[department] += asked
        owners[""] += Asked(clarified=-asked.clarified, unknown=-asked.unknown)
    return subjects, owners


def _topic(intent: str) -> str:
    """The category that an intent stands for; of an act, none."""
    return intent.removeprefix(_TOPIC) if intent.startswith(_TOPIC) else ""


async def _given(session: AsyncSession, since: datetime, until: datetime) -> dict[str, Asked]:
    """Department -> questions without an article that an editor has given to it."""
    rows = await session.execute(
        select(UnansweredGroup.department, Question.outcome, func.count())
        .select_from(Question)
        .join(UnansweredQuestion, UnansweredQuestion.message_id == Question.message_id)
        .join(UnansweredGroup, UnansweredGroup.id == UnansweredQuestion.group_id)
        .where(
            Question.asked_at >= since,
            Question.asked_at < until,
            Question.outcome.in_(("clarify", "unknown")),
            Question.article.is_(None),
            UnansweredGroup.department.is_not(None),
        )
        .group_by(UnansweredGroup.department, Question.outcome)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for department, outcome, count in rows:
        found[str(department)][outcome] = count
    return {department: Asked.of(counts) for department, counts in found.items()}


async def _rated(session: AsyncSession, since: datetime, until: datetime) -> dict[tuple[_Place, int], int]:
    """Ratings that count, by where they belong and their level."""
    voided = exists().where(Rectification.rating_id == Rating.id, Rectification.state == CaseState.VOIDED)
    rows = await session.execute(
        select(Thread.channel, Ticket.subject, Ticket.department, Rating.level, func.count())
        .select_from(Rating)
        .outerjoin(Ticket, Ticket.id == Rating.ticket_id)
        .outerjoin(Thread, Thread.id == func.coalesce(Rating.thread_id, Ticket.thread_id))
        .where(Rating.rated_at >= since, Rating.rated_at < until, Rating.level.is_not(None), ~voided)
        .group_by(Thread.channel, Ticket.subject, Ticket.department, Rating.level)
    )
    return {
        (_Place(channel, subject, owner), level or 0): count for channel, subject, owner, level, count in rows
    }


async def _overdue(session: AsyncSession, now: datetime) -> dict[_Place, int]:
    rows = await session.execute(
        select(Thread.channel, Ticket.subject, Ticket.department, func.count())
        .select_from(Ticket)
        .outerjoin(Thread, Thread.id == Ticket.thread_id)
        .where(overdue(now))
        .group_by(Thread.channel, Ticket.subject, Ticket.department)
    )
    return {_Place(channel, subject, owner): count for channel, subject, owner, count in rows}


def _levels(rated: Mapping[tuple[_Place, int], int], which: int) -> dict[str, Rated]:
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for (place, level), count in rated.items():
        found[place[which] or ""][level] += count
    return {key: Rated(levels) for key, levels in found.items()}


def _sums(counts: Mapping[_Place, int], which: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for place, count in counts.items():
        found[place[which] or ""] += count
    return found


def _joined(
    asked: Mapping[str, Asked],
    rated: Mapping[str, Rated],
    late: Mapping[str, int],
    waiting: Mapping[str, int] | None = None,
) -> list[tuple[str, Served]]:
    waits, unrated = waiting or {}, Rated({})
    found = [
        (key, Served(asked.get(key, Asked()), rated.get(key, unrated), waits.get(key, 0), late.get(key, 0)))
        for key in nobody_last({*asked, *rated, *late, *waits})
    ]
    most_first = sorted(found, key=lambda row: (not row[0], -row[1].asked.all))
    return [(key, one) for key, one in most_first if not one.nothing]


def nobody_last(keys: Iterable[str]) -> list[str]:
    """In order, the empty one at the end."""
    return sorted(keys, key=lambda key: (not key, key))
