"""How much was answered, week by week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.questions import outcomes
from store.clock import CITY_ZONE


@dataclass(frozen=True, slots=True)
class Week:
    """A week from its Monday on, the city's, and how many questions had which outcome."""

    monday: date
    answered: int
    clarify: int
    unknown: int
    handed_over: int

    @property
    def asked(self) -> int:
        """Questions; calls for a person are none."""
        return self.answered + self.clarify + self.unknown

    @property
    def share(self) -> float | None:
        """Answered of those asked, 0..1."""
        return self.answered / self.asked if self.asked else None


async def weeks(session: AsyncSession, today: date, count: int) -> Sequence[Week]:
    """The last weeks, the oldest first; the last one is running."""
    this = today - timedelta(days=today.weekday())
    mondays = [this - timedelta(weeks=back) for back in range(count - 1, -2, -1)]
    bounds = [datetime.combine(monday, time(), CITY_ZONE) for monday in mondays]
    counted = await outcomes(session, bounds)
    return [
        Week(
            monday,
            found.get("answered", 0),
            found.get("clarify", 0),
            found.get("unknown", 0),
            found.get("handoff", 0),
        )
        for monday, found in zip(mondays, counted, strict=False)
    ]
