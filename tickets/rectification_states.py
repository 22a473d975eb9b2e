"""The life of a 差评 case as a table: where it can stand, what can happen there, who does it, and where it stands then.

The four ways of handling a bad rating are those that cities follow 国办发〔2019〕51号 with: mended at once (立行立改), within a
time limit and in the ledger (限期整改), explained where nothing is to be mended (解释说明), appealed where it was given by
mistake or in bad faith (申诉复核).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tickets.states import Actor


class CaseState(StrEnum):
    """Where a case stands."""

    TO_CONTACT = "to_contact"
    CONTACTED = "contacted"
    RECTIFYING = "rectifying"
    REVIEW = "review"
    APPEALED = "appealed"
    RECTIFIED = "rectified"
    VOIDED = "voided"  # the appeal was right: the rating does not count


CASE_STATE_NAMES = {
    CaseState.TO_CONTACT: "待联系",
    CaseState.CONTACTED: "已联系",
    CaseState.RECTIFYING: "整改中",
    CaseState.REVIEW: "待审核",
    CaseState.APPEALED: "申诉复核中",
    CaseState.RECTIFIED: "已整改",
    CaseState.VOIDED: "申诉成立",
}


class Way(StrEnum):
    """How a bad rating is handled."""

    PROMPT = "prompt"
    DEADLINE = "deadline"
    EXPLAIN = "explain"
    APPEAL = "appeal"


WAY_NAMES = {
    Way.PROMPT: "立行立改",
    Way.DEADLINE: "限期整改",
    Way.EXPLAIN: "解释说明",
    Way.APPEAL: "申诉复核",
}


class CaseStep(StrEnum):
    """What happens to a case."""

    OPENED = "opened"
    TRIED = "tried"
    CONTACTED = "contacted"
    UNREACHED = "unreached"
    FIXED = "fixed"
    PLANNED = "planned"
    EXPLAINED = "explained"
    SUBMITTED = "submitted"
    APPEALED = "appealed"
    RELEASED = "released"
    SENT_BACK = "sent_back"
    UPHELD = "upheld"
    DENIED = "denied"
    RATED_AGAIN = "rated_again"


CASE_STEP_NAMES = {
    CaseStep.OPENED: "差评立案",
    CaseStep.TRIED: "未联系上",
    CaseStep.CONTACTED: "联系企业",
    CaseStep.UNREACHED: "多次联系不上，列入整改",
    CaseStep.FIXED: "立行立改",
    CaseStep.PLANNED: "限期整改",
    CaseStep.EXPLAINED: "解释说明",
    CaseStep.SUBMITTED: "提交整改结果",
    CaseStep.APPEALED: "申诉复核",
    CaseStep.RELEASED: "审核通过",
    CaseStep.SENT_BACK: "审核退回",
    CaseStep.UPHELD: "申诉成立",
    CaseStep.DENIED: "申诉不成立",
    CaseStep.RATED_AGAIN: "追评",
}


@dataclass(frozen=True, slots=True)
class CaseMove:
    """What one step needs and does. `after`: None leaves the case where it stands; `note`: it must be given."""

    step: CaseStep
    actors: frozenset[Actor]
    before: frozenset[CaseState]
    after: CaseState | None
    note: bool = True
    way: Way | None = None


_S, _T = CaseState, CaseStep
# A supervisor sees to talks, which no department has in hand, and stands in where a handler or a reviewer is away.
_WORKS = frozenset({Actor.HANDLER, Actor.SUPERVISOR})
_REVIEWS, _DECIDES = frozenset({Actor.REVIEWER, Actor.SUPERVISOR}), frozenset({Actor.SUPERVISOR})


def _in(*states: CaseState) -> frozenset[CaseState]:
    return frozenset(states)


CASE_MOVES: tuple[CaseMove, ...] = (
    CaseMove(_T.TRIED, _WORKS, _in(_S.TO_CONTACT), None),
    CaseMove(_T.CONTACTED, _WORKS, _in(_S.TO_CONTACT), _S.CONTACTED),
    CaseMove(_T.UNREACHED, _WORKS, _in(_S.TO_CONTACT), _S.RECTIFYING, way=Way.DEADLINE),
    CaseMove(_T.FIXED, _WORKS, _in(_S.CONTACTED), _S.REVIEW, way=Way.PROMPT),
    CaseMove(_T.PLANNED, _WORKS, _in(_S.CONTACTED), _S.RECTIFYING, way=Way.DEADLINE),
    CaseMove(_T.EXPLAINED, _WORKS, _in(_S.CONTACTED, _S.RECTIFYING), _S.REVIEW, way=Way.EXPLAIN),
    CaseMove(_T.SUBMITTED, _WORKS, _in(_S.RECTIFYING), _S.REVIEW, way=Way.DEADLINE),
    CaseMove(_T.APPEALED, _WORKS, _in(_S.CONTACTED, _S.RECTIFYING), _S.APPEALED, way=Way.APPEAL),
    CaseMove(_T.RELEASED, _REVIEWS, _in(_S.REVIEW), _S.RECTIFIED, note=False),
    # What was to be settled at once, or only explained, was not: from here on it is mended within the limit.
    CaseMove(_T.SENT_BACK, _REVIEWS, _in(_S.REVIEW), _S.RECTIFYING, way=Way.DEADLINE),
    CaseMove(_T.UPHELD, _DECIDES, _in(_S.APPEALED), _S.VOIDED),
    # The rating stands, so what it is about has to be mended all the same.
    CaseMove(_T.DENIED, _DECIDES, _in(_S.APPEALED), _S.RECTIFYING, way=Way.DEADLINE),
    CaseMove(_T.RATED_AGAIN, frozenset({Actor.ENTERPRISE}), _in(_S.RECTIFIED), None, note=False),
)
CASE_MOVE_OF = {move.step: move for move in CASE_MOVES}
CASE_OPEN = _in(_S.TO_CONTACT, _S.CONTACTED, _S.RECTIFYING, _S.REVIEW, _S.APPEALED)
CASE_CLOSED = _in(_S.RECTIFIED, _S.VOIDED)
# What one person puts forward and another decides.
PROPOSES = frozenset({_T.FIXED, _T.EXPLAINED, _T.SUBMITTED, _T.APPEALED})
SECOND_PERSON = frozenset({_T.RELEASED, _T.SENT_BACK, _T.UPHELD, _T.DENIED})


def case_may(state: CaseState, actors: Iterable[Actor]) -> tuple[CaseStep, ...]:
    """The steps that somebody with these parts may take with a case that stands there, in the order of the table."""
    parts = frozenset(actors)
    return tuple(move.step for move in CASE_MOVES if state in move.before and move.actors & parts)
