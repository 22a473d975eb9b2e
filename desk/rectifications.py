"""A member of staff takes a step with a 差评 case: once, on what they have seen; its enterprise is told what concerns it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Author, Message, Rating, Thread
from desk.desk import Desk
from desk.notices import at_first
from desk.parts import parts_in, sight_of
from desk.rating_asking import ask_again
from desk.rating_words import LEVEL_NAMES
from staff import audit
from staff.actors import Actor as Member
from staff.audit import Action
from tickets.models import Rectification, RectificationEvent, Ticket
from tickets.rectification import CaseDoing, CaseStepRefused, take_case_step
from tickets.rectification_lists import seen_case
from tickets.rectification_states import CASE_STEP_NAMES, CaseStep, Way
from tickets.states import Actor

MOST_NOTE = 2_000


def case_parts(member: Member, case: Rectification) -> frozenset[Actor]:
    """In what parts somebody works on a case: a department's handlers and reviewers only on their own tickets'."""
    return parts_in(member, case.department if case.ticket_id else None)


async def work_case(
    desk: Desk, member: Member, case_id: int, step: CaseStep, *, after: int, note: str
) -> None:
    """Take a step. `after`: the last event that whoever fills it in has seen. A second press changes nothing.

    Raises `CaseStepRefused`; `LookupError` where there is no such case, or none that this member sees.
    """
    async with desk.database.write() as session:
        case = await _locked(session, case_id)
        if case is None or await seen_case(session, case_id, sight_of(member)) is None:
            raise LookupError(case_id)
        happened = await _first_since(session, case_id, after)
        if happened and happened.step is step and happened.by == member.account_id:
            return
        if happened:
            name = CASE_STEP_NAMES[happened.step]
            raise CaseStepRefused(
                case_id, step, f"这件差评刚有新的进展（{name}），请先看过再提交。填写的内容还在。"
            )
        if len(note) > MOST_NOTE:
            raise CaseStepRefused(case_id, step, f"最多写 {MOST_NOTE} 字。")
        doing = CaseDoing(member.account_id or "", case_parts(member, case), desk.clock(), note)
        await take_case_step(session, case, step, doing, desk.bounds)
        await _tell(desk, session, case, step, note.strip())
        detail = {"步骤": CASE_STEP_NAMES[step]}
        audit.record(
            session, member, Action.CASE_MOVED, audit.rectification(case_id), at=doing.at, detail=detail
        )
    desk.to_send.set()


async def _locked(session: AsyncSession, case_id: int) -> Rectification | None:
    # The rating first, as where its enterprise rates once more: neither waits for the other's second row.
    case = await session.get(Rectification, case_id)
    if case is None:
        return None
    await session.get(Rating, case.rating_id, with_for_update=True)
    return await session.get(Rectification, case_id, with_for_update=True, populate_existing=True)


async def _tell(desk: Desk, session: AsyncSession, case: Rectification, step: CaseStep, note: str) -> None:
    """What the enterprise is owed: the result, with the question whether it is content now, or why its rating is void."""
    if step not in (CaseStep.RELEASED, CaseStep.UPHELD):
        return
    ticket = await session.get(Ticket, case.ticket_id) if case.ticket_id else None
    of_what = f"工单 {ticket.number} 的办理" if ticket else "我们的服务"
    rated = f"您对{of_what}评了“{LEVEL_NAMES[case.level]}”"
    if step is CaseStep.UPHELD:
        text = f"{rated}。经复核，这次评价不计入统计。理由：{note}\n有异议的，可以在这里回复“转人工”，或拨打 12345。"
        await _say(desk, session, case, ticket, text)
        return
    became = "核实的情况向您说明如下" if case.way is Way.EXPLAIN else "已经整改，结果如下"
    text = f"{rated}，{became}：\n{case.proposal}\n您现在满意吗？请再评价一次，原来的评价仍然保留："
    await ask_again(desk, session, case.rating_id, text)


async def _say(
    desk: Desk, session: AsyncSession, case: Rectification, ticket: Ticket | None, text: str
) -> None:
    rating = await session.get(Rating, case.rating_id)
    thread = await session.get(Thread, rating.thread_id) if rating and rating.thread_id else None
    if thread is None:
        return
    message = Message(
        thread_id=thread.id,
        author=Author.SYSTEM,
        channel=thread.channel,
        external_id=f"rating:{case.rating_id}:voided",
        text=text,
        detail={"outcome": "ticket" if ticket else "smalltalk", "ticket": ticket.number if ticket else None},
        delivery=at_first(thread.channel),
        created_at=desk.clock(),
    )
    session.add(message)


async def _first_since(session: AsyncSession, case_id: int, after: int) -> RectificationEvent | None:
    return await session.scalar(
        select(RectificationEvent)
        .where(RectificationEvent.rectification_id == case_id, RectificationEvent.id > after)
        .order_by(RectificationEvent.id)
        .limit(1)
    )
