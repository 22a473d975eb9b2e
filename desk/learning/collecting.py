"""Collecting what was not answered, grouped by meaning. Done again, it changes nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Question
from conversations.questions import (
    UNSOLVED,
    Trouble,
    asked_before,
    badly_rated,
    noted_since,
    texts_of,
    troubles,
)
from desk.desk import Desk
from desk.learning.counting import recount
from knowledge.learning.likeness import Likeness
from knowledge.learning.models import GroupState, LearningMark, UnansweredGroup, UnansweredQuestion, Why
from knowledge.search.text import normalise

_FIRST = timedelta(days=90)  # so far back the first collection looks
_AGAIN = timedelta(days=1)  # and so far back each later one: some things show only later
_PICKED_WITHIN = timedelta(minutes=30)
_BADLY = 2  # 不满意
_AT_ONCE = 200  # questions in one transaction
_STANDING = 50  # questions of a parted group that stand for it: as many as a person can part at once


@dataclass(slots=True)
class Collector:
    """Keeps in memory what stands for the groups, as the database has it: of each its leader, of one that a person parted from
    another its first questions, so that what they put asunder is not joined again."""

    desk: Desk
    likeness: Likeness = field(default_factory=Likeness)
    leaders: dict[int, int] = field(default_factory=dict)  # a message -> the group that it stands for

    async def round(self) -> int:
        """Collect what is new; how many questions."""
        desk, now, done = self.desk, self.desk.clock(), 0
        async with desk.database.read() as session:
            mark = await session.get(LearningMark, 1)
            since = mark.collected_until - _AGAIN if mark else now - _FIRST
            found = await _unanswered(session, since, now, desk.talk_idle)
        waiting = list(found.items())
        for start in range(0, len(waiting), _AT_ONCE):
            async with desk.database.write() as session:
                await _hold(session, since + _AGAIN)
                done += await self._keep(session, dict(waiting[start : start + _AT_ONCE]))
        async with desk.database.write() as session:
            await _hold(session, now, move=True)
            await recount(session)
        return done

    async def _keep(self, session: AsyncSession, found: Mapping[int, Why]) -> int:
        known = await session.scalars(
            select(UnansweredQuestion.message_id).where(UnansweredQuestion.message_id.in_(found))
        )
        fresh = sorted(found.keys() - set(known))
        if not fresh:
            return 0
        await self._refresh(session)
        rows = await session.scalars(select(Question).where(Question.message_id.in_(fresh)))
        questions = [row for row in sorted(rows, key=lambda row: row.message_id) if normalise(row.text)]
        joined: dict[int, list[Question]] = {}
        for question in questions:
            group = await self._group_of(session, question)
            joined.setdefault(group, []).append(question)
            session.add(
                UnansweredQuestion(
                    message_id=question.message_id,
                    thread_id=question.thread_id,
                    group_id=group,
                    why=found[question.message_id],
                    asked_at=question.asked_at,
                )
            )
        await session.flush()
        await recount(session, joined)
        await _reopen(self.desk, session, joined)
        return len(questions)

    async def _refresh(self, session: AsyncSession) -> None:
        """Take in the groups of other processes, and forget those whose leader is gone."""
        now = await _standing(session)
        for lead in [lead for lead, group in self.leaders.items() if now.get(lead) != group]:
            self.likeness.remove(lead)
            del self.leaders[lead]
        fresh = {lead: group for lead, group in now.items() if lead not in self.leaders}
        texts = await texts_of(session, fresh)
        leading = [(lead, group, texts[lead]) for lead, group in sorted(fresh.items()) if lead in texts]
        await asyncio.to_thread(self._lead, leading)

    def _lead(self, leading: Sequence[tuple[int, int, str]]) -> None:
        for lead, group, text in leading:
            self.likeness.add(lead, text)
            self.leaders[lead] = group

    async def _group_of(self, session: AsyncSession, question: Question) -> int:
        if (nearest := self.likeness.nearest(question.text)) is not None:
            return self.leaders[nearest]
        group = UnansweredGroup(lead=question.message_id, last_asked_at=question.asked_at)
        session.add(group)
        await session.flush()
        self._lead([(question.message_id, group.id, question.text)])
        return group.id


async def _standing(session: AsyncSession) -> dict[int, int]:
    """A message -> the group that it stands for."""
    leads = await session.execute(select(UnansweredGroup.lead, UnansweredGroup.id))
    found: dict[int, int] = {row[0]: row[1] for row in leads}
    parted = await session.execute(
        select(UnansweredQuestion.message_id, UnansweredQuestion.group_id)
        .join(UnansweredGroup, UnansweredGroup.id == UnansweredQuestion.group_id)
        .where(UnansweredGroup.apart)
        .order_by(UnansweredQuestion.message_id)
    )
    counts: Counter[int] = Counter()
    for message, group in parted:
        counts[group] += 1
        if counts[group] <= _STANDING:
            found[message] = group
    return found


async def _unanswered(
    session: AsyncSession, since: datetime, now: datetime, talk: timedelta
) -> dict[int, Why]:
    """Message -> why its question counts as not answered."""
    found: dict[int, Why] = {}
    for trouble in await troubles(session, since):
        question = trouble.question
        if question.outcome == "handoff" or question.intent == UNSOLVED:
            why = Why.HANDED_OVER if question.outcome == "handoff" else Why.UNSOLVED
            before = await asked_before(
                session, question.thread_id, question.asked_at, question.asked_at - talk,
                before_id=question.message_id,
            )  # fmt: skip
            if before is not None:
                found.setdefault(before.message_id, why)
        elif question.outcome == "unknown":
            found[question.message_id] = Why.UNKNOWN
        elif _not_picked(trouble, now):
            found[question.message_id] = Why.CLARIFIED
    for rating in await badly_rated(session, since, _BADLY):
        if rating.thread_id is None or rating.rated_at is None:
            continue  # its person is gone
        ended = rating.owed_at or rating.rated_at  # a rating may be given days after its talk
        last = await asked_before(session, rating.thread_id, ended, ended - talk)
        if last is not None:
            found.setdefault(last.message_id, Why.RATED)
    found.update(dict.fromkeys(await noted_since(session, since), Why.NOTED))
    return found


def _not_picked(trouble: Trouble, now: datetime) -> bool:
    """A question that the bot asked back to, and nothing of what it offered was taken."""
    question, after = trouble.question, trouble.next
    if not question.options:
        return False
    if after is None:
        return question.asked_at <= now - _PICKED_WITHIN
    return not (after.outcome == "answered" and after.article in question.options)


async def _hold(session: AsyncSession, until: datetime, *, move: bool = False) -> None:
    """Let no other process collect until the transaction ends."""
    mark = await session.get(LearningMark, 1, with_for_update=True, populate_existing=True)
    if mark is None:
        session.add(LearningMark(id=1, collected_until=until))
        await session.flush()
    elif move and until > mark.collected_until:
        mark.collected_until = until


async def _reopen(desk: Desk, session: AsyncSession, joined: Mapping[int, Sequence[Question]]) -> None:
    """What was decided and is asked again so often is open again."""
    decided = await session.scalars(
        select(UnansweredGroup).where(
            UnansweredGroup.id.in_(joined),
            UnansweredGroup.state.in_((GroupState.DISMISSED, GroupState.ANSWERED)),
        )
    )
    for group in decided:
        since = group.decided_at
        group.recurred += sum(since is None or question.asked_at > since for question in joined[group.id])
        if group.recurred >= desk.learning.reopen_after:
            group.state, group.recurred = GroupState.OPEN, 0
            group.reopened_at, group.revision = desk.clock(), group.revision + 1
