"""The second factor: codes of an authenticator app (RFC 6238), each taken once, and recovery codes."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from staff import audit, sessions
from staff.actors import Actor
from staff.audit import Action
from staff.models import Account, RecoveryCode, StaffSession
from staff.passwords import readable

_STEP_SECONDS = 30
_RECOVERY_CODES = 10


def accepted_step(secret: str, code: str, *, now: datetime, last: int | None) -> int | None:
    """The step that the code is for: this one or a neighbour, for clocks differ, and later than `last`; else None."""
    totp = pyotp.TOTP(secret)
    this = int(now.timestamp()) // _STEP_SECONDS
    for step in (this, this - 1, this + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()) and (
            last is None or step > last
        ):
            return step
    return None


def enrolment_uri(secret: str, *, username: str, issuer: str) -> str:
    """What the QR code says to the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


async def offer(session: AsyncSession, session_id: str) -> str:
    """The secret that this session may enrol: always the same, however often the page is loaded."""
    row = await session.get_one(StaffSession, session_id)
    if row.totp_offer is None:
        row.totp_offer = pyotp.random_base32()
    return row.totp_offer


async def enrol(
    session: AsyncSession, actor: Actor, session_id: str, code: str, *, at: datetime
) -> Sequence[str] | None:
    """Take the offered secret into use if the code is right; the recovery codes, else None.

    The account's other sessions end: they have given no code.
    """
    row = await session.get_one(StaffSession, session_id)
    account = await session.get_one(Account, row.account_id, with_for_update=True)
    if row.totp_offer is None:
        return None
    step = accepted_step(row.totp_offer, _plain(code), now=at, last=None)
    if step is None:
        return None
    account.totp_secret, account.totp_step = row.totp_offer, step
    row.totp_offer, row.second_factor = None, True
    await sessions.end_all(session, account.id, but=session_id)
    audit.record(session, actor, Action.SECOND_FACTOR_SET, audit.account(account.username), at=at)
    return await _new_codes(session, account.id)


async def check(session: AsyncSession, account: Account, code: str, *, at: datetime) -> str | None:
    """Take a code of the app or a recovery code, each only once; which it was, as people call it, else None."""
    plain = _plain(code)
    if re.fullmatch(r"[0-9]{6}", plain):
        return "动态验证码" if await _take_step(session, account, plain, at=at) else None
    used = await session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account.id,
            RecoveryCode.hash == _hash(plain),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.hash)
    )
    return None if used is None else "恢复码"


async def remove(session: AsyncSession, account: Account) -> None:
    """Do without a second factor from now on."""
    account.totp_secret = account.totp_step = None
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))


async def renew_codes(
    session: AsyncSession, actor: Actor, account: Account, *, at: datetime
) -> Sequence[str]:
    """New recovery codes; the old ones are void."""
    audit.record(session, actor, Action.RECOVERY_CODES_RENEWED, audit.account(account.username), at=at)
    return await _new_codes(session, account.id)


async def codes_left(session: AsyncSession, account_id: str) -> int:
    """How many recovery codes have not been used."""
    unused = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return await session.scalar(unused) or 0


async def _take_step(session: AsyncSession, account: Account, code: str, *, at: datetime) -> bool:
    if account.totp_secret is None:
        return False
    step = accepted_step(account.totp_secret, code, now=at, last=account.totp_step)
    if step is None:
        return False
    # Conditional, so that one of two who give the same code at once comes too late.
    taken = await session.scalar(
        update(Account)
        .where(Account.id == account.id, or_(Account.totp_step.is_(None), Account.totp_step < step))
        .values(totp_step=step)
        .returning(Account.id)
    )
    return taken is not None


async def _new_codes(session: AsyncSession, account_id: str) -> Sequence[str]:
    codes = [readable(3) for _ in range(_RECOVERY_CODES)]
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    session.add_all(
        RecoveryCode(account_id=account_id, hash=_hash(_plain(code)), used_at=None) for code in codes
    )
    return codes


def _plain(code: str) -> str:
    """The code without what people put into it."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", code)).lower()


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
