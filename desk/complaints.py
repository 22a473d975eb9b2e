"""A confirmed complaint or request becomes a ticket, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from conversations.attachments import give_to_ticket, of_talk
from conversations.models import Thread
from conversations.threads import lock
from desk.announcing import announce_step
from desk.desk import Desk
from desk.grading import urgency
from desk.intake.fields import SKIPPED
from desk.rules import rules
from desk.values import Button, Reply
from tickets.limits import Level, Timed, TimeLimits
from tickets.models import KIND_NAMES, Kind, Ticket
from tickets.states import STATE_NAMES, Step
from tickets.tickets import Draft, open_ticket, opened_by

PROGRESS = Button("查询进度", "/progress")
SECOND = Button("再提交一件", "/request")
_NAMED = 5
_DANGER = "看起来是急事，已为工作人员标出。有危险的，请先离开现场，马上拨打 119 或 110，不要等这里的答复。"


async def submit(
    desk: Desk, *, thread_id: str, message_id: int, kind: Kind, values: Mapping[str, str]
) -> Reply:
    """The receipt of the ticket that the message confirmed; a repeated call gives the same ticket.

    What the person sent in this talk and belongs to no other ticket goes with it.
    """
    async with desk.database.write() as session:
        # In order with a file that comes just now: it is either seen here, or sees the ticket (desk/keeping.py).
        await lock(session, thread_id)
        thread = await session.get_one(Thread, thread_id)
        repeated = await opened_by(session, message_id) is not None
        ticket = await open_ticket(
            session,
            draft_of(kind, values),
            prefix=desk.city.prefix,
            person_id=thread.person_id,
            thread_id=thread_id,
            confirmed_by=message_id,
            at=desk.clock(),
            new_id=desk.new_id,
            rules=await rules(desk, session),
        )
        if not repeated:
            await announce_step(desk, session, ticket, Step.SUBMITTED, ticket.submitted_at)
        attached = await give_to_ticket(session, thread_id, ticket.id)
    said = receipt(ticket, desk.limits, attached)
    return Reply(said, outcome="ticket", ticket=ticket.number, buttons=(PROGRESS, SECOND))


async def attached_to_form(desk: Desk, thread_id: str) -> str:
    """What would go with the ticket if it were confirmed now: 2 个（图片、合同.pdf）; empty where there is nothing."""
    async with desk.database.read() as session:
        attachments = await of_talk(session, thread_id)
    names = [attachment.name or attachment.noun for attachment in attachments[:_NAMED]]
    if len(attachments) > _NAMED:
        names.append("……")
    return f"{len(attachments)} 个（{'、'.join(names)}）" if names else ""


def cancelled() -> Reply:
    """The form was left: nothing is kept."""
    return Reply("已取消，没有提交任何内容。以后需要时说“我要投诉”或“我有诉求”就行。", outcome="smalltalk")


def draft_of(kind: Kind, values: Mapping[str, str]) -> Draft:
    """The form's values as a draft."""
    draft = Draft(
        kind=kind,
        enterprise=values["enterprise"],
        credit_code=None if values["credit_code"] == SKIPPED else values["credit_code"],
        contact=values["contact"],
        phone=values["phone"],
        district=values["district"],
        subject=values["subject"],
        description=values["description"],
        wanted=values["wanted"],
        confidential=values["confidential"] == "是",
    )
    found = urgency(draft)
    return replace(draft, level=found.level) if found else draft


def receipt(ticket: Ticket, limits: TimeLimits, attached: int = 0) -> str:
    """What the enterprise is told: the number, the promise and how to ask.

    `attached`: how many files go with it.
    """
    enter, decide = (limits.of(timed, ticket.level).limit for timed in (Timed.ENTER, Timed.DECIDE))
    lines = [
        f"您的{KIND_NAMES[ticket.kind]}已提交，工单编号 {ticket.number}，当前状态：{STATE_NAMES[ticket.state]}。",
        f"接下来：{_day(ticket.enter_by)}前（{enter.text()}内）录入平台，"
        f"{_day(ticket.decide_by)}前（{decide.text()}内）决定是否受理并告诉您；逾期没有决定的，视为受理。",
        "想知道进度，直接在这里问“我的工单到哪一步了”；换了设备，报工单编号和联系电话后四位也能查。"
        "需要补充、催办或撤回，也在这里说一声就行。",
        "\n依据：《河南省营商环境投诉举报案件调查处理办法》（豫政办〔2024〕67号）",
    ]
    if ticket.level is Level.URGENT:
        lines.insert(1, _DANGER)
    if attached:
        lines.insert(1, f"附件：{attached} 个，已随{KIND_NAMES[ticket.kind]}一起提交。")
    if ticket.confidential:
        lines.insert(-2, "您选择了保密，只有受理和办理这张工单的人能看到您的信息。")
    return "\n".join(lines)


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
