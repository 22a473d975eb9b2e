"""How often somebody may try to sign in: after some failures a pause that doubles with each further one."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from staff.models import Account, Tries

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` failures cost nothing."""

    kind: str
    free: int


BY_NAME = Rule("name", 5)
BY_CODE = Rule("code", 5)
BY_ACCOUNT = Rule("account", 5)  # the password once more, by who is signed in
# A whole department may share one address.
BY_ADDRESS = Rule("address", 30)


def pause_after(failures: int, rule: Rule) -> timedelta:
    """How long to wait after so many failures."""
    if failures < rule.free:
        return timedelta()
    # The exponent is bounded, so that a patient attacker does not make the number overflow.
    doublings: int = 2 ** min(failures - rule.free, 16)
    return min(_FIRST_PAUSE * doublings, _LONGEST_PAUSE)


async def count(session: AsyncSession, rule: Rule, who: str, *, now: datetime) -> timedelta | None:
    """Count a try as failed before it is looked at, so that many at once are not all let through.

    Returns how long to wait where it must not be looked at.
    """
    key = key_of(who)
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    first = insert(Tries).values(kind=rule.kind, key=key, failures=0, last_at=now, blocked_until=None)
    await session.execute(first.on_conflict_do_nothing())
    row = (await session.scalars(_row(rule, key).with_for_update())).one()
    if row.blocked_until is not None and row.blocked_until > now:
        return row.blocked_until - now
    row.failures = 1 if row.last_at < now - _FORGOTTEN_AFTER else row.failures + 1
    pause = pause_after(row.failures, rule)
    row.blocked_until = now + pause if pause else None
    row.last_at = now
    return None


async def forget(session: AsyncSession, rule: Rule, who: str) -> None:
    """Somebody came in: start anew."""
    await session.execute(delete(Tries).where(Tries.kind == rule.kind, Tries.key == key_of(who)))


async def take_back(session: AsyncSession, rule: Rule, who: str) -> None:
    """The try that was counted was none; earlier ones stay, lest an own account wash an address clean."""
    row = await session.scalar(_row(rule, key_of(who)).with_for_update())
    if row is not None:
        row.failures = max(0, row.failures - 1)
        if row.failures < rule.free:
            row.blocked_until = None


async def is_paused(session: AsyncSession, account: Account, *, now: datetime) -> bool:
    """Whether the account has to wait because of its wrong passwords or codes."""
    keys = ((BY_NAME, account.username), (BY_CODE, account.id), (BY_ACCOUNT, account.id))
    mine = or_(*(and_(Tries.kind == rule.kind, Tries.key == key_of(who)) for rule, who in keys))
    return bool(await session.scalar(select(exists().where(mine, Tries.blocked_until > now))))


async def forget_account(session: AsyncSession, account: Account) -> None:
    """End every pause of the account."""
    await forget(session, BY_NAME, account.username)
    await forget(session, BY_CODE, account.id)
    await forget(session, BY_ACCOUNT, account.id)


async def clean(session: AsyncSession, *, now: datetime) -> None:
    """Delete what is forgotten anyway."""
    await session.execute(delete(Tries).where(Tries.last_at < now - _FORGOTTEN_AFTER))


def key_of(who: str) -> str:
    """What is kept of a name, account or address: a hash."""
    return hashlib.sha256(who.encode()).hexdigest()


def network(address: str) -> str:
    """What one subscriber has: an IPv4 address, the /64 of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _row(rule: Rule, key: str) -> Select[Tries]:
    return select(Tries).where(Tries.kind == rule.kind, Tries.key == key)
