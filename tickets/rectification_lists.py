"""The 差评 cases as staff look for them, and the ledger of what was done about them (整改台账)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.call_back import Called
from tickets.lists import Sight, names_of
from tickets.models import Rectification, RectificationEvent, Ticket
from tickets.rectification_states import PROPOSES, CaseState, CaseStep, Way
from tickets.results import last_calls


class CaseQueue(StrEnum):
    """What is to be done."""

    OPEN = "open"
    CONTACT = "contact"
    RECTIFY = "rectify"
    REVIEW = "review"
    APPEAL = "appeal"
    OVERDUE = "overdue"
    CLOSED = "closed"


CASE_QUEUE_NAMES: Mapping[CaseQueue, str] = {
    CaseQueue.OPEN: "未结",
    CaseQueue.CONTACT: "待联系",
    CaseQueue.RECTIFY: "整改中",
    CaseQueue.REVIEW: "待审核",
    CaseQueue.APPEAL: "待复核",
    CaseQueue.OVERDUE: "已超期",
    CaseQueue.CLOSED: "已结",
}
_STATES: Mapping[CaseQueue, Collection[CaseState]] = {
    CaseQueue.CONTACT: (CaseState.TO_CONTACT,),
    CaseQueue.RECTIFY: (CaseState.CONTACTED, CaseState.RECTIFYING),
    CaseQueue.REVIEW: (CaseState.REVIEW,),
    CaseQueue.APPEAL: (CaseState.APPEALED,),
}


@dataclass(frozen=True, slots=True)
class CasePlace:
    """Where a page begins: after the case of that moment and id."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list, with its ticket if it is a ticket's."""

    case: Rectification
    ticket: Ticket | None

    def place(self, queue: CaseQueue) -> CasePlace:
        """Where the page after this row begins."""
        at = self.case.opened_at if queue is CaseQueue.CLOSED else self.case.due_at
        return CasePlace(at, self.case.id)


async def case_page(
    session: AsyncSession,
    queue: CaseQueue,
    sight: Sight,
    *,
    now: datetime,
    department: str = "",
    after: CasePlace | None = None,
    limit: int = 50,
) -> list[CaseRow]:
    """A page of a queue: what is due first in front, of what is closed the newest."""
    statement = _cases().where(_in_queue(queue, now), _seen(sight))
    if department:
        statement = statement.where(Rectification.department == department)
    if queue is CaseQueue.CLOSED:
        place = tuple_(Rectification.opened_at, Rectification.id)
        order = (Rectification.opened_at.desc(), Rectification.id.desc())
        begun = place < (after.at, after.id) if after else None
    else:
        place = tuple_(Rectification.due_at, Rectification.id)
        order = (Rectification.due_at.asc(), Rectification.id.asc())
        begun = place > (after.at, after.id) if after else None
    if begun is not None:
        statement = statement.where(begun)
    rows = await session.execute(statement.order_by(*order).limit(limit))
    return [CaseRow(case, ticket) for case, ticket in rows]


async def case_counts(session: AsyncSession, sight: Sight, *, now: datetime) -> dict[CaseQueue, int]:
    """How many cases there are in each queue; of those that are closed nobody asks."""
    found: dict[CaseQueue, int] = {}
    for queue in CaseQueue:
        if queue is CaseQueue.CLOSED:
            continue
        inner = _cases().where(_in_queue(queue, now), _seen(sight)).with_only_columns(func.count())
        found[queue] = await session.scalar(inner) or 0
    return found


async def seen_case(session: AsyncSession, case_id: int, sight: Sight) -> CaseRow | None:
    """The case, if it may be seen."""
    found = (await session.execute(_cases().where(Rectification.id == case_id, _seen(sight)))).first()
    return CaseRow(found[0], found[1]) if found else None


async def case_of_ticket(session: AsyncSession, ticket_id: str) -> Rectification | None:
    """The case of a ticket, if its rating was bad; whether the ticket may be seen is for whoever asks to know."""
    return await session.scalar(select(Rectification).where(Rectification.ticket_id == ticket_id))


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the 整改台账. `enterprise` and `ticket` are empty for a talk; `confidential` asks for care.

    `enterprise` is the full name, and `names` are those that its texts may hold: whoever shows it masks them. `contact_late`, `rectify_late`: against the limits, by what
    was done or, where nothing was, by `now`. `counts`: whether the rating counts (not where an appeal was upheld).
    """

    ticket: str
    subject: str
    enterprise: str
    names: Collection[str]
    confidential: bool
    department: str | None
    level: int
    tags: tuple[str, ...]
    comment: str
    rated_at: datetime
    state: CaseState
    way: Way | None
    contacted_at: datetime | None
    unreached: bool
    contact_late: bool
    closed_at: datetime | None
    rectify_late: bool
    measures: str
    appeal_reason: str
    counts: bool
    again_level: int | None
    called: Called | None = None  # what was answered when the ticket's enterprise was called back last


async def ledger(
    session: AsyncSession, since: datetime, until: datetime, *, now: datetime | None = None
) -> list[LedgerRow]:
    """The cases opened from `since` to before `until`, in that order. `now`: by default `until`."""
    at = now or until
    statement = _cases().where(Rectification.opened_at >= since, Rectification.opened_at < until)
    rows = (await session.execute(statement.order_by(Rectification.opened_at, Rectification.id))).all()
    reasons = await _appeals(session, [case.id for case, _ in rows])
    calls = await last_calls(session, [ticket.id for _, ticket in rows if ticket])
    of_talks = await names_of(session, {case.thread_id for case, ticket in rows if ticket is None})
    return [
        replace(
            _line(case, ticket, of_talks.get(case.thread_id or "", ()), reasons.get(case.id, ""), at),
            called=calls.get(case.ticket_id or ""),
        )
        for case, ticket in rows
    ]


def _line(
    case: Rectification, ticket: Ticket | None, of_talk: Collection[str], appeal_reason: str, now: datetime
) -> LedgerRow:
    return LedgerRow(
        ticket=ticket.number if ticket else "",
        subject=ticket.subject if ticket else "在线咨询",
        enterprise=ticket.enterprise if ticket else "",
        names=ticket.names if ticket else of_talk,
        confidential=ticket.confidential if ticket else False,
        department=case.department,
        level=case.level,
        tags=tuple(case.tags),
        comment=case.comment,
        rated_at=case.rated_at,
        state=case.state,
        way=case.way,
        contacted_at=case.contacted_at,
        unreached=case.unreached,
        contact_late=(case.contacted_at or now) > case.contact_by,
        closed_at=case.closed_at,
        rectify_late=(case.closed_at or now) > case.rectify_by,
        measures=case.proposal,
        appeal_reason=appeal_reason,
        counts=case.state is not CaseState.VOIDED,
        again_level=case.again_level,
    )


async def _appeals(session: AsyncSession, cases: Sequence[int]) -> dict[int, str]:
    """Case -> what was decided about its appeal, as long as nothing else was put forward after it."""
    if not cases:
        return {}
    decided = (CaseStep.UPHELD, CaseStep.DENIED)
    steps = (*decided, *PROPOSES)
    rows = await session.execute(
        select(RectificationEvent.rectification_id, RectificationEvent.step, RectificationEvent.note)
        .where(RectificationEvent.rectification_id.in_(cases), RectificationEvent.step.in_(steps))
        .order_by(RectificationEvent.rectification_id, RectificationEvent.id)  # along its index
    )
    last = {case: (step, note) for case, step, note in rows}
    return {case: note for case, (step, note) in last.items() if step in decided}


def _cases() -> Select[Rectification, Ticket]:
    # The ticket is None for a talk's case.
    return select(Rectification, Ticket).outerjoin(Ticket, Ticket.id == Rectification.ticket_id)


def _in_queue(queue: CaseQueue, now: datetime) -> ColumnElement[bool]:
    match queue:
        case CaseQueue.OPEN:
            return Rectification.closed_at.is_(None)
        case CaseQueue.OVERDUE:
            return and_(Rectification.closed_at.is_(None), Rectification.due_at < now)
        case CaseQueue.CLOSED:
            return Rectification.closed_at.is_not(None)
    return Rectification.state.in_(_STATES[queue])


def _seen(sight: Sight) -> ColumnElement[bool]:
    """What may be seen: of one's own department, or of all; a confidential ticket's only by who sees the ticket."""
    allowed: list[ColumnElement[bool]] = [Rectification.id.is_not(None)]
    if sight.department is not None:
        allowed.append(Rectification.department == sight.department)
    if not sight.confidential:
        allowed.append(
            or_(
                Rectification.ticket_id.is_(None),
                Ticket.confidential.is_(False),
                Ticket.handler == sight.account,
                Rectification.department == (sight.reviews or None),
            )
        )
    return and_(*allowed)
