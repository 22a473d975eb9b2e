"""Made-up lives of tickets: steps that the table allows, at moments one after another, and what their clocks make of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from store.workdays import Calendar
from tickets.clocks import CHANGES, Change, due_at
from tickets.limits import Level, Timed, TimeLimits
from tickets.states import MOVE_OF, State, Step

_T = Step
_TO_WORK = (_T.SUBMITTED, _T.ACCEPTED, _T.DISPATCHED, _T.SIGNED, _T.STARTED)
_TO_END = (*_TO_WORK, _T.DRAFTED, _T.RELEASED, _T.CALL_BACK_DUE, _T.CALLED_BACK)
# How tickets go, and how often; those that stand somewhere on the way are among the newest.
_OVER: Mapping[tuple[Step, ...], int] = {
    (*_TO_END, _T.ARCHIVED): 60,
    (*_TO_END[:5], _T.URGED, *_TO_END[5:], _T.ARCHIVED): 10,
    (*_TO_END[:6], _T.SENT_BACK, *_TO_END[5:], _T.ARCHIVED): 3,
    (*_TO_END[:3], _T.RETURNED, *_TO_END[2:], _T.ARCHIVED): 8,
    (_T.SUBMITTED, _T.DEEMED, *_TO_END[2:], _T.ARCHIVED): 4,
    (_T.SUBMITTED, _T.REFUSAL_ASKED, _T.REFUSED, _T.ARCHIVED): 5,
    (_T.SUBMITTED, _T.WITHDRAWN, _T.ARCHIVED): 8,
    (*_TO_WORK, _T.TERMINATED, _T.ARCHIVED): 2,
}
_BY_CLOCK = frozenset({_T.DEEMED, _T.CALL_BACK_DUE, _T.ARCHIVED})
_MOST_HOURS = 30
_ARCHIVED_AFTER = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Event:
    """A step: from where to where, when."""

    step: Step
    before: State | None
    after: State
    at: datetime


@dataclass(slots=True)
class Ran:
    """A clock that was started, and perhaps stopped."""

    timed: Timed
    limit: str
    source: str
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """What happened to a ticket until now."""

    events: Sequence[Event]
    clocks: Sequence[Ran] = field(default_factory=list)

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.events[-1].after


def live(
    submitted: datetime,
    now: datetime,
    level: Level,
    chance: random.Random,
    *,
    calendar: Calendar,
    limits: TimeLimits,
) -> Life:
    """A life from its submission to now; what would come after now has not happened."""
    way = chance.choices(list(_OVER), list(_OVER.values()))[0]
    events = list(_until(_events(way, submitted, chance), now))
    return Life(events, list(_clocks(events, level, calendar, limits)))


def _events(way: Sequence[Step], at: datetime, chance: random.Random) -> Iterator[Event]:
    state: State | None = None
    for step in way:
        after = State.SUBMITTED if step is _T.SUBMITTED else (MOVE_OF[step].after or state)
        assert after is not None, "a life begins with the submission"
        yield Event(step, state, after, at)
        state = after
        at += timedelta(hours=chance.uniform(0.5, _MOST_HOURS))
        if step in (_T.CALLED_BACK, _T.REFUSED, _T.WITHDRAWN, _T.TERMINATED):
            at += _ARCHIVED_AFTER


def _until(events: Iterator[Event], now: datetime) -> Iterator[Event]:
    for event in events:
        if event.at > now:
            return
        yield event


def _clocks(events: Sequence[Event], level: Level, calendar: Calendar, limits: TimeLimits) -> Iterator[Ran]:
    running: dict[Timed, Ran] = {}
    for event in events:
        for change, which in CHANGES.get(event.step, ()):
            for timed in which:
                if change is Change.END:
                    if ran := running.pop(timed, None):
                        ran.ended_at = event.at
                        yield ran
                else:
                    rule = limits.of(timed, level)
                    due = due_at(rule.limit, event.at, calendar)
                    running[timed] = Ran(timed, str(rule.limit), rule.source, event.at, due)
    yield from running.values()


def by(step: Step, handler: str) -> str:
    """Who took a step: an account's id, or what stands in its place."""
    if step in _BY_CLOCK:
        return "clock"
    return "enterprise" if step in (_T.SUBMITTED, _T.URGED, _T.WITHDRAWN) else handler
