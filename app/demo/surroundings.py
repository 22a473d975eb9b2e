"""How much is made up, and what of."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desk.city import City
from knowledge.article import Article
from store.ids import uuid7
from store.workdays import Calendar
from tickets.limits import TimeLimits


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made."""

    tickets: int
    messages: int

    @property
    def threads(self) -> int:
        """Enterprises, each with one thread."""
        return max(1, self.tickets, self.messages // 20)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rows are made of and by what they are timed. `chance` decides all that is left open."""

    city: City
    articles: Sequence[Article]
    calendar: Calendar
    limits: TimeLimits
    now: datetime
    chance: random.Random

    def id(self, at: datetime) -> str:
        """An identifier of a row of that moment."""
        return uuid7(int(at.timestamp() * 1000), self.chance.randbytes(10)).hex
