"""Who keeps an article: whom its notices go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.accounts import who_may
from staff.departments import departments
from staff.models import Account
from staff.roles import Permission


@dataclass(frozen=True, slots=True)
class Keepers:
    """The accounts (ids) of each department, and who may edit articles. `names`: department name -> key."""

    names: Mapping[str, str]
    accounts: Mapping[str, Sequence[str]]
    editors: Sequence[str]

    def of(self, marked: str) -> tuple[str, ...]:
        """Those of its departments; where none of these may edit, all who may besides. `marked`: as `LiveCard.keepers` has it.

        Its departments are those chosen in the editor, else the one that it names.
        """
        said = [word for word in marked.split("|") if word]
        keys = [word for word in said if word in self.names.values()]
        keys = keys or [self.names[word] for word in said if word in self.names]
        theirs = [account for key in keys for account in self.accounts.get(key, ())]
        able = not set(theirs).isdisjoint(self.editors)
        return tuple(dict.fromkeys(theirs if able else (*theirs, *self.editors)))


async def keepers(session: AsyncSession) -> Keepers:
    """As things stand now."""
    names = {one.name: one.key for one in await departments(session)}
    active = select(Account.department, Account.id).where(Account.active).order_by(Account.id)
    accounts: dict[str, list[str]] = {}
    for row in await session.execute(active.where(Account.department.is_not(None))):
        accounts.setdefault(row[0] or "", []).append(row[1])
    editors = await who_may(session, Permission.KNOWLEDGE_EDIT)
    return Keepers(names, accounts, [account.id for account in editors])
