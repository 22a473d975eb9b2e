"""A department that a group of unanswered questions is given to: it is told, and writes to the editors what the answer is."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from knowledge.learning.models import AnswerProposal, GroupState, UnansweredGroup
from staff import audit, notices
from staff.accounts import who_may
from staff.actors import Actor
from staff.audit import Action
from staff.models import Account, Department, NoticeKind
from staff.notices import Telling
from staff.roles import Permission

LONGEST_PROPOSAL = 1_000
MOST_PROPOSALS = 50
OPEN_STATES = (GroupState.OPEN, GroupState.WRITING)


class ProposalRefused(ValueError):
    """It cannot be written; the message says why, for a person."""


async def tell_department(
    desk: Desk, session: AsyncSession, group: UnansweredGroup, department: Department, *, by: Actor
) -> int:
    """Tell who works there and may open the group that it is theirs now; how many were told.

    The notice holds none of the questions' words: they go when their people do.
    """
    accounts = [
        *await who_may(session, Permission.UNANSWERED_PROPOSE),
        *await who_may(session, Permission.KNOWLEDGE_EDIT),
    ]
    told = {
        account.id: account
        for account in accounts
        if account.department == department.key and account.id != by.account_id
    }
    text = f"有一组未答问题分给{department.name}（第 {group.id} 组，{group.askers} 家企业问过），请告诉知识编辑正确的答复。"
    occasion = f"questions-{group.id}-{group.revision}-{department.key}"
    return await _tell(desk, session, told.values(), occasion, text, group)


async def propose(desk: Desk, member: Actor, group_id: int, text: str) -> None:
    """Write to the editors what the answer is, for the own department. Written again, it stays one. Raises
    `ProposalRefused`."""
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST_PROPOSAL:
        raise ProposalRefused(f"请写明正确的答复，不超过 {LONGEST_PROPOSAL} 字。")
    async with desk.database.write() as session:
        group = await session.get(UnansweredGroup, group_id, with_for_update=True, populate_existing=True)
        if group is None or not member.department or group.department != member.department:
            raise ProposalRefused("这一组问题已经不在本部门。写的内容没有保存。")
        if group.state not in OPEN_STATES:
            raise ProposalRefused("这一组问题已经处理过了，不用再写。写的内容没有保存。")
        present = await proposals(session, group.id)
        if present and (present[-1].by, present[-1].text) == (member.username, text):
            return
        if len(present) >= MOST_PROPOSALS:
            raise ProposalRefused(f"一组问题最多写 {MOST_PROPOSALS} 条，请直接联系知识编辑。")
        row = AnswerProposal(
            group_id=group.id,
            department=member.department,
            by=member.username,
            text=text,
            at=desk.clock(),
        )
        session.add(row)
        await session.flush()
        await _tell_editors(desk, session, group, row)
        detail = {"未答问题": f"第 {group.id} 组", "答复建议": "（内容见这一组）"}
        audit.record(session, member, Action.UNANSWERED_DECIDED, at=desk.clock(), detail=detail)


async def proposals(session: AsyncSession, group_id: int) -> Sequence[AnswerProposal]:
    """What departments have written about a group, in order."""
    rows = await session.scalars(
        select(AnswerProposal).where(AnswerProposal.group_id == group_id).order_by(AnswerProposal.id)
    )
    return rows.all()


async def _tell_editors(
    desk: Desk, session: AsyncSession, group: UnansweredGroup, proposal: AnswerProposal
) -> None:
    """Who gave the group to the department; where they edit no more, every editor."""
    editors = await who_may(session, Permission.KNOWLEDGE_EDIT)
    asked = [account for account in editors if account.username == group.decided_by]
    department = await session.get(Department, proposal.department)
    name = department.name if department else proposal.department
    text = f"{name}给第 {group.id} 组未答问题写了答复建议，请查看后答复。"
    await _tell(desk, session, asked or editors, f"proposal-{proposal.id}", text, group)


async def _tell(
    desk: Desk,
    session: AsyncSession,
    accounts: Collection[Account],
    occasion: str,
    text: str,
    group: UnansweredGroup,
) -> int:
    tellings = [
        Telling(account.id, NoticeKind.QUESTIONS, occasion, text, question_group=group.id)
        for account in accounts
    ]
    return await notices.tell(session, tellings, desk.clock())
