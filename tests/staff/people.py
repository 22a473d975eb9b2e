"""Members of staff for tests."""

from __future__ import annotations

from collections.abc import Sequence

import pyotp
from sqlalchemy import select, update

from staff import accounts, second_factor, sessions
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.models import Account, AuditEntry
from staff.roles import Role
from staff.sessions import Browser, Visitor
from staff.sign_in import Door
from store.database import Database

PASSWORD = "green tea river 88"
HERE = Browser("192.0.2.7", "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0")


async def employ(
    door: Door,
    username: str,
    *roles: Role,
    password: str | None = PASSWORD,
    department: str | None = None,
    name: str = "",
) -> Account:
    """An account with a password of its own, or where it is None with the one-time one `as issued`."""
    async with door.database.write() as session:
        profile = Profile(name or f"姓名{username}", department, frozenset(roles or (Role.AGENT,)))
        one_time = await door.hashing.issued()
        await accounts.add(
            session, COMMAND_LINE, username, profile, one_time, id=door.new_id(), at=door.clock()
        )
        await session.flush()
        if password is not None:
            await session.execute(
                update(Account)
                .where(Account.username == username)
                .values(password_hash=await door.hashing.hash(password), password_is_one_time=False)
            )
    return await account_of(door.database, username)


async def account_of(database: Database, username: str) -> Account:
    """The account as the database has it now."""
    async with database.read() as session:
        return await accounts.by_username(session, username)


async def enter(door: Door, account: Account, *, second_factor: bool = False) -> tuple[str, Visitor]:
    """A session without the form; its token, and who holds it."""
    async with door.database.write() as session:
        token = await sessions.begin(
            session,
            account,
            HERE,
            door.policy,
            second_factor=second_factor,
            at=door.clock(),
            new_id=door.new_id,
        )
    visitor = await visitor_of(door, token)
    assert visitor is not None
    return token, visitor


async def visitor_of(door: Door, token: str) -> Visitor | None:
    """Who holds the token now."""
    async with door.database.read() as session:
        found = await sessions.visitor(session, token, HERE.address, door.policy, now=door.clock())
    return found[0] if found else None


async def enrol(door: Door, account: Account) -> tuple[pyotp.TOTP, Sequence[str]]:
    """Give the account a second factor: its app, and the recovery codes."""
    _, visitor = await enter(door, account)
    async with door.database.write() as session:
        totp = pyotp.TOTP(await second_factor.offer(session, visitor.session_id))
        codes = await second_factor.enrol(
            session, visitor.actor, visitor.session_id, totp.at(door.clock()), at=door.clock()
        )
    assert codes is not None
    return totp, codes


async def written(database: Database) -> list[str]:
    """The actions of the audit log, in order."""
    async with database.read() as session:
        return list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
