"""What becomes of groups that wait for an article: it is published, or nobody writes it any more."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select

from desk.desk import Desk
from desk.learning.wording import marks_of
from knowledge.learning.models import GroupState, UnansweredGroup
from knowledge.models import ArticleRow, ArticleState, Card, CardRevision, Step


async def settle(desk: Desk) -> int:
    """Groups whose article was published since, with a question that was added for them, are answered; how many.

    Where its draft was given up, or it was archived, they are open again.
    """
    for group_id in await _given_up(desk):
        async with desk.database.write() as session:
            group = await session.get_one(UnansweredGroup, group_id, with_for_update=True)
            if group.state is GroupState.WRITING:
                group.state, group.article, group.added = GroupState.OPEN, None, []
                group.reopened_at, group.revision = desk.clock(), group.revision + 1
    async with desk.database.read() as session:
        rows = await session.execute(
            select(UnansweredGroup.id, UnansweredGroup.added, ArticleRow.content)
            .join(ArticleRow, ArticleRow.key == UnansweredGroup.article)
            .where(
                UnansweredGroup.state == GroupState.WRITING,
                ArticleRow.state == ArticleState.PUBLISHED,
                ArticleRow.changed_at >= UnansweredGroup.decided_at,
            )
        )
        ready = [id for id, added, content in rows if not added or not marks_of(content).isdisjoint(added)]
    for group_id in ready:
        async with desk.database.write() as session:
            group = await session.get_one(UnansweredGroup, group_id, with_for_update=True)
            if group.state is GroupState.WRITING:
                group.state, group.revision = GroupState.ANSWERED, group.revision + 1
                group.decided_at, group.recurred = desk.clock(), 0
    return len(ready)


async def _given_up(desk: Desk) -> Sequence[int]:
    newest = and_(CardRevision.key == Card.key, CardRevision.number == Card.revision)
    async with desk.database.read() as session:
        groups = await session.scalars(
            select(UnansweredGroup.id)
            .join(Card, Card.key == UnansweredGroup.article)
            .join(CardRevision, newest)
            .where(
                UnansweredGroup.state == GroupState.WRITING,
                CardRevision.step.in_((Step.GIVEN_UP, Step.ARCHIVED)),
                CardRevision.at >= UnansweredGroup.decided_at,
            )
        )
        return groups.all()
