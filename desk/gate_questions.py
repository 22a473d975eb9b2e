"""The questions of the gate: kept by whoever writes, changed and dropped by who may publish; each in the audit log."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from knowledge.models import StoredQuestion
from knowledge.questions import drop_question, keep_question
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from staff.roles import Permission


async def keep(desk: Desk, member: Actor, text: str, article: str) -> None:
    """Have the gate ask a question. `article`: the key that is to answer it, "" for none. Raises `CardRefused`."""
    async with desk.database.write() as session:
        may = member.may(Permission.KNOWLEDGE_PUBLISH)
        row, before = await keep_question(
            session, text, article, by=member.username, at=desk.clock(), relabel=may
        )
        if before != article:
            _record(desk, session, member, "新增" if before is None else "改应答文章", row)


async def drop(desk: Desk, member: Actor, id: int) -> None:
    """The gate asks it no more; nothing happens where it is gone."""
    async with desk.database.write() as session:
        row = await drop_question(session, id)
        if row is not None:
            _record(desk, session, member, "删除", row)


def _record(desk: Desk, session: AsyncSession, member: Actor, what: str, row: StoredQuestion) -> None:
    # Not its words: somebody may have written a name, and nobody can clear the audit log.
    detail = {what: f"第 {row.id} 个", "应答文章": row.article or "不应当直接答复"}
    audit.record(session, member, Action.TEST_QUESTION_CHANGED, at=desk.clock(), detail=detail)
