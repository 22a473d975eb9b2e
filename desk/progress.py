"""How a ticket stands, as its enterprise is told: nothing of what passes between departments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from store.clock import CITY_ZONE
from tickets.limits import Limit, Timed
from tickets.models import KIND_NAMES, Ticket, TicketClock, TicketEvent
from tickets.states import STATE_NAMES, STEP_NAMES, Step

_INTERNAL = frozenset(
    {
        Step.REFUSAL_ASKED,
        Step.REFUSAL_DENIED,
        Step.RETURNED,
        Step.ARBITRATED,
        Step.REASSIGNED,
        Step.STARTED,
        Step.EXTENSION_ASKED,
        Step.EXTENSION_DENIED,
        Step.DRAFTED,
        Step.SENT_BACK,
        Step.CALL_BACK_DUE,
        Step.CALL_TRIED,
        Step.CALL_GIVEN_UP,
        Step.SUPERVISED,
        Step.ARCHIVED,
    }
)
# The reasons that the enterprise is owed, and what it wrote itself.
_EXPLAINED = frozenset(
    {
        Step.REFUSED,
        Step.EXTENDED,
        Step.REGRADED,
        Step.SUSPENDED,
        Step.UPHELD,
        Step.REFUSAL_UPHELD,
        Step.OVERTURNED,
        Step.TERMINATED,
        Step.SUPPLEMENTED,
        Step.CONTESTED,
    }
)
_NOTE_LETTERS = 60


def progress(ticket: Ticket, history: Sequence[TicketEvent], running: Sequence[TicketClock]) -> str:
    """Where a ticket stands, what is due when, and a plain timeline. `running`: its clocks that have not ended."""
    lines = [
        f"工单 {ticket.number}（{KIND_NAMES[ticket.kind]}·{ticket.subject}）当前状态：{STATE_NAMES[ticket.state]}。"
    ]
    if due := due_line(running):
        lines.append(due)
    lines += [_line(event, history) for event in history if event.step not in _INTERNAL]
    return "\n".join(lines)


def due_line(running: Sequence[TicketClock]) -> str:
    """What is due for the enterprise and when; empty where nothing is."""
    for clock in running:
        if clock.timed not in (Timed.DECIDE, Timed.HANDLE):
            continue
        if clock.due_at is None:
            return "办理已中止，期限暂停计算。"
        within = Limit.parse(clock.limit).text()
        if clock.timed is Timed.DECIDE:
            return f"应在 {_day(clock.due_at)}前（{within}内）决定是否受理，逾期视为受理。"
        longer = f"，经批准延长 {clock.extra} 个工作日" if clock.extra else ""
        return f"应在 {_day(clock.due_at)}前（受理后 {within}{longer}）答复。"
    return ""


def reason_told(event: TicketEvent, history: Sequence[TicketEvent]) -> str:
    """The reason of a step as the enterprise is told it: of a refusal the one that was approved, not the approval's."""
    if event.step is not Step.REFUSED:
        return event.note
    return next((one.note for one in reversed(history) if one.step is Step.REFUSAL_ASKED), event.note)


def told_reason(event: TicketEvent, history: Sequence[TicketEvent]) -> str:
    """The reason of a step where the enterprise is owed it, or what it wrote itself; else empty."""
    return reason_told(event, history) if event.step in _EXPLAINED else ""


def _line(event: TicketEvent, history: Sequence[TicketEvent]) -> str:
    when = event.at.astimezone(CITY_ZONE)
    told = told_reason(event, history)
    note = f"：{told[:_NOTE_LETTERS]}" if told else ""
    return f"{when.month}月{when.day}日 {when:%H:%M} {STEP_NAMES[event.step]}{note}"


def _day(moment: datetime) -> str:
    local = moment.astimezone(CITY_ZONE)
    return f"{local.month}月{local.day}日"
