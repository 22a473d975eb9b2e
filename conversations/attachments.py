"""Files that people sent, as rows: claimed to be fetched by one process at a time, and given to tickets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Attachment, Stored, Thread

# The `source` of what staff sent: it comes from no channel, and is nothing that the person gave us.
OF_STAFF = "staff"
# What counts as there: what is being fetched is told to the person if it does not come.
_KEPT = (Stored.PENDING, Stored.STORED)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a claimed attachment. `due_at`: when to try again, where it stays pending."""

    state: Stored
    reason: str = ""
    media_type: str = ""
    size: int | None = None
    sha256: str = ""
    scanned: bool = False
    due_at: datetime | None = None


async def kept_since(session: AsyncSession, thread_id: str, since: datetime) -> int:
    """How many a person's thread was given after that moment, without those that were refused."""
    found = await session.scalar(
        select(func.count()).where(
            Attachment.thread_id == thread_id,
            Attachment.state.in_(_KEPT),
            Attachment.created_at > since,
            Attachment.source != OF_STAFF,
        )
    )
    return found or 0


async def part_from(session: AsyncSession, thread_id: str) -> None:
    """Take what tickets hold from the thread that it came in: it goes on with them."""
    await session.execute(
        update(Attachment)
        .where(Attachment.thread_id == thread_id, Attachment.ticket_id.is_not(None))
        .values(message_id=None, thread_id=None)
    )


async def drop_of_tickets(session: AsyncSession, tickets: Sequence[str]) -> None:
    """Drop what tickets hold; the files are swept then."""
    await session.execute(delete(Attachment).where(Attachment.ticket_id.in_(tickets)))


async def unknown_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of the keys that no attachment has (any more)."""
    known = await session.scalars(select(Attachment.key).where(Attachment.key.in_(keys)))
    return set(keys) - set(known)


async def any_due(session: AsyncSession, channel: str, now: datetime) -> bool:
    """Whether a claim would find something. Locks nothing."""
    found = await session.scalar(select(Attachment.id).where(_due(channel, now)).limit(1))
    return found is not None


async def claim(
    session: AsyncSession, channel: str, *, now: datetime, lease: timedelta, limit: int
) -> Sequence[Attachment]:
    """Claim what is to be fetched now, the oldest first; no other process gets it within `lease`."""
    rows = await session.scalars(
        select(Attachment)
        .where(_due(channel, now))
        .order_by(Attachment.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = rows.all()
    for attachment in claimed:
        attachment.claimed_until = now + lease
    return claimed


async def settle(session: AsyncSession, claimed: Attachment, kept: Kept) -> bool:
    """Say what became of a claim. False where it is no longer ours."""
    found = await session.execute(
        update(Attachment)
        .where(Attachment.id == claimed.id, Attachment.claimed_until == claimed.claimed_until)
        .values(
            state=kept.state,
            reason=kept.reason,
            media_type=kept.media_type,
            size=kept.size,
            sha256=kept.sha256,
            scanned=kept.scanned,
            due_at=kept.due_at,
            claimed_until=None,
            attempts=Attachment.attempts + 1,
        )
        .execution_options(synchronize_session=False)
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


async def of_talk(session: AsyncSession, thread_id: str) -> Sequence[Attachment]:
    """What came in the thread's present talk and belongs to no ticket yet, in order."""
    rows = await session.scalars(select(Attachment).where(_free(thread_id)).order_by(Attachment.message_id))
    return rows.all()


async def give_to_ticket(session: AsyncSession, thread_id: str, ticket_id: str) -> int:
    """Make what `of_talk` finds the ticket's; how many it has then."""
    await session.execute(
        update(Attachment)
        .where(_free(thread_id))
        .values(ticket_id=ticket_id)
        .execution_options(synchronize_session=False)
    )
    return len([one for one in await of_ticket(session, ticket_id) if one.state in _KEPT])


async def of_messages(session: AsyncSession, ids: Collection[int]) -> Sequence[Attachment]:
    """What came with the messages, in order."""
    rows = await session.scalars(
        select(Attachment)
        .where(Attachment.message_id.in_(ids))
        .order_by(Attachment.message_id, Attachment.id)
    )
    return rows.all()


async def of_ticket(session: AsyncSession, ticket_id: str) -> Sequence[Attachment]:
    """Everything that was sent for a ticket, refused files included, in order."""
    rows = await session.scalars(
        select(Attachment)
        .where(Attachment.ticket_id == ticket_id)
        # Not by its message, which is gone where the person is erased.
        .order_by(Attachment.created_at, Attachment.id)
    )
    return rows.all()


def _free(thread_id: str) -> ColumnElement[bool]:
    talk = select(Thread.talk).where(Thread.id == thread_id).scalar_subquery()
    return and_(
        Attachment.thread_id == thread_id,
        Attachment.talk == talk,
        Attachment.ticket_id.is_(None),
        Attachment.state.in_(_KEPT),
        Attachment.source != OF_STAFF,
    )


def _due(channel: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        Attachment.state == Stored.PENDING,
        Attachment.channel == channel,
        or_(Attachment.due_at.is_(None), Attachment.due_at <= now),
        or_(Attachment.claimed_until.is_(None), Attachment.claimed_until < now),
    )
