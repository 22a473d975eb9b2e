"""What an enterprise is told when its ticket moves, in its own channel."""

from __future__ import annotations

from collections.abc import Sequence

from desk.progress import due_line
from tickets.models import KIND_NAMES, Ticket, TicketClock
from tickets.states import Step

_NOT_CONTENT = "如果问题没有解决或者对答复不满意，请直接回复“没有解决”，工作人员会回访核实；也可以回复“转人工”，或拨打 12345。"


def news(
    ticket: Ticket,
    step: Step,
    *,
    note: str,
    running: Sequence[TicketClock],
    answer: str = "",
    department: str = "",
) -> str | None:
    """What to say of a step; None where it does not concern the enterprise.

    `note`: the reason given; `answer`: the text that was released; `department`: the name of who has it now.
    """
    said = _SAID.get(step)
    if said is None:
        return None
    lines = [
        f"您的{KIND_NAMES[ticket.kind]}（工单 {ticket.number}，{ticket.subject}）{said.format(department=department)}"
    ]
    if step is Step.RELEASED:
        lines += [answer, _NOT_CONTENT]
    elif step in _WITH_REASON:
        lines.append(f"理由：{note}")
    if step in _OBJECTIONS:
        lines.append(_OBJECTIONS[step])
    if due := due_line(running):
        lines.append(due)
    return "\n".join(lines)


_SAID = {
    Step.ACCEPTED: "已受理。",
    Step.DEEMED: "在规定期限内没有作出决定，按规定视为受理。",
    Step.REFUSED: "经审核，不予受理。",
    Step.DISPATCHED: "已派单，由{department}办理。",
    Step.REGRADED: "调整了办理级别，办理期限重新计算。",
    Step.EXTENDED: "情况需要更多时间，经批准延期办理。",
    Step.SUSPENDED: "已中止办理，期限暂停计算。恢复办理时会通知您。",
    Step.RESUMED: "已恢复办理。",
    Step.RELEASED: "有答复了：",
    Step.REWORKED: "将重新办理。",
    Step.TERMINATED: "已终止办理。",
    Step.UPHELD: "经复核，维持原处理结果。",
    Step.REFUSAL_UPHELD: "经复核，维持不予受理决定。",
    Step.OVERTURNED: "经复核，撤销原处理结果，重新办理。",
}
_WITH_REASON = (
    Step.REFUSED, Step.REGRADED, Step.EXTENDED, Step.SUSPENDED, Step.TERMINATED, Step.UPHELD, Step.REFUSAL_UPHELD,
    Step.OVERTURNED,
)  # fmt: skip
_OBJECTIONS = {
    Step.REFUSED: "对这个决定有异议的，可以在这里回复“转人工”申请复核，或拨打 12345。",
    Step.TERMINATED: "对这个决定有异议的，可以在这里回复“转人工”说明，或拨打 12345；有新的情况可以重新提交。",
}
