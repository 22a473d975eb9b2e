"""The life of a ticket as a table: where it can stand, what can happen there, who does it, and where it stands then.

Nothing else decides whether a step may be taken; the drawing in docs/tickets.md is made from the same table. The words
are those of the city's hotline and of 《河南省营商环境投诉举报案件调查处理办法》(豫政办〔2024〕67号).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a ticket stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    DEEMED = "deemed"  # nobody decided in time
    REFUSED = "refused"
    DISPATCHED = "dispatched"
    RETURNED = "returned"  # the department says that it is not theirs
    SIGNED = "signed"
    WORKING = "working"
    SUSPENDED = "suspended"
    REVIEW = "review"  # an answer is drafted, the enterprise has not seen it
    ANSWERED = "answered"
    CALL_BACK = "call_back"
    CLOSED = "closed"
    REEXAMINED = "reexamined"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    ARCHIVED = "archived"


STATE_NAMES = {
    State.SUBMITTED: "待受理",
    State.ACCEPTED: "已受理",
    State.DEEMED: "视为受理",
    State.REFUSED: "不予受理",
    State.DISPATCHED: "已派单",
    State.RETURNED: "已退单",
    State.SIGNED: "已签收",
    State.WORKING: "办理中",
    State.SUSPENDED: "已中止",
    State.REVIEW: "待审核",
    State.ANSWERED: "已答复",
    State.CALL_BACK: "待回访",
    State.CLOSED: "已办结",
    State.REEXAMINED: "复核中",
    State.WITHDRAWN: "已撤回",
    State.TERMINATED: "已终止",
    State.ARCHIVED: "已归档",
}


class Step(StrEnum):
    """What happens to a ticket."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    DEEMED = "deemed"
    REFUSAL_ASKED = "refusal_asked"
    REFUSED = "refused"
    REFUSAL_DENIED = "refusal_denied"
    REGRADED = "regraded"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    RETURNED = "returned"
    ARBITRATED = "arbitrated"
    REASSIGNED = "reassigned"
    STARTED = "started"
    EXTENSION_ASKED = "extension_asked"
    EXTENDED = "extended"
    EXTENSION_DENIED = "extension_denied"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    DRAFTED = "drafted"
    SENT_BACK = "sent_back"
    RELEASED = "released"
    CONTESTED = "contested"
    CALL_BACK_DUE = "call_back_due"
    CALL_TRIED = "call_tried"
    CALLED_BACK = "called_back"
    CALL_GIVEN_UP = "call_given_up"
    REWORKED = "reworked"
    URGED = "urged"
    SUPPLEMENTED = "supplemented"
    SUPERVISED = "supervised"
    REEXAMINATION_ASKED = "reexamination_asked"
    UPHELD = "upheld"
    REFUSAL_UPHELD = "refusal_upheld"
    OVERTURNED = "overturned"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"
    ARCHIVED = "archived"


STEP_NAMES = {
    Step.SUBMITTED: "已提交",
    Step.ACCEPTED: "受理",
    Step.DEEMED: "视为受理",
    Step.REFUSAL_ASKED: "拟不予受理",
    Step.REFUSED: "不予受理",
    Step.REFUSAL_DENIED: "不同意不予受理",
    Step.REGRADED: "调整级别",
    Step.DISPATCHED: "派单",
    Step.SIGNED: "签收",
    Step.RETURNED: "退单",
    Step.ARBITRATED: "指定办理",
    Step.REASSIGNED: "改派",
    Step.STARTED: "开始办理",
    Step.EXTENSION_ASKED: "申请延期",
    Step.EXTENDED: "延期",
    Step.EXTENSION_DENIED: "不同意延期",
    Step.SUSPENDED: "中止",
    Step.RESUMED: "恢复办理",
    Step.DRAFTED: "提交答复",
    Step.SENT_BACK: "审核退回",
    Step.RELEASED: "答复",
    Step.CONTESTED: "反映未解决",
    Step.CALL_BACK_DUE: "转回访",
    Step.CALL_TRIED: "回访未接通",
    Step.CALLED_BACK: "回访办结",
    Step.CALL_GIVEN_UP: "多次未接通办结",
    Step.REWORKED: "重办",
    Step.URGED: "催办",
    Step.SUPPLEMENTED: "补充说明",
    Step.SUPERVISED: "督办",
    Step.REEXAMINATION_ASKED: "申请复核",
    Step.UPHELD: "复核维持",
    Step.REFUSAL_UPHELD: "维持不予受理",
    Step.OVERTURNED: "复核撤销",
    Step.WITHDRAWN: "撤回",
    Step.TERMINATED: "终止",
    Step.ARCHIVED: "归档",
}


class Actor(StrEnum):
    """In what part somebody takes a step. `CLOCK`: nobody did, time did."""

    ENTERPRISE = "enterprise"
    CLOCK = "clock"
    AGENT = "agent"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    ARBITER = "arbiter"


# Where the department has it in hand.
IN_HAND = frozenset({State.SIGNED, State.WORKING})
# Where nothing is settled yet: it may be urged, added to, withdrawn, terminated, put under supervision.
OPEN = frozenset(
    {
        State.SUBMITTED,
        State.ACCEPTED,
        State.DEEMED,
        State.DISPATCHED,
        State.RETURNED,
        State.SIGNED,
        State.WORKING,
        State.SUSPENDED,
        State.REVIEW,
    }
)
OVER = frozenset({State.REFUSED, State.CLOSED, State.WITHDRAWN, State.TERMINATED})
_ACCEPTED = frozenset({State.ACCEPTED, State.DEEMED})
# Where the answer is out and nobody has asked the enterprise yet whether it helped.
UNCONFIRMED = frozenset({State.ANSWERED, State.CALL_BACK})
_ANSWERED = UNCONFIRMED | {State.CLOSED}


@dataclass(frozen=True, slots=True)
class Move:
    """What one step needs and does. `after`: None leaves the ticket where it stands; `reason`: it must be given."""

    step: Step
    actors: frozenset[Actor]
    before: frozenset[State]
    after: State | None
    reason: bool = False


def _move(
    step: Step,
    actors: Actor | Iterable[Actor],
    before: State | frozenset[State],
    after: State | None,
    *,
    reason: bool = False,
) -> Move:
    # A StrEnum member is itself an iterable of letters.
    who = frozenset({actors}) if isinstance(actors, Actor) else frozenset(actors)
    where = frozenset({before}) if isinstance(before, State) else before
    return Move(step, who, where, after, reason)


_A, _S, _T = Actor, State, Step
MOVES: tuple[Move, ...] = (
    _move(_T.ACCEPTED, _A.DISPATCHER, _S.SUBMITTED, _S.ACCEPTED),
    _move(_T.DEEMED, _A.CLOCK, _S.SUBMITTED, _S.DEEMED),
    _move(_T.REFUSAL_ASKED, _A.DISPATCHER, _S.SUBMITTED, None, reason=True),
    _move(_T.REFUSED, _A.SUPERVISOR, _S.SUBMITTED, _S.REFUSED, reason=True),
    _move(_T.REFUSAL_DENIED, _A.SUPERVISOR, _S.SUBMITTED, None, reason=True),
    _move(_T.REGRADED, (_A.DISPATCHER, _A.SUPERVISOR), OPEN - {_S.SUBMITTED}, None, reason=True),
    _move(_T.DISPATCHED, _A.DISPATCHER, _ACCEPTED | {_S.RETURNED}, _S.DISPATCHED),
    _move(_T.SIGNED, _A.HANDLER, _S.DISPATCHED, _S.SIGNED),
    _move(_T.RETURNED, _A.HANDLER, _S.DISPATCHED, _S.RETURNED, reason=True),
    _move(_T.ARBITRATED, (_A.ARBITER, _A.SUPERVISOR), IN_HAND | {_S.RETURNED}, _S.DISPATCHED, reason=True),
    _move(_T.REASSIGNED, (_A.DISPATCHER, _A.SUPERVISOR), IN_HAND, _S.DISPATCHED, reason=True),
    _move(_T.STARTED, _A.HANDLER, _S.SIGNED, _S.WORKING),
    _move(_T.EXTENSION_ASKED, _A.HANDLER, IN_HAND, None, reason=True),
    _move(_T.EXTENDED, _A.SUPERVISOR, IN_HAND, None, reason=True),
    _move(_T.EXTENSION_DENIED, _A.SUPERVISOR, IN_HAND, None, reason=True),
    _move(_T.SUSPENDED, _A.SUPERVISOR, IN_HAND, _S.SUSPENDED, reason=True),
    _move(_T.RESUMED, _A.SUPERVISOR, _S.SUSPENDED, _S.WORKING),
    _move(_T.DRAFTED, _A.HANDLER, IN_HAND, _S.REVIEW),
    # A supervisor stands in where the department has no reviewer.
    _move(_T.SENT_BACK, (_A.REVIEWER, _A.SUPERVISOR), _S.REVIEW, _S.WORKING, reason=True),
    _move(_T.RELEASED, (_A.REVIEWER, _A.SUPERVISOR), _S.REVIEW, _S.ANSWERED),
    # Whether it is to be handled again is decided by who calls back, at once and not only on the next day.
    _move(_T.CONTESTED, _A.ENTERPRISE, UNCONFIRMED, _S.CALL_BACK),
    _move(_T.CALL_BACK_DUE, _A.CLOCK, _S.ANSWERED, _S.CALL_BACK),
    _move(_T.CALL_TRIED, _A.AGENT, _S.CALL_BACK, None),
    _move(_T.CALLED_BACK, _A.AGENT, _S.CALL_BACK, _S.CLOSED),
    _move(_T.CALL_GIVEN_UP, _A.AGENT, _S.CALL_BACK, _S.CLOSED, reason=True),
    _move(_T.REWORKED, (_A.AGENT, _A.SUPERVISOR), _ANSWERED, _S.WORKING, reason=True),
    _move(_T.URGED, _A.ENTERPRISE, OPEN, None),
    _move(_T.SUPPLEMENTED, _A.ENTERPRISE, OPEN | UNCONFIRMED, None),
    _move(_T.SUPERVISED, (_A.SUPERVISOR, _A.CLOCK), OPEN - {_S.SUSPENDED}, None, reason=True),
    # A confidential ticket no agent sees: it is asked for by who dispatches.
    _move(
        _T.REEXAMINATION_ASKED,
        (_A.AGENT, _A.DISPATCHER),
        _ANSWERED | {_S.REFUSED},
        _S.REEXAMINED,
        reason=True,
    ),
    _move(_T.UPHELD, _A.SUPERVISOR, _S.REEXAMINED, _S.CLOSED, reason=True),
    _move(_T.REFUSAL_UPHELD, _A.SUPERVISOR, _S.REEXAMINED, _S.REFUSED, reason=True),
    _move(_T.OVERTURNED, _A.SUPERVISOR, _S.REEXAMINED, _S.ACCEPTED, reason=True),
    _move(_T.WITHDRAWN, _A.ENTERPRISE, OPEN, _S.WITHDRAWN),
    # What nobody has decided about yet is refused by two persons, not ended by one.
    _move(_T.TERMINATED, _A.SUPERVISOR, OPEN - {_S.SUBMITTED}, _S.TERMINATED, reason=True),
    _move(_T.ARCHIVED, _A.CLOCK, OVER, _S.ARCHIVED),
)
MOVE_OF = {move.step: move for move in MOVES}


def may(state: State, actors: Iterable[Actor]) -> tuple[Step, ...]:
    """The steps that somebody with these parts may take with a ticket that stands there, in the order of the table."""
    parts = frozenset(actors)
    return tuple(move.step for move in MOVES if state in move.before and move.actors & parts)
