"""差评整改: opened once for each bad rating, moved by its table, its two limits counted in working days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from store.workdays import Calendar
from tickets.clocks import due_at
from tickets.conditions import Bounds
from tickets.life import ENTERPRISE, Rules
from tickets.limits import Level, Limit, Timed
from tickets.models import Rectification, RectificationEvent
from tickets.rectification_states import (
    CASE_CLOSED,
    CASE_MOVE_OF,
    CASE_STATE_NAMES,
    CASE_STEP_NAMES,
    PROPOSES,
    SECOND_PERSON,
    CaseState,
    CaseStep,
    case_may,
)
from tickets.states import Actor

# The two lowest levels of five.
BAD_UP_TO = 2
# So often somebody is called in vain before a case goes on without having reached them.
TRIES = 3
_DEFAULTS = Bounds()


class CaseStepRefused(Exception):
    """A step that is not taken; `text` says why, in Chinese, to whoever tried."""

    def __init__(self, case: int, step: CaseStep, text: str) -> None:
        super().__init__(f"{step} of case {case} is refused")
        self.text = text


@dataclass(frozen=True, slots=True)
class Rated:
    """The bad rating that a case is opened for. `ticket_id` or `thread_id`: what was rated."""

    rating_id: str
    level: int
    at: datetime
    tags: Sequence[str] = ()
    comment: str = ""
    ticket_id: str | None = None
    thread_id: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class CaseDoing:
    """Who takes a step, in which of the parts, and what they write. `by`: an account's id, or `ENTERPRISE`."""

    by: str
    parts: frozenset[Actor]
    at: datetime
    note: str = ""


async def open_case(session: AsyncSession, rated: Rated, rules: Rules) -> Rectification:
    """The case of a bad rating: the one that there is, or a new one."""
    if known := await of_rating(session, rated.rating_id):
        return known
    contact, rectify = (rules.limits.of(t, Level.GENERAL).limit for t in (Timed.CONTACT, Timed.RECTIFY))
    case = Rectification(
        rating_id=rated.rating_id, ticket_id=rated.ticket_id, thread_id=rated.thread_id,
        department=rated.department, state=CaseState.TO_CONTACT, level=rated.level, tags=list(rated.tags),
        comment=rated.comment, rated_at=rated.at, opened_at=rated.at,
        contact_limit=str(contact), rectify_limit=str(rectify), tries=0, proposal="",
    )  # fmt: skip
    _count(case, rules.calendar)
    session.add(case)
    await session.flush()
    _record(session, case, CaseStep.OPENED, CaseDoing(ENTERPRISE, frozenset(), rated.at), before=None)
    return case


async def take_case_step(
    session: AsyncSession,
    case: Rectification,
    step: CaseStep,
    doing: CaseDoing,
    bounds: Bounds = _DEFAULTS,
) -> RectificationEvent:
    """Take a step, in the session's transaction; the event written. Raises `CaseStepRefused`.

    The case's row is locked until the transaction ends.
    """
    await session.refresh(case, with_for_update=True)
    resting = step is CaseStep.TRIED and rests(await case_events(session, case.id), doing.at, bounds)
    if refused := refusal(case, step, doing.by, doing.parts, resting=resting, bounds=bounds):
        raise refused
    if CASE_MOVE_OF[step].note and not doing.note.strip():
        raise CaseStepRefused(case.id, step, f"“{CASE_STEP_NAMES[step]}”要写明情况。")
    before = case.state
    _change(case, step, doing)
    return _record(session, case, step, doing, before=before)


def refusal(
    case: Rectification,
    step: CaseStep,
    by: str,
    parts: Iterable[Actor],
    *,
    resting: bool = False,
    bounds: Bounds = _DEFAULTS,
) -> CaseStepRefused | None:
    """Why the step is not taken by somebody now; None where it may be. `resting`: see `rests`."""
    move, name = CASE_MOVE_OF[step], CASE_STEP_NAMES[step]
    if not move.actors & frozenset(parts):
        return CaseStepRefused(case.id, step, f"您的岗位不能“{name}”。")
    if case.state not in move.before:
        text = f"这件差评现在是“{CASE_STATE_NAMES[case.state]}”，不能“{name}”。请刷新后再看。"
        return CaseStepRefused(case.id, step, text)
    if step in SECOND_PERSON and case.proposed_by == by:
        return CaseStepRefused(case.id, step, f"“{name}”须由另一个人决定，提出的人不能自己批准。")
    if step is CaseStep.TRIED and resting:
        hours = bounds.call_pause.total_seconds() / 3600
        text = f"刚刚记过一次未联系上，请隔 {hours:g} 小时以上换个时间再联系。"
        return CaseStepRefused(case.id, step, text)
    if step is CaseStep.UNREACHED and case.tries < TRIES:
        return CaseStepRefused(case.id, step, f"联系不上满 {TRIES} 次才能不经联系列入整改。")
    if step is CaseStep.RATED_AGAIN and case.again_level is not None:
        return CaseStepRefused(case.id, step, "已经追评过了，只能追评一次。")
    return None


def rests(events: Iterable[RectificationEvent], at: datetime, bounds: Bounds = _DEFAULTS) -> bool:
    """Whether the last try in vain is not long ago: as a call-back, the next one is made at another time."""
    tried = [event.at for event in events if event.step is CaseStep.TRIED]
    return bool(tried) and at - tried[-1] < bounds.call_pause


def case_offered(
    case: Rectification, parts: Iterable[Actor], account: str, *, resting: bool = False
) -> tuple[CaseStep, ...]:
    """The steps that somebody may take now."""
    parts = frozenset(parts)
    return tuple(
        step
        for step in case_may(case.state, parts)
        if refusal(case, step, account, parts, resting=resting) is None
    )


async def of_rating(session: AsyncSession, rating_id: str) -> Rectification | None:
    """The case of a rating, if there is one."""
    return await session.scalar(select(Rectification).where(Rectification.rating_id == rating_id))


async def case_events(session: AsyncSession, case_id: int) -> Sequence[RectificationEvent]:
    """What happened to a case, in order."""
    found = select(RectificationEvent).where(RectificationEvent.rectification_id == case_id)
    return (await session.scalars(found.order_by(RectificationEvent.id))).all()


async def recount_cases(session: AsyncSession, calendar: Calendar) -> int:
    """Count the limits of every open case anew by this calendar; how many cases are due at another time than before."""
    changed = 0
    found = select(Rectification).where(Rectification.closed_at.is_(None)).order_by(Rectification.id)
    for case in await session.scalars(found.with_for_update()):
        before = case.due_at
        _count(case, calendar)
        changed += case.due_at != before
    return changed


def _count(case: Rectification, calendar: Calendar) -> None:
    """When the limits end; what is over about getting in touch is not made late afterwards."""
    if case.state is CaseState.TO_CONTACT:
        case.contact_by = _end(case.contact_limit, case.opened_at, calendar)
    case.rectify_by = _end(case.rectify_limit, case.opened_at, calendar)
    case.due_at = case.contact_by if case.state is CaseState.TO_CONTACT else case.rectify_by


def _end(limit: str, opened_at: datetime, calendar: Calendar) -> datetime:
    end = due_at(Limit.parse(limit), opened_at, calendar)
    assert end is not None, "only a suspended limit has no end"
    return end


def _change(case: Rectification, step: CaseStep, doing: CaseDoing) -> None:
    move = CASE_MOVE_OF[step]
    case.state, case.way = move.after or case.state, move.way or case.way
    if step in PROPOSES:
        case.proposal, case.proposed_by = doing.note.strip(), doing.by
    match step:
        case CaseStep.TRIED:
            case.tries += 1
        case CaseStep.CONTACTED | CaseStep.UNREACHED:
            case.handler, case.due_at = doing.by, case.rectify_by
            case.contacted_at = doing.at if step is CaseStep.CONTACTED else None
    if case.state in CASE_CLOSED and case.closed_at is None:
        case.closed_at = doing.at


def _record(
    session: AsyncSession,
    case: Rectification,
    step: CaseStep,
    doing: CaseDoing,
    *,
    before: CaseState | None,
) -> RectificationEvent:
    event = RectificationEvent(
        rectification_id=case.id, thread_id=case.thread_id, step=step, note=doing.note.strip(), by=doing.by,
        before=before, after=case.state, at=doing.at,
    )  # fmt: skip
    session.add(event)
    return event
