"""What staff are told of bad ratings, in words that name no person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from store.clock import CITY_ZONE
from tickets.limits import TIMED_NAMES, Limit, Timed, Unit
from tickets.models import Rectification, Ticket
from tickets.rectification_states import CaseState, CaseStep

_OF_STEP: Mapping[CaseStep, str] = {
    CaseStep.OPENED: "{what}收到差评，请尽快联系企业。",
    CaseStep.FIXED: "{what}的差评整改结果等您审核。",
    CaseStep.EXPLAINED: "{what}的差评解释说明等您审核。",
    CaseStep.SUBMITTED: "{what}的差评整改结果等您审核。",
    CaseStep.APPEALED: "{what}的差评有申诉，等您复核。",
    CaseStep.SENT_BACK: "{what}的差评整改被审核退回，请修改。",
    CaseStep.DENIED: "{what}的差评申诉不成立，请继续整改。",
    CaseStep.RATED_AGAIN: "{what}的差评整改以后，企业追评仍不满意。",
}


def of_case_step(step: CaseStep, ticket: Ticket | None) -> str:
    """That something has happened to a case."""
    return _OF_STEP[step].format(what=_what(ticket))


def of_case_near(one: Rectification, ticket: Ticket | None) -> str:
    """That its limit is soon over."""
    return f"{_what(ticket)}的{_limit(one)}期限是{_when(one)}，请抓紧。"


def of_case_late(one: Rectification, ticket: Ticket | None, days: int) -> str:
    """That its limit is over, since so many working days."""
    since = f"已超期 {days} 个工作日" if days else "已超期"
    return f"{_what(ticket)}的{_limit(one)}{since}，请尽快办理。"


def of_case_late_above(one: Rectification, ticket: Ticket | None, days: int) -> str:
    """The same to who answers for the department."""
    since = f"超期 {days} 个工作日" if days else "超期"
    return f"{_what(ticket)}的{_limit(one)}{since}还没有完成，请督促。"


def _what(ticket: Ticket | None) -> str:
    return f"工单 {ticket.number}（{ticket.subject}）" if ticket else "一段对话"


def _limit(one: Rectification) -> str:
    return TIMED_NAMES[Timed.CONTACT if one.state is CaseState.TO_CONTACT else Timed.RECTIFY]


def _when(one: Rectification) -> str:
    local: datetime = one.due_at.astimezone(CITY_ZONE)
    limit = one.contact_limit if one.state is CaseState.TO_CONTACT else one.rectify_limit
    hour = f" {local:%H:%M}" if Limit.parse(limit).unit is Unit.HOURS else ""
    return f"{local.month}月{local.day}日{hour}"
