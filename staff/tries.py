"""How often somebody may try to sign in: after some failures a pause that doubles with each further one.

The pause is the name's, not the address's: many share one, and who is right must not wait for who is wrong. An address with many
failures only loses patience: from there a name has one failure free instead of five.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.models import Account, Tries
from store.inserts import insert_into

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` failures cost nothing."""

    kind: str
    free: int


BY_NAME = Rule("name", 5)
BY_NAME_STRICTLY = Rule("name", 1)  # from an address with many failures
BY_BROWSER = Rule("browser", 5)  # the account's known browsers, see `known_browsers`
BY_CODE = Rule("code", 5)
BY_ACCOUNT = Rule("account", 5)  # the password once more, by who is signed in
# A whole department may share one address. Nobody waits because of it.
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
    row = await _locked(session, rule, key_of(who), now)
    if row.blocked_until is not None and row.blocked_until > now:
        return row.blocked_until - now
    _add_failure(row, now)
    pause = pause_after(row.failures, rule)
    row.blocked_until = now + pause if pause else None
    return None


async def forget(session: AsyncSession, rule: Rule, who: str) -> None:
    """Somebody came in: start anew."""
    await session.execute(delete(Tries).where(Tries.kind == rule.kind, Tries.key == key_of(who)))


async def note_failure(session: AsyncSession, rule: Rule, who: str, *, now: datetime) -> None:
    """Count what has failed, where nothing is ever kept waiting: coming in neither counts nor washes clean."""
    _add_failure(await _locked(session, rule, key_of(who), now), now)


async def is_over(session: AsyncSession, rule: Rule, who: str, *, now: datetime) -> bool:
    """Whether more has failed than is free, and is not forgotten."""
    row = await session.scalar(_row(rule, key_of(who)))
    return row is not None and row.failures >= rule.free and row.last_at >= now - FORGOTTEN_AFTER


async def is_paused(session: AsyncSession, account: Account, *, now: datetime) -> bool:
    """Whether the account has to wait because of its wrong passwords or codes."""
    mine = or_(*(and_(Tries.kind == rule.kind, Tries.key == key_of(who)) for rule, who in _of(account)))
    return bool(await session.scalar(select(exists().where(mine, Tries.blocked_until > now))))


async def forget_account(session: AsyncSession, account: Account) -> None:
    """End every pause of the account."""
    for rule, who in _of(account):
        await forget(session, rule, who)


async def clean(session: AsyncSession, *, now: datetime) -> None:
    """Delete what is forgotten anyway."""
    await session.execute(delete(Tries).where(Tries.last_at < now - FORGOTTEN_AFTER))


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


def _of(account: Account) -> Sequence[tuple[Rule, str]]:
    own = ((rule, account.id) for rule in (BY_BROWSER, BY_CODE, BY_ACCOUNT))
    return ((BY_NAME, account.username), *own)


async def _locked(session: AsyncSession, rule: Rule, key: str, now: datetime) -> Tries:
    first = insert_into(session, Tries).values(
        kind=rule.kind, key=key, failures=0, last_at=now, blocked_until=None
    )
    await session.execute(first.on_conflict_do_nothing())
    return (await session.scalars(_row(rule, key).with_for_update())).one()


def _add_failure(row: Tries, now: datetime) -> None:
    row.failures = 1 if row.last_at < now - FORGOTTEN_AFTER else row.failures + 1
    row.last_at = now
