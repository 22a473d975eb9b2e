"""When something is due: working days from the next day on, and what stops the count."""

from __future__ import annotations

import calendar as months
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from store.clock import CITY_ZONE, city_date
from store.workdays import Calendar
from tickets.limits import Limit, Timed, Unit
from tickets.states import Step

_DAY_ENDS = time(23, 59, 59)


@dataclass(frozen=True, slots=True)
class Pause:
    """A suspension (中止). `until` None: it lasts. The days after its first to its last one are not counted."""

    since: datetime
    until: datetime | None = None


def due_at(
    limit: Limit, started: datetime, calendar: Calendar, *, extra: int = 0, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """When a limit that began at a moment ends; None while it is suspended.

    Days and months run from the next day on (次日起算) to the end of the last one, which is a working day. `extra`:
    working days by which it was extended; hours are extended by whole days alike. A suspension moves the end by the
    working days, for hours by the time, that it lasted.
    """
    if any(pause.until is None for pause in pauses):
        return None
    if limit.unit is Unit.HOURS:
        ended = ((pause.since, pause.until) for pause in pauses if pause.until and pause.until > started)
        stood = sum((until - max(since, started) for since, until in ended), timedelta())
        return started + timedelta(hours=limit.count, days=extra) + stood
    begun = city_date(started)
    stood_days = sum(
        calendar.count(max(begun, city_date(pause.since)), city_date(pause.until))
        for pause in pauses
        if pause.until
    )
    if limit.unit is Unit.WORKDAYS:
        return _end_of(calendar.add(begun, limit.count + extra + stood_days))
    last = _months_later(begun, limit.count)
    while not calendar.is_workday(last):
        last += timedelta(days=1)
    return _end_of(calendar.add(last, extra + stood_days))


class Change(StrEnum):
    """What a step does to a clock."""

    START = "start"
    END = "end"


_S, _T = Step, Timed
_EVERY = tuple(Timed)
# In this order: what ends before what starts.
CHANGES: dict[Step, tuple[tuple[Change, tuple[Timed, ...]], ...]] = {
    _S.SUBMITTED: ((Change.START, (_T.DECIDE,)),),
    _S.ACCEPTED: ((Change.END, (_T.DECIDE,)), (Change.START, (_T.DISPATCH, _T.HANDLE))),
    _S.DEEMED: ((Change.END, (_T.DECIDE,)), (Change.START, (_T.DISPATCH, _T.HANDLE))),
    _S.REFUSED: ((Change.END, _EVERY), (Change.START, (_T.ARCHIVE,))),
    _S.REASSIGNED: ((Change.START, (_T.SIGN,)),),
    _S.DISPATCHED: ((Change.END, (_T.DISPATCH,)), (Change.START, (_T.SIGN,))),
    _S.ARBITRATED: ((Change.END, (_T.DISPATCH,)), (Change.START, (_T.SIGN,))),
    # A return costs the departments' time, not the enterprise's: handling goes on.
    _S.RETURNED: ((Change.END, (_T.SIGN,)), (Change.START, (_T.DISPATCH,))),
    _S.SIGNED: ((Change.END, (_T.SIGN,)),),
    _S.DRAFTED: ((Change.START, (_T.REVIEW,)),),
    _S.SENT_BACK: ((Change.END, (_T.REVIEW,)),),
    _S.RELEASED: ((Change.END, (_T.REVIEW, _T.HANDLE)), (Change.START, (_T.CALL_BACK,))),
    _S.CALLED_BACK: ((Change.END, (_T.CALL_BACK,)), (Change.START, (_T.ARCHIVE,))),
    _S.CALL_GIVEN_UP: ((Change.END, (_T.CALL_BACK,)), (Change.START, (_T.ARCHIVE,))),
    _S.REWORKED: ((Change.END, _EVERY), (Change.START, (_T.HANDLE,))),
    _S.REEXAMINATION_ASKED: ((Change.END, _EVERY), (Change.START, (_T.REEXAMINE,))),
    _S.UPHELD: ((Change.END, _EVERY), (Change.START, (_T.ARCHIVE,))),
    _S.REFUSAL_UPHELD: ((Change.END, _EVERY), (Change.START, (_T.ARCHIVE,))),
    _S.OVERTURNED: ((Change.END, _EVERY), (Change.START, (_T.DISPATCH, _T.HANDLE))),
    _S.WITHDRAWN: ((Change.END, _EVERY), (Change.START, (_T.ARCHIVE,))),
    _S.TERMINATED: ((Change.END, _EVERY), (Change.START, (_T.ARCHIVE,))),
    _S.ARCHIVED: ((Change.END, _EVERY),),
}

# What starts the handling, from which its days are counted whatever the level is changed to.
HANDLING_BEGINS = frozenset(
    step for step, changes in CHANGES.items() for change, which in changes
    if change is Change.START and Timed.HANDLE in which
)  # fmt: skip


def _end_of(day: date) -> datetime:
    return datetime.combine(day, _DAY_ENDS, CITY_ZONE)


def _months_later(day: date, count: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))
