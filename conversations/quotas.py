"""How many messages may still go to a person, where a channel counts them: windows that the person's own acts open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
class Left:
    """`messages` may go out, the last of them before `until`; None where no window is open."""

    messages: int
    until: datetime | None


async def open_window(
    session: AsyncSession, recipient: Recipient, kind: str, *, messages: int, until: datetime
) -> None:
    """What the person did allows so many messages until then.

    Told again of the same act it changes nothing: only a window that ends later replaces the one of its kind.
    """
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    await session.execute(
        insert(QuotaWindow)
        .values(
            channel=recipient.channel,
            address=recipient.address,
            kind=kind,
            remaining=messages,
            expires_at=until,
        )
        .on_conflict_do_update(
            index_elements=[QuotaWindow.channel, QuotaWindow.address, QuotaWindow.kind],
            set_={"remaining": messages, "expires_at": until},
            where=QuotaWindow.expires_at < until,
        )
    )


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


def _of(recipient: Recipient) -> ColumnElement[bool]:
    return and_(QuotaWindow.channel == recipient.channel, QuotaWindow.address == recipient.address)


def _open(recipient: Recipient, now: datetime) -> ColumnElement[bool]:
    return and_(_of(recipient), QuotaWindow.remaining > 0, QuotaWindow.expires_at > now)
