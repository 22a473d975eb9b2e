"""Accounts: adding, changing, disabling and opening them again, each written into the audit log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from staff import audit, second_factor, sessions, tries
from staff.actors import COMMAND_LINE, Actor
from staff.audit import Action
from staff.errors import (
    AccountUnknown,
    DepartmentUnknown,
    LastAdmin,
    NameRefused,
    OwnAccount,
    RolesRefused,
    UsernameRefused,
    UsernameTaken,
)
from staff.models import Account, AccountRole, Department
from staff.passwords import Hashing, OneTime
from staff.roles import PERMISSIONS, ROLE_NAMES, Permission, Role
from store.inserts import insert_into

_USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
_MOST_NAME_LETTERS = 32


@dataclass(frozen=True, slots=True)
class Profile:
    """What an admin says of somebody. `department`: its key, or None."""

    name: str
    department: str | None
    roles: frozenset[Role]

    def checked(self) -> Profile:
        """Raises `NameRefused` or `RolesRefused`."""
        name = " ".join(self.name.split())
        if not 1 <= len(name) <= _MOST_NAME_LETTERS:
            raise NameRefused
        if not self.roles:
            raise RolesRefused
        return Profile(name, self.department or None, self.roles)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account and the password that its owner has to change at the first sign-in."""

    username: str
    one_time_password: str


async def add(
    session: AsyncSession,
    actor: Actor,
    username: str,
    profile: Profile,
    one_time: OneTime,
    *,
    id: str,
    at: datetime,
) -> NewAccount:
    """Add an account. Raises a `StaffError` that says what is wrong."""
    if not _USERNAME.fullmatch(username):
        raise UsernameRefused(username)
    profile = profile.checked()
    department = await _department_name(session, profile.department)
    row = insert_into(session, Account).values(
        id=id,
        username=username,
        name=profile.name,
        department=profile.department,
        password_hash=one_time.hash,
        password_is_one_time=True,
        active=True,
        created_at=at,
    )
    # One statement, so that one of two who add the same name at once is told, too.
    if await session.scalar(row.on_conflict_do_nothing().returning(Account.id)) is None:
        raise UsernameTaken(username)
    session.add_all(AccountRole(account_id=id, role=role) for role in profile.roles)
    detail = {"姓名": profile.name, "部门": department, "角色": role_names(profile.roles)}
    audit.record(session, actor, Action.ACCOUNT_ADDED, audit.account(username), at=at, detail=detail)
    return NewAccount(username, one_time.password)


async def add_first_admin(session: AsyncSession, *, id: str, at: datetime) -> NewAccount | None:
    """The `admin` account of a new installation, or None where somebody is there already."""
    if await session.scalar(select(exists().where(Account.id.is_not(None)))):
        return None
    profile = Profile("管理员", None, frozenset({Role.ADMIN}))
    try:
        return await add(session, COMMAND_LINE, "admin", profile, Hashing().issue(), id=id, at=at)
    except UsernameTaken:  # by another process that starts at the same moment
        return None


async def change(
    session: AsyncSession, actor: Actor, username: str, profile: Profile, *, at: datetime
) -> None:
    """Give an account another name, department or other roles; they count from the next request on."""
    profile = profile.checked()
    account = await _locked(session, username)
    before = Profile(account.name, account.department, await roles_of(session, account.id))
    if Role.ADMIN in before.roles and Role.ADMIN not in profile.roles:
        await _another_admin(session, account)
    detail = await _differences(session, before, profile)
    if not detail:
        return
    account.name, account.department = profile.name, profile.department
    await session.execute(delete(AccountRole).where(AccountRole.account_id == account.id))
    session.add_all(AccountRole(account_id=account.id, role=role) for role in profile.roles)
    audit.record(session, actor, Action.ACCOUNT_CHANGED, audit.account(username), at=at, detail=detail)


async def disable(session: AsyncSession, actor: Actor, username: str, *, at: datetime) -> None:
    """Shut an account out; all its sessions end at once."""
    account = await _locked(session, username)
    if account.id == actor.account_id:
        raise OwnAccount
    await _another_admin(session, account)
    account.active = False
    await sessions.end_all(session, account.id)
    audit.record(session, actor, Action.ACCOUNT_DISABLED, audit.account(username), at=at)


async def enable(session: AsyncSession, actor: Actor, username: str, *, at: datetime) -> None:
    """Let a disabled account in again, with the password that it had."""
    account = await _locked(session, username)
    account.active = True
    audit.record(session, actor, Action.ACCOUNT_ENABLED, audit.account(username), at=at)


async def reset_password(
    session: AsyncSession,
    actor: Actor,
    username: str,
    one_time: OneTime,
    *,
    without_second_factor: bool,
    at: datetime,
) -> NewAccount:
    """A new one-time password; all sessions end. `without_second_factor`: the telephone is lost as well."""
    account = await _locked(session, username)
    if account.id == actor.account_id:
        raise OwnAccount
    account.password_hash, account.password_is_one_time = one_time.hash, True
    detail = {}
    if without_second_factor and account.totp_secret is not None:
        await second_factor.remove(session, account)
        detail["两步验证"] = "一并关闭"
    await sessions.end_all(session, account.id)
    await tries.forget_account(session, account)
    audit.record(session, actor, Action.PASSWORD_RESET, audit.account(username), at=at, detail=detail)
    return NewAccount(username, one_time.password)


async def unlock(session: AsyncSession, actor: Actor, username: str, *, at: datetime) -> None:
    """End the pause that wrong passwords and codes have brought."""
    account = await by_username(session, username)
    await tries.forget_account(session, account)
    audit.record(session, actor, Action.ACCOUNT_UNLOCKED, audit.account(username), at=at)


async def by_username(session: AsyncSession, username: str) -> Account:
    """The account. Raises `AccountUnknown`."""
    account = await session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise AccountUnknown(username)
    return account


async def find(
    session: AsyncSession, text: str = "", *, after: str = "", limit: int | None = None
) -> Sequence[Account]:
    """Accounts by user name, from the one behind `after` on; `text` stands in user name, name or department."""
    query = select(Account).order_by(Account.username).limit(limit)
    if text:
        query = query.outerjoin(Department, Department.key == Account.department).where(
            or_(
                *(
                    c.icontains(text, autoescape=True)
                    for c in (Account.username, Account.name, Department.name)
                )
            )
        )
    if after:
        query = query.where(Account.username > after)
    return (await session.scalars(query)).all()


async def names(session: AsyncSession, account_ids: Iterable[str]) -> dict[str, str]:
    """Account -> the name of its owner."""
    rows = await session.execute(select(Account.id, Account.name).where(Account.id.in_(set(account_ids))))
    return {row[0]: row[1] for row in rows}


async def department_of(session: AsyncSession, account_id: str) -> str | None:
    """The key of the department that an account belongs to."""
    return await session.scalar(select(Account.department).where(Account.id == account_id))


async def who_may(session: AsyncSession, permission: Permission) -> Sequence[Account]:
    """The active accounts that have a permission, by name."""
    roles = [role for role in Role if permission in PERMISSIONS[role]]
    rows = await session.scalars(
        select(Account)
        .where(
            Account.active,
            exists().where(AccountRole.account_id == Account.id, AccountRole.role.in_(roles)),
        )
        .order_by(Account.name, Account.username)
    )
    return rows.all()


async def roles_of(session: AsyncSession, account_id: str) -> frozenset[Role]:
    """An account's roles."""
    return (await all_roles(session, [account_id])).get(account_id, frozenset())


async def all_roles(session: AsyncSession, account_ids: Iterable[str]) -> Mapping[str, frozenset[Role]]:
    """Account -> roles."""
    found: dict[str, set[Role]] = {}
    for row in await session.scalars(
        select(AccountRole).where(AccountRole.account_id.in_(list(account_ids)))
    ):
        found.setdefault(row.account_id, set()).add(row.role)
    return {account_id: frozenset(roles) for account_id, roles in found.items()}


def role_names(roles: Iterable[Role]) -> str:
    """As people read them, in the order of the table."""
    chosen = set(roles)
    return "、".join(name for role, name in ROLE_NAMES.items() if role in chosen)


async def _differences(session: AsyncSession, before: Profile, after: Profile) -> dict[str, str]:
    pairs = {
        "姓名": (before.name, after.name),
        "部门": (
            await _department_name(session, before.department),
            await _department_name(session, after.department),
        ),
        "角色": (role_names(before.roles), role_names(after.roles)),
    }
    return {what: f"{old} → {new}" for what, (old, new) in pairs.items() if old != new}


async def _department_name(session: AsyncSession, key: str | None) -> str:
    if key is None:
        return "（无）"
    name = await session.scalar(select(Department.name).where(Department.key == key))
    if name is None:
        raise DepartmentUnknown(key)
    return name


async def _another_admin(session: AsyncSession, account: Account) -> None:
    """Raises `LastAdmin` where nobody else could manage accounts."""
    # A query of its own after the lock: what others have done meanwhile is seen.
    admins = await session.scalars(
        select(AccountRole.account_id)
        .join(Account, Account.id == AccountRole.account_id)
        .where(AccountRole.role == Role.ADMIN, Account.active)
    )
    if set(admins) == {account.id}:
        raise LastAdmin


async def _locked(session: AsyncSession, username: str) -> Account:
    """The account, and with it all admins, so that two of them cannot take each other's role at once.

    In one order for everybody, so that nobody waits for each other. Raises `AccountUnknown`.
    """
    admin = exists().where(AccountRole.account_id == Account.id, AccountRole.role == Role.ADMIN)
    rows = await session.scalars(
        select(Account)
        .where(or_(Account.username == username, admin))
        .order_by(Account.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    account = next((row for row in rows if row.username == username), None)
    if account is None:
        raise AccountUnknown(username)
    return account
