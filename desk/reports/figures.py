"""The figures of a period, of the talks and of the tickets together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations import figures as talked
from conversations.figures import Asked, Rated, Talks
from conversations.models import Thread
from desk.reports.period import Period
from desk.reports.served import GONE, NOBODY, ServedBy, nobody_last, served
from desk.values import CHANNEL_NAMES
from knowledge.rows import titles
from staff.departments import departments
from tickets import figures as worked
from tickets import results
from tickets.figures import By, Department, Flow, Standing
from tickets.models import KIND_NAMES, Kind, Ticket
from tickets.results import Results


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that is counted of a period; `standing`, and what waits or is late, are those of the moment `at`."""

    period: Period
    at: datetime
    asked: Asked
    by_day: Mapping[date, Asked]
    most_asked: Mapping[str, int]  # by the article's title
    talks: Talks
    rated: Rated
    served: ServedBy
    flow: Flow
    kinds: Mapping[str, int]
    subjects: Mapping[str, int]
    districts: Mapping[str, int]
    ticket_channels: Mapping[str, int]
    departments: Sequence[tuple[str, Department]]
    results: Sequence[tuple[str, Results]]  # those that are with no department last
    standing: Standing

    @property
    def by_channel(self) -> Mapping[str, Asked]:
        """What was asked through each channel."""
        return {name: one.asked for name, one in self.served.channel if one.asked.all}

    @property
    def waiting(self) -> int:
        """Threads that wait for a person."""
        return sum(one.waiting for _, one in self.served.channel)

    @property
    def result(self) -> Results:
        """Of all tickets."""
        return results.sum_of(one for _, one in self.results)


async def figures(session: AsyncSession, period: Period, *, now: datetime) -> Figures:
    """Counted in the one transaction, so that they agree with each other."""
    span = (period.since, period.until)
    most = await talked.most_asked(session, *span)
    names = await titles(session, tuple(most))
    called = {one.key: one.name for one in await departments(session)}
    kinds = await worked.received_by(session, By.KIND, *span)
    by_day = await talked.asked_by_day(session, *span)
    ended = await results.results(session, *span, now)
    return Figures(
        period=period,
        at=now,
        asked=await talked.asked(session, *span),
        by_day={day: by_day.get(day, Asked()) for day in period},
        most_asked={names.get(key, key): count for key, count in most.items()},
        talks=await talked.talks(session, *span),
        rated=(await talked.rated(session, *span)).without(await worked.voided(session, *span)),
        served=await served(session, *span, now),
        flow=await worked.flow(session, *span),
        kinds={KIND_NAMES[Kind(kind)]: count for kind, count in kinds.items()},
        subjects=await worked.received_by(session, By.SUBJECT, *span),
        districts=await worked.received_by(session, By.DISTRICT, *span),
        ticket_channels=await _by_channel(session, *span),
        departments=[
            (called.get(one.key, one.key), one) for one in await worked.departments(session, *span, now)
        ],
        results=[(called.get(key, key) or NOBODY, ended[key]) for key in nobody_last(ended)],
        standing=await worked.standing(session, now),
    )


def share(part: int, whole: int) -> str:
    """Of a hundred, with one decimal; a dash where there is nothing to divide by."""
    return f"{100 * part / whole:.1f}%" if whole else "—"


async def _by_channel(session: AsyncSession, since: datetime, until: datetime) -> dict[str, int]:
    count = func.count()
    rows = await session.execute(
        select(Thread.channel, count)
        .select_from(Ticket)
        .outerjoin(Thread, Thread.id == Ticket.thread_id)
        .where(Ticket.submitted_at >= since, Ticket.submitted_at < until)
        .group_by(Thread.channel)
        .order_by(count.desc(), Thread.channel)
    )
    return {CHANNEL_NAMES.get(channel, channel) if channel else GONE: number for channel, number in rows}
