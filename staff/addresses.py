"""Network addresses that many failures came from: which they are, and how they are freed."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from staff import audit, tries
from staff.actors import Actor
from staff.audit import Action
from staff.errors import AddressRefused
from staff.models import AuditEntry
from staff.tries import FORGOTTEN_AFTER, network

_MOST = 500


async def limited(session: AsyncSession, *, now: datetime) -> Sequence[str]:
    """The networks that are limited, as `network` writes them. The tries keep only hashes; the audit log has the addresses."""
    found = await session.scalars(
        select(AuditEntry.address)
        .where(AuditEntry.action == Action.SIGN_IN_FAILED, AuditEntry.at >= now - FORGOTTEN_AFTER)
        .distinct()
        .order_by(AuditEntry.address)
        .limit(_MOST)
    )
    networks = dict.fromkeys(network(address) for address in found)
    return [one for one in networks if await tries.is_over(session, tries.BY_ADDRESS, one, now=now)]


async def unlock_address(session: AsyncSession, actor: Actor, address: str, *, at: datetime) -> None:
    """Forget what came from an address, or a network as `limited` names it. Raises `AddressRefused`."""
    plain = address.strip()
    try:
        which = (
            str(ipaddress.ip_network(plain)) if "/" in plain else network(str(ipaddress.ip_address(plain)))
        )
    except ValueError:
        raise AddressRefused from None
    await tries.forget(session, tries.BY_ADDRESS, which)
    audit.record(session, actor, Action.ADDRESS_UNLOCKED, at=at, detail={"地址": which})
