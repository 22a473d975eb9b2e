"""What staff are told, in words that name no person: a notice outlives the reasons to see one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from staff.models import NoticeKind
from store.clock import CITY_ZONE
from tickets.limits import TIMED_NAMES, Level, Limit, Unit
from tickets.models import KIND_NAMES, Ticket, TicketClock
from tickets.states import Step

_OF_STEP: Mapping[Step, str] = {
    Step.SUBMITTED: "您联系的企业提交了{what}。",
    Step.DISPATCHED: "{what}已派给本部门，请签收。",
    Step.ARBITRATED: "{what}已指定本部门办理，请签收。",
    Step.REASSIGNED: "{what}已改派给本部门，请签收。",
    Step.SENT_BACK: "{what}的答复被审核退回，请修改。",
    Step.REWORKED: "{what}要重办，请看理由。",
    Step.URGED: "企业催办{what}，请尽快办理。",
    Step.SUPERVISED: "{what}已列入督办，要求见“经过”。",
    Step.REFUSAL_ASKED: "{what}拟不予受理，等您批准。",
    Step.EXTENSION_ASKED: "{what}申请延期，等您批准。",
    Step.DRAFTED: "{what}的答复等您审核。",
    Step.RETURNED: "{what}被承办部门退单，请另行派单或指定。",
    Step.DEEMED: "{what}到期没有作出决定，已视为受理，请尽快派单；提出过不予受理的，不再审批。",
    Step.REFUSAL_DENIED: "{what}的不予受理没有批准，请受理。",
    Step.SUPPLEMENTED: "企业补充了{what}的情况，请看“经过”。",
    Step.CONTESTED: "企业反映{what}没有解决，请尽快回访核实。",
    Step.WITHDRAWN: "{what}已由企业撤回，不用再办。",
    Step.EXTENDED: "{what}的延期申请已批准，期限已顺延。",
    Step.EXTENSION_DENIED: "{what}的延期申请没有批准，请按原期限办理。",
    Step.SUSPENDED: "{what}已中止，期限暂停计算。",
    Step.REGRADED: "{what}调整了级别，办理期限重新计算，请看“期限”。",
    Step.RESUMED: "{what}已恢复办理，请接着办。",
    Step.TERMINATED: "{what}已终止，不用再办。",
    Step.REEXAMINATION_ASKED: "企业对{what}的结果有异议，申请复核，等您决定。",
}
# The same step in other words to those who have to do something about it.
_OF_KIND: Mapping[tuple[NoticeKind, Step], str] = {
    (NoticeKind.SUBMITTED, Step.SUBMITTED): "有新的{what}等待受理。",
}

_URGENT = "有新的{what}等待受理，文中像是急事（停水、停气、停电、险情一类），请马上看。"


def of_step(step: Step, ticket: Ticket, kind: NoticeKind | None = None) -> str:
    """That something has happened to a ticket. `kind`: of the notice, where the step is told in several ways."""
    text = (_OF_KIND.get((kind, step)) if kind else None) or _OF_STEP[step]
    if kind is NoticeKind.SUBMITTED and ticket.level is Level.URGENT:
        text = _URGENT
    return text.format(what=_what(ticket))


def of_near(clock: TicketClock, ticket: Ticket) -> str:
    """That a limit is soon over."""
    assert clock.due_at is not None, "a suspended limit is never near"
    local = clock.due_at.astimezone(CITY_ZONE)
    when = f"{local.month}月{local.day}日"
    if Limit.parse(clock.limit).unit is Unit.HOURS:
        when += f" {local:%H:%M}"
    return f"{_what(ticket)}的{TIMED_NAMES[clock.timed]}期限是{when}，请抓紧。"


def of_late(clock: TicketClock, ticket: Ticket, days: int) -> str:
    """That a limit is over, since so many working days."""
    since = f"已超期 {days} 个工作日" if days else "已超期"
    return f"{_what(ticket)}的{TIMED_NAMES[clock.timed]}{since}，请尽快办理。"


def of_late_above(clock: TicketClock, ticket: Ticket, days: int) -> str:
    """The same to who answers for the department."""
    since = f"超期 {days} 个工作日" if days else "超期"
    return f"{_what(ticket)}的{TIMED_NAMES[clock.timed]}{since}还没有完成，请督促。"


def of_waiting(time: timedelta) -> str:
    """That an enterprise waits for a person."""
    return f"有企业等待人工接待已超过 {int(time.total_seconds() // 60)} 分钟。"


def of_mention(name: str) -> str:
    """That a colleague calls somebody in a note."""
    return f"{name}在一段对话的备注里提到了您。"


def of_handed_over(name: str) -> str:
    """That a colleague gives a talk to somebody."""
    return f"{name}把一段对话转给了您，请接着接待。"


def _what(ticket: Ticket) -> str:
    return f"{KIND_NAMES[ticket.kind]} {ticket.number}（{ticket.subject}）"
