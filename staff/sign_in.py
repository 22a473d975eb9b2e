"""Signing in: name and password, then the code where the account has a second factor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from staff import audit, known_browsers, second_factor, sessions, tries
from staff.actors import Actor, stranger
from staff.audit import Action
from staff.identity import IdentityService
from staff.models import Account
from staff.passwords import Hashing
from staff.sessions import Browser, Policy, Visitor
from store.clock import Clock
from store.database import Database
from store.ids import NewId

_MOST_NAME_LETTERS = 64


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session has begun; `token` is its cookie. `mark`: for the browser to keep, once nothing more is asked."""

    token: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Wrong: what of it is not said."""


@dataclass(frozen=True, slots=True)
class Paused:
    """Not even looked at: too many tries."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Door:
    """Where staff come in."""

    database: Database
    hashing: Hashing
    policy: Policy
    clock: Clock
    new_id: NewId
    identity: IdentityService | None = None

    async def sign_in(self, username: str, password: str, browser: Browser) -> SignedIn | Refused | Paused:
        """Begin a session. As much work for a name that nobody has as for a wrong password."""
        name = username.strip().lower()[:_MOST_NAME_LETTERS]
        now = self.clock()
        async with self.database.write() as session:
            await tries.clean(session, now=now)
            account = await session.scalar(select(Account).where(Account.username == name))
            rule, who = await self._counted_by(session, account, name, browser, now)
            if pause := await tries.count(session, rule, who, now=now):
                return paused(pause)
        right = await self.hashing.matches(password, account.password_hash if account else None)
        if account is None or not right or not account.active:
            return await self._failed(account, browser, "密码不对" if account and not right else "账号已停用")
        return await self._let_in(account, browser, rule, who)

    async def vouched(self, username: str, browser: Browser) -> SignedIn | Refused:
        """Begin a session for whom the identity service vouches, if they have an account; a second factor is still asked for."""
        name = username.strip().lower()[:_MOST_NAME_LETTERS]
        now = self.clock()
        async with self.database.write() as session:
            account = await session.scalar(select(Account).where(Account.username == name).with_for_update())
            if account is None or not account.active:
                audit.record(
                    session,
                    stranger(browser.address),
                    Action.SIGN_IN_FAILED,
                    audit.account(account.username) if account else audit.Target(),
                    at=now,
                    detail={"方式": "统一认证", "原因": "账号已停用" if account else "没有这个账号"},
                )
                return Refused()
            if account.totp_secret is None:
                self._record_entry(session, account, browser, now, "统一认证")
            return SignedIn(
                await sessions.begin(
                    session, account, browser, self.policy, second_factor=False, at=now, new_id=self.new_id,
                    vouched=True,
                )
            )  # fmt: skip

    @staticmethod
    def _record_entry(
        session: AsyncSession, account: Account, browser: Browser, now: datetime, way: str
    ) -> None:
        account.last_sign_in_at = now
        actor = Actor(account.id, account.username, account.name, None, frozenset(), browser.address)
        audit.record(session, actor, Action.SIGNED_IN, at=now, detail={"方式": way})

    async def give_code(self, visitor: Visitor, code: str, browser: Browser) -> SignedIn | Refused | Paused:
        """Replace a session that waits for its code by a whole one."""
        now = self.clock()
        async with self.database.write() as session:
            assert visitor.actor.account_id is not None
            if pause := await tries.count(session, tries.BY_CODE, visitor.actor.account_id, now=now):
                return paused(pause)
            account = await session.get_one(Account, visitor.actor.account_id)
            way = await second_factor.check(session, account, code, at=now)
            if way is None:
                target = audit.account(account.username)
                audit.record(
                    session,
                    visitor.actor,
                    Action.SIGN_IN_FAILED,
                    target,
                    at=now,
                    detail={"原因": "验证码不对"},
                )
                return Refused()
            # Ended meanwhile, by a reset password or by the same form sent twice: there is nothing to go on from.
            if not await sessions.end(session, account.id, visitor.session_id):
                return Refused()
            await tries.forget(session, tries.BY_CODE, account.id)
            account.last_sign_in_at = now
            first = "统一认证" if visitor.vouched else "密码"
            audit.record(session, visitor.actor, Action.SIGNED_IN, at=now, detail={"方式": f"{first}和{way}"})
            token = await sessions.begin(
                session, account, browser, self.policy, second_factor=True, at=now, new_id=self.new_id,
                vouched=visitor.vouched,
            )  # fmt: skip
            return SignedIn(token, known_browsers.mark_for(self.policy.secret, account.id))

    async def _counted_by(
        self, session: AsyncSession, account: Account | None, name: str, browser: Browser, now: datetime
    ) -> tuple[tries.Rule, str]:
        if account is not None and known_browsers.knows(self.policy.secret, account.id, browser.mark):
            return tries.BY_BROWSER, account.id
        if await tries.is_over(session, tries.BY_ADDRESS, tries.network(browser.address), now=now):
            return tries.BY_NAME_STRICTLY, name
        return tries.BY_NAME, name

    async def _let_in(
        self, seen: Account, browser: Browser, rule: tries.Rule, who: str
    ) -> SignedIn | Refused:
        now = self.clock()
        async with self.database.write() as session:
            account = await session.get_one(Account, seen.id, with_for_update=True)
            # While the password was looked at, it may have been reset or the account disabled.
            if not account.active or account.password_hash != seen.password_hash:
                return Refused()
            await tries.forget(session, rule, who)
            if account.totp_secret is None:
                self._record_entry(session, account, browser, now, "密码")
            token = await sessions.begin(
                session, account, browser, self.policy, second_factor=False, at=now, new_id=self.new_id
            )
            whole = account.totp_secret is None
            return SignedIn(token, known_browsers.mark_for(self.policy.secret, account.id) if whole else "")

    async def _failed(self, account: Account | None, browser: Browser, why: str) -> Refused:
        # A name that nobody has is not written down: it may be a password in the wrong field.
        target = audit.account(account.username) if account else audit.Target()
        reason = why if account else "没有这个账号"
        async with self.database.write() as session:
            now, network = self.clock(), tries.network(browser.address)
            await tries.note_failure(session, tries.BY_ADDRESS, network, now=now)
            audit.record(
                session,
                stranger(browser.address),
                Action.SIGN_IN_FAILED,
                target,
                at=now,
                detail={"原因": reason},
            )
        return Refused()


def paused(pause: timedelta) -> Paused:
    """The whole seconds of a pause, at least one."""
    return Paused(max(1, math.ceil(pause.total_seconds())))
