"""Sessions: who is signed in, how far they have come, and how it ends."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from staff.actors import Actor
from staff.models import Account, AccountRole, Department, StaffSession
from staff.roles import Permission, Role, permissions_of
from store.ids import NewId

# Between the password and the code.
_CODE_WITHIN = timedelta(minutes=10)
# Written down no more often than this.
_SEEN_EVERY = timedelta(minutes=1)
_MOST_AGENT_LETTERS = 200


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a session lasts without a request (`idle`) and in all (`absolute`), and who needs a second factor.

    `secret`: what the tokens in forms and the marks of known browsers are made with; the same in every process.
    """

    idle: timedelta
    absolute: timedelta
    second_factor: Literal["optional", "admins", "everyone"]
    secret: bytes = field(repr=False)

    def demands_second_factor(self, roles: frozenset[Role]) -> bool:
        """Whether somebody with these roles has to have one."""
        if self.second_factor == "admins":
            return Permission.PEOPLE_MANAGE in permissions_of(roles)
        return self.second_factor == "everyone"


class Stage(IntEnum):
    """What somebody who signs in has still to do; `IN`: nothing."""

    CODE = 1
    PASSWORD = 2
    ENROL = 3
    IN = 4


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request came from: network address, and what the browser calls itself.

    `mark`: what it was given when somebody last signed in with it, see `known_browsers`.
    """

    address: str
    agent: str
    mark: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a session. `csrf`: what every form of theirs has to carry. `department`: its name, or nothing.

    `vouched`: an identity service said who it is.
    """

    session_id: str
    actor: Actor
    department: str
    stage: Stage
    csrf: str
    vouched: bool = False


async def begin(
    session: AsyncSession,
    account: Account,
    browser: Browser,
    policy: Policy,
    *,
    second_factor: bool,
    at: datetime,
    new_id: NewId,
    vouched: bool = False,
) -> str:
    """Begin a session; its token, which is nowhere kept. `second_factor`: a code has been given."""
    token = secrets.token_urlsafe(32)
    waits_for_code = account.totp_secret is not None and not second_factor
    await session.execute(delete(StaffSession).where(StaffSession.expires_at < at))
    session.add(
        StaffSession(
            id=new_id(),
            token_hash=_hash(token),
            account_id=account.id,
            second_factor=second_factor,
            vouched=vouched,
            totp_offer=None,
            address=browser.address,
            agent=browser.agent[:_MOST_AGENT_LETTERS],
            created_at=at,
            seen_at=at,
            expires_at=at + (_CODE_WITHIN if waits_for_code else policy.absolute),
        )
    )
    return token


async def visitor(
    session: AsyncSession, token: str, address: str, policy: Policy, *, now: datetime
) -> tuple[Visitor, bool] | None:
    """Who holds this token, and whether `see` is due; None where it is unknown or has run out."""
    found = (
        await session.execute(
            select(StaffSession, Account, Department.name)
            .join(Account, Account.id == StaffSession.account_id)
            .outerjoin(Department, Department.key == Account.department)
            .where(StaffSession.token_hash == _hash(token), Account.active)
        )
    ).one_or_none()
    if found is None or not _alive(found[0], policy, now):
        return None
    row, account, department = found
    roles = frozenset(
        (await session.scalars(select(AccountRole.role).where(AccountRole.account_id == account.id))).all()
    )
    actor = Actor(account.id, account.username, account.name, account.department, roles, address)
    stage = _stage(row, account, policy.demands_second_factor(roles))
    return Visitor(
        row.id, actor, department or "", stage, csrf_token(policy.secret, account.id), row.vouched
    ), now - row.seen_at >= _SEEN_EVERY


async def see(session: AsyncSession, session_id: str, *, at: datetime) -> None:
    """The session is in use."""
    await session.execute(update(StaffSession).where(StaffSession.id == session_id).values(seen_at=at))


async def alive_of(
    session: AsyncSession, account_id: str, policy: Policy, *, now: datetime
) -> Sequence[StaffSession]:
    """The account's sessions, the last one used first."""
    rows = await session.scalars(
        select(StaffSession)
        .where(StaffSession.account_id == account_id)
        .order_by(StaffSession.seen_at.desc())
    )
    return [row for row in rows if _alive(row, policy, now)]


async def end(session: AsyncSession, account_id: str, session_id: str) -> bool:
    """End a session of the account; whether there was one."""
    ended = await session.scalar(
        delete(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.account_id == account_id)
        .returning(StaffSession.id)
    )
    return ended is not None


async def end_all(session: AsyncSession, account_id: str, *, but: str = "") -> None:
    """End all sessions of the account, `but` one."""
    await session.execute(
        delete(StaffSession).where(StaffSession.account_id == account_id, StaffSession.id != but)
    )


def csrf_token(secret: bytes, account_id: str) -> str:
    """Bound to the account and not to its session: a form filled in before the session ended is sent in the next one."""
    return hmac.new(secret, account_id.encode(), hashlib.sha256).hexdigest()


def same_token(given: str, wanted: str) -> bool:
    """Whether a form carries the token, found out in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def _alive(row: StaffSession, policy: Policy, now: datetime) -> bool:
    # The policy of today counts for sessions of yesterday as well.
    return now < min(row.expires_at, row.seen_at + policy.idle, row.created_at + policy.absolute)


def _stage(row: StaffSession, account: Account, needs_second_factor: bool) -> Stage:
    if account.totp_secret is not None and not row.second_factor:
        return Stage.CODE
    if account.password_is_one_time and not row.vouched:
        return Stage.PASSWORD
    if needs_second_factor and account.totp_secret is None:
        return Stage.ENROL
    return Stage.IN


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
