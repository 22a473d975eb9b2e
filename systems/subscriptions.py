"""Subscriptions: where which events are pushed to, made, changed, given another secret, switched off and on."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from store.ids import NewId
from store.inserts import insert_into
from systems.errors import AddressRefused, EventsRefused, MovedOn, NameRefused, NameTaken, Unknown
from systems.models import Push, Subscription, WebhookDelivery
from systems.signing import Secrets

MOST_NAME_LETTERS = 50
MOST_URL_LETTERS = 500
# So long both secrets sign, for the other side to change over.
BOTH_SIGN_FOR = timedelta(days=7)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """A subscription as it is asked for. `confidential`: also what concerns confidential tickets."""

    name: str
    url: str
    events: frozenset[str]
    confidential: bool = False


async def add(
    session: AsyncSession,
    wish: Wish,
    secrets: Secrets,
    *,
    known: Collection[str],
    by: str,
    at: datetime,
    new_id: NewId,
) -> Subscription:
    """A new subscription. `known`: the events that there are. Raises `SystemsError`."""
    await _check(session, wish, known)
    id = new_id()
    added = await session.scalar(
        insert_into(session, Subscription)
        .values(
            id=id,
            name=wish.name,
            url=wish.url,
            events=sorted(wish.events),
            confidential=wish.confidential,
            generation=1,
            secret_check=secrets.check(id, 1),
            created_by=by,
            created_at=at,
            off_reason="",
        )
        .on_conflict_do_nothing()
        .returning(Subscription.id)
    )
    if added is None:  # somebody took the name at this moment
        raise NameTaken(wish.name)
    return await session.get_one(Subscription, added)


async def change(
    session: AsyncSession, id: str, wish: Wish, *, known: Collection[str], generation: int
) -> Subscription:
    """Change what is pushed where. Raises `SystemsError`."""
    row = await _seen(session, id, generation)
    await _check(session, wish, known, but=id)
    row.name, row.url, row.confidential = wish.name, wish.url, wish.confidential
    row.events = sorted(wish.events)
    await session.flush()
    return row


async def rotate(
    session: AsyncSession, id: str, secrets: Secrets, *, generation: int, at: datetime
) -> Subscription:
    """Give it another secret; the present one signs too for `BOTH_SIGN_FOR`. Raises `SystemsError`.

    `generation`: of the secret that whoever asks for it has seen on the page.
    """
    row = await _seen(session, id, generation)
    still_right = row.secret_check == secrets.check(id, generation)
    row.generation = generation + 1
    row.secret_check = secrets.check(id, row.generation)
    row.previous_until = at + BOTH_SIGN_FOR if still_right else None
    await session.flush()
    return row


async def end_previous(session: AsyncSession, id: str, *, generation: int) -> Subscription:
    """Let only the newest secret sign from now on. Raises `SystemsError`."""
    row = await _seen(session, id, generation)
    row.previous_until = None
    await session.flush()
    return row


async def switch_off(session: AsyncSession, id: str, reason: str, *, at: datetime) -> bool:
    """Push nothing more; what is to be pushed waits. `reason`: empty where a person does it. False: it was off."""
    done = await session.execute(
        update(Subscription)
        .where(Subscription.id == id, Subscription.off_at.is_(None))
        .values(off_at=at, off_reason=reason)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


async def switch_on(session: AsyncSession, id: str, *, at: datetime) -> bool:
    """Push again, first what has been waiting. False: it was on."""
    done = await session.execute(
        update(Subscription)
        .where(Subscription.id == id, Subscription.off_at.is_not(None))
        .values(off_at=None, off_reason="", failing_since=None, paused_until=None)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        return False
    await session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.subscription_id == id, WebhookDelivery.state == Push.PENDING)
        .values(due_at=at, tried_since=None, attempts=0)
    )
    return True


async def subscription(session: AsyncSession, id: str) -> Subscription:
    """One of them. Raises `Unknown`."""
    row = await session.get(Subscription, id)
    if row is None:
        raise Unknown
    return row


async def all_subscriptions(session: AsyncSession) -> Sequence[Subscription]:
    """Every subscription, by name."""
    return (await session.scalars(select(Subscription).order_by(Subscription.name))).all()


async def switched_off(session: AsyncSession) -> Sequence[Subscription]:
    """Those that were not switched off by a person: somebody has to look after them."""
    rows = await session.scalars(
        select(Subscription)
        .where(Subscription.off_at.is_not(None), Subscription.off_reason != "")
        .order_by(Subscription.name)
    )
    return rows.all()


def refused_address(url: str) -> str:
    """Why nothing may be pushed there, as far as the address itself tells; empty where nothing speaks against it.

    Whether the host is one that may be reached is asked when something is sent: names change their addresses.
    """
    if not 0 < len(url) <= MOST_URL_LETTERS or not url.isascii() or not url.isprintable() or " " in url:
        return f"请填写接收地址，不超过 {MOST_URL_LETTERS} 个字符，例如 https://example.gov.cn/hooks；中文域名请写成 xn-- 形式。"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "接收地址的写法不对，例如 https://example.gov.cn/hooks。"
    if not (host and (_HOST.fullmatch(host) or _literal(host))) or port == 0:
        return "接收地址的写法不对，例如 https://example.gov.cn/hooks。"
    if parts.username is not None or parts.password is not None:
        return "接收地址里不要写用户名和密码：推送有签名，不需要它们。"
    if parts.fragment:
        return "接收地址里不能有“#”。"
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return ""
    return "接收地址必须以 https:// 开头。"


async def _check(session: AsyncSession, wish: Wish, known: Collection[str], but: str = "") -> None:
    if not 0 < len(wish.name) <= MOST_NAME_LETTERS:
        raise NameRefused(MOST_NAME_LETTERS)
    if problem := refused_address(wish.url):
        raise AddressRefused(problem)
    if not wish.events or not wish.events <= set(known):
        raise EventsRefused
    taken = exists().where(Subscription.name == wish.name, Subscription.id != but)
    if await session.scalar(select(taken)):
        raise NameTaken(wish.name)


async def _seen(session: AsyncSession, id: str, generation: int) -> Subscription:
    # Weak enough that the events of a ticket, whose rows point here, need not wait.
    row = await session.get(Subscription, id, with_for_update={"key_share": True})
    if row is None:
        raise Unknown
    if row.generation != generation:
        raise MovedOn
    return row


def _literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_literal(host) and ipaddress.ip_address(host).is_loopback)
