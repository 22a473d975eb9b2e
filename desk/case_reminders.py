"""Staff are told of bad ratings: of steps by the marks of the events, of limits by how the cases stand."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, String, case, cast, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.case_words import of_case_late, of_case_late_above, of_case_near, of_case_step
from desk.recipients import Recipients
from desk.rounds import MOST, Round
from staff.models import Notice, NoticeKind
from staff.notices import Telling, told
from store.clock import city_date
from tickets.models import Rectification, RectificationEvent, Ticket
from tickets.rectification import BAD_UP_TO
from tickets.rectification_states import CaseState, CaseStep
from tickets.timing import is_late_by

_K, _S, _T = NoticeKind, CaseState, CaseStep
_KIND_OF = {
    _T.OPENED: _K.CASE,
    _T.FIXED: _K.REVIEW,
    _T.EXPLAINED: _K.REVIEW,
    _T.SUBMITTED: _K.REVIEW,
    _T.APPEALED: _K.REEXAMINE,
    _T.SENT_BACK: _K.BACK,
    _T.DENIED: _K.BACK,
    _T.RATED_AGAIN: _K.AGAIN,
}
# In whose hands it is: what is late there is told there.
_STAGES = {_S.TO_CONTACT: "contact", _S.REVIEW: "review", _S.APPEALED: "appeal"}
_MENDING = "mend"
_LIMITS = (_K.DUE, _K.OVERDUE, _K.ESCALATED)
Case = tuple[Rectification, Ticket | None]


async def of_cases(look: Round, who: Recipients) -> list[Telling]:
    """What is to be told of them now."""
    found = await _steps(look, who)
    for kind in _LIMITS:
        for one, ticket in await _limited(look, kind):
            found += _of_limit(kind, one, ticket, who, look)
    return found


async def settled_cases(session: AsyncSession) -> list[int]:
    """Unread notices of cases about which nothing is left to be done."""
    over = Rectification.closed_at.is_not(None) | (_occasion_in_sql() != Notice.occasion)
    done = or_(
        (Notice.kind == _K.CASE) & (Rectification.state != _S.TO_CONTACT),
        (Notice.kind == _K.REVIEW) & (Rectification.state != _S.REVIEW),
        (Notice.kind == _K.REEXAMINE) & (Rectification.state != _S.APPEALED),
        (Notice.kind == _K.BACK) & (Rectification.state != _S.RECTIFYING),
        Notice.kind.in_(_LIMITS) & over,
    )
    found = await session.scalars(
        select(Notice.id)
        .join(Rectification, Rectification.id == Notice.rectification)
        .where(Notice.read_at.is_(None), done)
        .limit(MOST)
    )
    return list(found)


async def _steps(look: Round, who: Recipients) -> list[Telling]:
    span = look.spans["cases"]
    rows = await look.session.execute(
        select(RectificationEvent, Rectification, Ticket)
        .join(Rectification, Rectification.id == RectificationEvent.rectification_id)
        .outerjoin(Ticket, Ticket.id == Rectification.ticket_id)
        .where(
            RectificationEvent.id > span.begins,
            RectificationEvent.id <= span.until,
            RectificationEvent.step.in_(_KIND_OF),
            ~told(literal("case-event-") + cast(RectificationEvent.id, String)),
        )
        .order_by(RectificationEvent.id)
    )
    # Of what was sent back and put forward anew since the last round only the last is news.
    last = {(row[1].id, _KIND_OF[row[0].step]): row for row in rows}
    return [telling for event, one, ticket in last.values() for telling in _of_step(event, one, ticket, who)]


def _of_step(
    event: RectificationEvent, one: Rectification, ticket: Ticket | None, who: Recipients
) -> list[Telling]:
    kind = _KIND_OF[event.step]
    if one.state is not event.after:
        return []  # somebody has gone on with it since
    if kind is _K.AGAIN:
        bad = one.again_level is not None and one.again_level <= BAD_UP_TO
        to = [*who.mending(one, ticket), *who.supervising()] if bad else []
    elif kind in (_K.REVIEW, _K.REEXAMINE):
        to = who.deciding(one)
    else:
        to = who.mending(one, ticket)
    text = of_case_step(event.step, ticket)
    return [
        _telling(account, kind, f"case-event-{event.id}", text, one)
        for account in dict.fromkeys(to)
        if account != event.by
    ]


async def _limited(look: Round, kind: NoticeKind) -> Sequence[Case]:
    rows = await look.session.execute(
        select(Rectification, Ticket)
        .outerjoin(Ticket, Ticket.id == Rectification.ticket_id)
        .where(Rectification.closed_at.is_(None), _which(look, kind), ~told(_occasion_in_sql(), kind))
        .order_by(Rectification.due_at, Rectification.id)
        .limit(MOST)
    )
    return [(one, ticket) for one, ticket in rows if kind is not _K.DUE or _is_near(one, look)]


def _which(look: Round, kind: NoticeKind) -> ColumnElement[bool]:
    due = Rectification.due_at
    if kind is _K.DUE:
        end = look.desk.office_hours.reach(look.now, look.desk.reminding.within, look.calendar)
        return (due >= look.now) & (due <= end)
    if kind is _K.OVERDUE:
        return due < look.now
    contacting = Rectification.state == _S.TO_CONTACT
    limit = case((contacting, Rectification.contact_limit), else_=Rectification.rectify_limit)
    return is_late_by(1, look.now, look.calendar, due=due.expression, limit=limit)


def _is_near(one: Rectification, look: Round) -> bool:
    """Of a short limit only half of it is soon."""
    hours = look.desk.office_hours
    left = hours.worked(look.now, one.due_at, look.calendar)
    return 2 * left <= hours.worked(one.opened_at, one.due_at, look.calendar)


def _of_limit(
    kind: NoticeKind, one: Rectification, ticket: Ticket | None, who: Recipients, look: Round
) -> list[Telling]:
    days = look.calendar.count(city_date(one.due_at), city_date(look.now))
    if kind is _K.ESCALATED:
        to = [*who.heading_department(one.department), *who.supervising()]
        text = of_case_late_above(one, ticket, days)
    else:
        decided = one.state in (_S.REVIEW, _S.APPEALED)
        to = who.deciding(one) if decided else who.mending(one, ticket)
        text = of_case_near(one, ticket) if kind is _K.DUE else of_case_late(one, ticket, days)
    return [_telling(account, kind, _occasion(one), text, one) for account in dict.fromkeys(to)]


def _telling(account: str, kind: NoticeKind, occasion: str, text: str, one: Rectification) -> Telling:
    return Telling(account, kind, occasion, text, thread_id=one.thread_id, rectification=one.id)


def _occasion(one: Rectification) -> str:
    return f"case-{one.id}-{_STAGES.get(one.state, _MENDING)}"


def _occasion_in_sql() -> ColumnElement[str]:
    stage = case(*((Rectification.state == state, name) for state, name in _STAGES.items()), else_=_MENDING)
    return literal("case-") + cast(Rectification.id, String) + "-" + stage
