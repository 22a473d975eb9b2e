"""How many messages may still go to a person, where a channel counts them: windows that the person's own acts open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import QuotaWindow


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom the quota is for: the channel's id of a person."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Window:
    """What somebody did lets `messages` go to them until then. `kind`: what they did, as the channel counts it."""

    kind: str
    messages: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Left:
    """`messages` may go out, the last of them before `until`; None where no window is open."""

    messages: int
    until: datetime | None


def _opening(insert: Any) -> Any:
    """Built once for each database, as it runs with each message that comes."""
    new = insert(QuotaWindow.__table__)
    return new.on_conflict_do_update(
        index_elements=["channel", "address", "kind"],
        set_={"remaining": new.excluded.remaining, "expires_at": new.excluded.expires_at},
        where=QuotaWindow.expires_at < new.excluded.expires_at,
    )


_OPEN_WINDOW = {"sqlite": _opening(sqlite_insert), "postgresql": _opening(postgresql_insert)}


async def open_window(
    session: AsyncSession, recipient: Recipient, kind: str, *, messages: int, until: datetime
) -> None:
    """What the person did allows so many messages until then.

    Told again of the same act it changes nothing: only a window that ends later replaces the one of its kind.
    """
    await open_windows(session, [(recipient, Window(kind, messages, until))])


async def open_windows(session: AsyncSession, windows: Sequence[tuple[Recipient, Window]]) -> None:
    """What several people did, one after the other: see `open_window`."""
    rows = [
        {
            "channel": recipient.channel,
            "address": recipient.address,
            "kind": str(window.kind),
            "remaining": window.messages,
            "expires_at": window.until,
        }
        for recipient, window in windows
    ]
    await session.execute(_OPEN_WINDOW[session.get_bind().dialect.name], rows)


async def take(session: AsyncSession, recipient: Recipient, *, now: datetime) -> str | None:
    """Take one message from the window that ends first; its kind, or None where nothing is left."""
    first = (
        select(QuotaWindow.kind)
        .where(_open(recipient, now))
        .order_by(QuotaWindow.expires_at, QuotaWindow.kind)
        .limit(1)
        .scalar_subquery()
    )
    taken: str | None = await session.scalar(
        update(QuotaWindow)
        .where(_open(recipient, now), QuotaWindow.kind == first)
        .values(remaining=QuotaWindow.remaining - 1)
        .returning(QuotaWindow.kind)
        .execution_options(synchronize_session=False)
    )
    return taken


async def give_back(session: AsyncSession, recipient: Recipient, kind: str) -> None:
    """What was taken has not been used."""
    await session.execute(
        update(QuotaWindow)
        .where(_of(recipient), QuotaWindow.kind == kind)
        .values(remaining=QuotaWindow.remaining + 1)
        .execution_options(synchronize_session=False)
    )


async def close_windows(session: AsyncSession, recipient: Recipient) -> None:
    """The channel says that nothing is left, or the person has gone."""
    await session.execute(
        delete(QuotaWindow).where(_of(recipient)).execution_options(synchronize_session=False)
    )


async def left(
    session: AsyncSession, recipient: Recipient, *, now: datetime, kind: str | None = None
) -> Left:
    """What may still go out, over all windows or those of a kind."""
    wanted = _open(recipient, now) if kind is None else and_(_open(recipient, now), QuotaWindow.kind == kind)
    rows = await session.execute(
        select(func.coalesce(func.sum(QuotaWindow.remaining), 0), func.max(QuotaWindow.expires_at)).where(
            wanted
        )
    )
    messages, until = rows.one()
    return Left(int(messages), until)


async def messages_left(
    session: AsyncSession, channel: str, addresses: Collection[str], *, now: datetime
) -> dict[str, int]:
    """Address -> how many messages may still go there; those to which none may are not in it."""
    if not addresses:
        return {}
    rows = await session.execute(
        select(QuotaWindow.address, func.sum(QuotaWindow.remaining))
        .where(
            QuotaWindow.channel == channel,
            QuotaWindow.address.in_(addresses),
            QuotaWindow.remaining > 0,
            QuotaWindow.expires_at > now,
        )
        .group_by(QuotaWindow.address)
    )
    return {address: int(messages) for address, messages in rows}


def _of(recipient: Recipient) -> ColumnElement[bool]:
    return and_(QuotaWindow.channel == recipient.channel, QuotaWindow.address == recipient.address)


def _open(recipient: Recipient, now: datetime) -> ColumnElement[bool]:
    return and_(_of(recipient), QuotaWindow.remaining > 0, QuotaWindow.expires_at > now)
