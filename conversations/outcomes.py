"""What became of claimed messages, each written down by whoever holds the claim.

`Message.claimed_until` tells a claim from any other of the same message: who comes too late changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Author, Delivery, Message
from conversations.outbox import Claim, Look
from conversations.threads import holder_and_talk

_CUT_OFF = "发送时程序中断，是否送达不明。"


@dataclass(frozen=True, slots=True)
class Mark:
    """What becomes of a claimed message. `tried`: whether it counts as an attempt."""

    delivery: Delivery
    reason: str = ""
    due_at: datetime | None = None
    sent_id: str | None = None
    parts_sent: int = 0
    tried: bool = True


async def mark_sent(session: AsyncSession, messages: Sequence[Message], sent_id: str | None = None) -> None:
    """Say of claimed messages that they went out."""
    for message in messages:
        await _end(session, message, Mark(Delivery.SENT, sent_id=sent_id))


async def give_back(session: AsyncSession, messages: Sequence[Message]) -> None:
    """Give claimed messages back that nobody began to send."""
    for message in messages:
        await _end(session, message, Mark(Delivery.PENDING, tried=False))


async def settle(session: AsyncSession, claim: Claim, mark: Mark) -> bool:
    """Say what became of a claim. False where it is no longer ours."""
    if mark.delivery != Delivery.HELD:
        return await _end(session, claim.message, mark)
    # Who wrote while it was being sent has released nothing: it was not held yet. The lock orders the two.
    await holder_and_talk(session, claim.message.thread_id)
    written = await session.scalar(
        select(
            exists().where(
                Message.thread_id == claim.message.thread_id,
                Message.id > claim.seen,
                Message.author == Author.PERSON,
            )
        )
    )
    again = Mark(Delivery.PENDING, mark.reason, parts_sent=mark.parts_sent, tried=False)
    return await _end(session, claim.message, again if written else mark)


async def expired(session: AsyncSession, look: Look) -> bool:
    """Whether a lease has run out."""
    return bool(await session.scalar(select(exists().where(_lease_over(look)))))


async def end_leases(session: AsyncSession, look: Look, *, idempotent: bool) -> None:
    """What died with its process: its result is unknown, or it is sent again where that does no harm."""
    over = update(Message).where(_lease_over(look)).execution_options(synchronize_session=False)
    if idempotent:
        await session.execute(
            over.values(delivery=Delivery.PENDING, attempts=Message.attempts + 1, claimed_until=None)
        )
    else:  # `claimed_until` stays: the process may only have been slow, and then its word counts
        await session.execute(over.values(delivery=Delivery.UNKNOWN, reason=_CUT_OFF))


def _lease_over(look: Look) -> ColumnElement[bool]:
    return and_(
        Message.delivery == Delivery.SENDING,
        Message.channel == look.channel,
        Message.claimed_until < look.now,
    )


async def _end(session: AsyncSession, message: Message, mark: Mark) -> bool:
    named = mark.due_at is not None and not mark.tried
    found = await session.execute(
        update(Message)
        .where(
            Message.id == message.id,
            Message.claimed_until == message.claimed_until,
            Message.delivery.in_((Delivery.SENDING, Delivery.UNKNOWN)),
        )
        .values(
            delivery=mark.delivery,
            reason=mark.reason,
            due_at=mark.due_at,
            sent_id=mark.sent_id,
            parts_sent=max(mark.parts_sent, message.parts_sent),
            # None where the channel named a time: by that it is kept when the person writes, see `release_held`.
            attempts=0 if named else Message.attempts + int(mark.tried),
            claimed_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]
