"""Adding members of staff, each with a one-time password that is shown once and kept as a hash."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from pwdlib import PasswordHash
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.errors import UsernameRefused, UsernameTaken
from staff.models import Account, Role

_USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
# Without the letters and digits that are mistaken for one another when read aloud.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_hasher = PasswordHash.recommended()


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account and the password that its owner has to change at the first sign-in."""

    username: str
    one_time_password: str


def one_time_password() -> str:
    """Four groups of four: 79 bits, readable over the telephone."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


async def add(
    session: AsyncSession, *, id: str, username: str, name: str, role: Role, at: datetime
) -> NewAccount:
    """Add an account. Raises `UsernameRefused` or `UsernameTaken`."""
    if not _USERNAME.fullmatch(username):
        raise UsernameRefused(username)
    if await session.scalar(select(exists().where(Account.username == username))):
        raise UsernameTaken(username)
    password = one_time_password()
    session.add(
        Account(
            id=id,
            username=username,
            name=name,
            role=role,
            password_hash=_hasher.hash(password),
            password_is_one_time=True,
            created_at=at,
        )
    )
    return NewAccount(username, password)


async def add_first_admin(session: AsyncSession, *, id: str, at: datetime) -> NewAccount | None:
    """The `admin` account of a new installation, or None where somebody is there already."""
    if await session.scalar(select(exists().where(Account.id.is_not(None)))):
        return None
    return await add(session, id=id, username="admin", name="管理员", role=Role.ADMIN, at=at)
