"""How often and by how many enterprises the questions of a group were asked, kept right when people are erased."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Person, Thread
from knowledge.learning.models import AnswerProposal, GroupState, UnansweredGroup, UnansweredQuestion


async def recount(session: AsyncSession, groups: Collection[int] | None = None) -> None:
    """Count the questions of these groups; without an argument of all that are not as they were counted."""
    wanted = await _astray(session) if groups is None else groups
    if not wanted:
        return
    asker = func.coalesce(Person.circle, Person.id)
    rows = await session.execute(
        select(
            UnansweredQuestion.group_id,
            func.count(),
            func.count(asker.distinct()),
            func.max(UnansweredQuestion.asked_at),
            func.min(UnansweredQuestion.message_id),
        )
        .join(Thread, Thread.id == UnansweredQuestion.thread_id)
        .join(Person, Person.id == Thread.person_id)
        .where(UnansweredQuestion.group_id.in_(wanted))
        .group_by(UnansweredQuestion.group_id)
    )
    counted = {row[0]: row[1:] for row in rows}
    for group in await session.scalars(select(UnansweredGroup).where(UnansweredGroup.id.in_(wanted))):
        if group.id in counted:
            group.questions, group.askers, group.last_asked_at, group.lead = counted[group.id]
        else:
            group.questions = group.askers = group.lead = 0
    await session.flush()
    empty = (
        UnansweredGroup.id.in_(wanted),
        UnansweredGroup.questions == 0,
        UnansweredGroup.state == GroupState.OPEN,
    )
    of_them = select(UnansweredGroup.id).where(*empty)
    await session.execute(delete(AnswerProposal).where(AnswerProposal.group_id.in_(of_them)))
    await session.execute(delete(UnansweredGroup).where(*empty))


async def _astray(session: AsyncSession) -> Collection[int]:
    """Groups that lost questions since they were counted."""
    rows = await session.scalars(
        select(UnansweredGroup.id)
        .outerjoin(UnansweredQuestion, UnansweredQuestion.group_id == UnansweredGroup.id)
        .group_by(UnansweredGroup.id, UnansweredGroup.questions)
        .having(func.count(UnansweredQuestion.message_id) != UnansweredGroup.questions)
    )
    return rows.all()
