"""How far a table is known whose ids are given out before their rows can be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

# Of a jump of the sequence no more than so many ids are waited for.
_MOST_MISSING = 1000


@dataclass(slots=True)
class Horizon:
    """On PostgreSQL a row with a smaller id may be committed after one with a greater: what is missing is waited for.

    `missing`: id -> for how many looks more; an id whose transaction was rolled back never comes.
    """

    top: int
    patience: int
    missing: dict[int, int] = field(default_factory=dict)

    @classmethod
    def over(cls, ids: Iterable[int], top: int, patience: int) -> Horizon:
        """Begins at `top`; `ids`: those that are there of the last `_MOST_MISSING`."""
        there = set(ids)
        lowest = max(1, top - _MOST_MISSING)
        return cls(top, patience, {id_: patience for id_ in range(lowest, top) if id_ not in there})

    @staticmethod
    def begins_at(top: int) -> int:
        """After which id `over` has to know those that are there."""
        return max(0, top - _MOST_MISSING - 1)

    @property
    def complete(self) -> int:
        """Up to here everything is known."""
        return min(self.missing, default=self.top + 1) - 1

    def take(self, ids: Iterable[int]) -> None:
        """These have been seen; one look is over."""
        self.missing = {id_: left - 1 for id_, left in self.missing.items() if left > 1}
        for id_ in sorted(ids):
            self.missing.pop(id_, None)
            if id_ > self.top:
                first = max(self.top + 1, id_ - _MOST_MISSING)
                self.missing.update(dict.fromkeys(range(first, id_), self.patience))
                self.top = id_
