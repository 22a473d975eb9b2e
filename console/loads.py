"""How much departments and their people have in hand, for who dispatches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from staff.accounts import names, who_may
from staff.roles import Permission
from tickets.lists import Load, workload


@dataclass(frozen=True, slots=True)
class Person:
    """One line. `name`: empty for what nobody has signed for."""

    department: str
    name: str
    load: Load


@dataclass(frozen=True, slots=True)
class Loads:
    """Department -> its load, and line by line who has how much."""

    departments: Mapping[str, Load] = field(default_factory=dict)
    people: Sequence[Person] = ()

    def of(self, department: str) -> Load:
        """What a department has in hand."""
        return self.departments.get(department, Load())


async def loads(session: AsyncSession, now: datetime) -> Loads:
    """Everybody who handles tickets, also those who have nothing in hand, by department."""
    found = dict(await workload(session, now))
    for one in await who_may(session, Permission.TICKETS_HANDLE):
        if one.department:
            found.setdefault((one.department, one.id), Load())
    whole: dict[str, Load] = {}
    for (department, _), load in found.items():
        whole[department] = whole.get(department, Load()) + load
    called = await names(session, [who for _, who in found if who])
    people = [
        Person(department, called.get(who, "（已停用）") if who else "", load)
        for (department, who), load in found.items()
    ]
    return Loads(whole, sorted(people, key=lambda one: (one.department, not one.name, one.name)))
