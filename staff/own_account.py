"""What people change on their own account."""

from __future__ import annotations

from collections.abc import Sequence

from staff import audit, second_factor, sessions, tries
from staff.audit import Action
from staff.errors import PasswordRefused
from staff.models import Account
from staff.passwords import judge
from staff.sessions import Browser, Stage, Visitor
from staff.sign_in import Door, Paused, Refused, SignedIn, paused


async def change_password(
    door: Door, visitor: Visitor, current: str, new: str, browser: Browser
) -> SignedIn | Refused | Paused:
    """A new password and a new session; all others end. Raises `PasswordRefused`.

    The current password is not asked for where it was a one-time one: it has just been used to sign in.
    """
    if visitor.stage != Stage.PASSWORD and (wrong := await confirm(door, visitor, current)):
        return wrong
    account = await _account(door, visitor)
    judge(new, username=account.username, name=account.name)
    if await door.hashing.matches(new, account.password_hash):
        raise PasswordRefused("新密码不能与原来的相同。")
    hash = await door.hashing.hash(new)
    now = door.clock()
    async with door.database.write() as session:
        fresh = await session.get_one(Account, account.id, with_for_update=True)
        if fresh.password_hash != account.password_hash or not fresh.active:
            return Refused()  # reset meanwhile: this session has ended, too
        fresh.password_hash, fresh.password_is_one_time = hash, False
        await sessions.end_all(session, account.id)
        audit.record(session, visitor.actor, Action.PASSWORD_CHANGED, audit.account(account.username), at=now)
        token = await sessions.begin(
            session,
            fresh,
            browser,
            door.policy,
            second_factor=fresh.totp_secret is not None,
            at=now,
            new_id=door.new_id,
            vouched=visitor.vouched,
        )
    return SignedIn(token)


async def confirm(door: Door, visitor: Visitor, password: str) -> Refused | Paused | None:
    """Whether it is really them: None, or what was wrong."""
    account = await _account(door, visitor)
    now = door.clock()
    async with door.database.write() as session:
        if pause := await tries.count(session, tries.BY_ACCOUNT, account.id, now=now):
            return paused(pause)
    if not await door.hashing.matches(password, account.password_hash):
        return Refused()
    async with door.database.write() as session:
        await tries.forget(session, tries.BY_ACCOUNT, account.id)
    return None


async def remove_second_factor(door: Door, visitor: Visitor, password: str) -> Refused | Paused | None:
    """Do without one from now on; None when it is done."""
    if wrong := await confirm(door, visitor, password):
        return wrong
    async with door.database.write() as session:
        account = await session.get_one(Account, visitor.actor.account_id)
        await second_factor.remove(session, account)
        target = audit.account(account.username)
        audit.record(session, visitor.actor, Action.SECOND_FACTOR_REMOVED, target, at=door.clock())
    return None


async def renew_recovery_codes(
    door: Door, visitor: Visitor, password: str
) -> Sequence[str] | Refused | Paused:
    """Ten new recovery codes; the old ones are void."""
    if wrong := await confirm(door, visitor, password):
        return wrong
    async with door.database.write() as session:
        account = await session.get_one(Account, visitor.actor.account_id)
        return await second_factor.renew_codes(session, visitor.actor, account, at=door.clock())


async def end_session(door: Door, visitor: Visitor, session_id: str) -> None:
    """End one of one's own sessions; one that is gone already is none to complain about."""
    assert visitor.actor.account_id is not None
    own = session_id == visitor.session_id
    async with door.database.write() as session:
        if await sessions.end(session, visitor.actor.account_id, session_id):
            action = Action.SIGNED_OUT if own else Action.SESSION_ENDED
            audit.record(session, visitor.actor, action, at=door.clock())


async def end_other_sessions(door: Door, visitor: Visitor) -> None:
    """End all of one's own sessions but this one."""
    assert visitor.actor.account_id is not None
    async with door.database.write() as session:
        await sessions.end_all(session, visitor.actor.account_id, but=visitor.session_id)
        audit.record(
            session, visitor.actor, Action.SESSION_ENDED, at=door.clock(), detail={"范围": "其他全部会话"}
        )


async def _account(door: Door, visitor: Visitor) -> Account:
    async with door.database.read() as session:
        return await session.get_one(Account, visitor.actor.account_id)
