"""Who does something, and from where."""

from __future__ import annotations

from dataclasses import dataclass

from staff.roles import Permission, Role, permissions_of


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of staff at work, as permissions and the audit log know them.

    `account_id`: None on the command line. `department`: its key. `address`: the network address, empty on the command line.
    """

    account_id: str | None
    username: str
    name: str
    department: str | None
    roles: frozenset[Role]
    address: str

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles allows it."""
        return permission in permissions_of(self.roles)


COMMAND_LINE = Actor(None, "命令行", "命令行", None, frozenset(Role), "")


def stranger(address: str) -> Actor:
    """Somebody who has not signed in."""
    return Actor(None, "", "", None, frozenset(), address)
