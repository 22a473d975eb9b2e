"""What is to be pushed: written with the event itself, claimed by one process at a time, its result written down.

The same discipline as the outbox of messages. Repetition does no harm here, as each delivery has an id that stays: what
died with its process is sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from store.ids import NewId
from systems.models import Push, Subscription, WebhookDelivery

EVERY_TICKET = "ticket.*"
_UNSENT = (Push.PENDING, Push.SENDING)


@dataclass(frozen=True, slots=True)
class Happening:
    """What other systems are told. `data`: no person is in it. `topic`: what keeps its order, as `ticket:PDS-…`."""

    event: str
    topic: str
    at: datetime
    data: Mapping[str, Any]
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours to send."""

    delivery: WebhookDelivery
    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Mark:
    """What becomes of a claimed delivery."""

    state: Push
    status: int | None = None
    answer: str = ""
    due_at: datetime | None = None
    tried: bool = True


async def announce(session: AsyncSession, happening: Happening, *, new_id: NewId) -> None:
    """Have it pushed to whoever wants to know, if the session's transaction is committed."""
    wanting = await session.scalars(select(Subscription).where(Subscription.off_at.is_(None)))
    body = ""
    for row in wanting:
        if not wants(row, happening):
            continue
        body = body or body_of(happening)
        session.add(_delivery(row, happening, body, new_id))


async def push_one(
    session: AsyncSession, row: Subscription, happening: Happening, *, new_id: NewId
) -> WebhookDelivery:
    """Have it pushed to this subscription, whatever it wants to know."""
    delivery = _delivery(row, happening, body_of(happening), new_id)
    session.add(delivery)
    await session.flush()
    return delivery


def wants(row: Subscription, happening: Happening) -> bool:
    """Whether a subscription is told of it."""
    if happening.confidential and not row.confidential:
        return False
    every = EVERY_TICKET in row.events and happening.event.startswith("ticket.")
    return every or happening.event in row.events


def body_of(happening: Happening) -> str:
    """The body as it is signed and sent."""
    at = happening.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": happening.event, "timestamp": at, "data": dict(happening.data)}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


async def open_subscriptions(session: AsyncSession, now: datetime) -> Sequence[Subscription]:
    """Those to which something may be pushed now."""
    rows = await session.scalars(
        select(Subscription).where(
            Subscription.off_at.is_(None),
            or_(Subscription.paused_until.is_(None), Subscription.paused_until <= now),
        )
    )
    return rows.all()


async def due(session: AsyncSession, subscription_id: str, now: datetime, limit: int) -> Sequence[int]:
    """The ids of deliveries that can be claimed, those that are due the longest first. Locks nothing."""
    rows = await session.scalars(
        select(WebhookDelivery.id)
        .where(WebhookDelivery.subscription_id == subscription_id, _due(now))
        .order_by(WebhookDelivery.due_at, WebhookDelivery.id)
        .limit(limit)
    )
    return rows.all()


async def claim(
    session: AsyncSession, ids: Sequence[int], *, now: datetime, lease: timedelta, limit: int
) -> list[Claim]:
    """Claim up to `limit` of them that no other process is at."""
    locked = await session.scalars(
        select(WebhookDelivery.id)
        .where(WebhookDelivery.id.in_(ids), WebhookDelivery.state == Push.PENDING)
        .order_by(WebhookDelivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # A statement of its own, so that it sees what was committed before the locks were ours.
    claimed = await session.scalars(
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(locked.all()), _due(now))
        .values(
            state=Push.SENDING,
            claimed_until=now + lease,
            tried_since=func.coalesce(
                WebhookDelivery.tried_since, literal(now, WebhookDelivery.tried_since.type)
            ),
        )
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    )
    rows = await session.execute(
        select(WebhookDelivery, Subscription)
        .join(Subscription, Subscription.id == WebhookDelivery.subscription_id)
        .where(WebhookDelivery.id.in_(claimed.all()))
        .order_by(WebhookDelivery.id)
        .execution_options(populate_existing=True)
    )
    return [Claim(*row) for row in rows]


async def settle(session: AsyncSession, claim: Claim, mark: Mark, *, at: datetime) -> bool:
    """Say what became of a claim. False where it is no longer ours."""
    delivery = claim.delivery
    done = await session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery.id,
            WebhookDelivery.state == Push.SENDING,
            WebhookDelivery.claimed_until == delivery.claimed_until,
        )
        .values(
            state=mark.state,
            status=mark.status,
            answer=mark.answer,
            due_at=mark.due_at or delivery.due_at,
            attempts=WebhookDelivery.attempts + int(mark.tried),
            sent_at=at if mark.state is Push.SENT else None,
            claimed_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


async def note_arrived(session: AsyncSession, subscription_id: str) -> None:
    """Something arrived there: it is no longer failing."""
    await session.execute(
        update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.failing_since.is_not(None))
        .values(failing_since=None)
    )


async def note_failed(session: AsyncSession, subscription_id: str, *, at: datetime) -> datetime | None:
    """Something did not arrive there; since when nothing has. None where it is switched off."""
    since = func.coalesce(Subscription.failing_since, literal(at, Subscription.failing_since.type))
    found: datetime | None = await session.scalar(
        update(Subscription)
        .where(Subscription.id == subscription_id, Subscription.off_at.is_(None))
        .values(failing_since=since)
        .returning(Subscription.failing_since)
        .execution_options(synchronize_session=False)
    )
    return found


async def pause(session: AsyncSession, subscription_id: str, *, until: datetime) -> None:
    """Push nothing there before that moment."""
    await session.execute(
        update(Subscription).where(Subscription.id == subscription_id).values(paused_until=until)
    )


async def expired(session: AsyncSession, now: datetime) -> bool:
    """Whether a lease has run out."""
    return bool(await session.scalar(select(exists().where(_lease_over(now)))))


async def end_leases(session: AsyncSession, now: datetime) -> None:
    """What died with its process is sent again."""
    await session.execute(
        update(WebhookDelivery)
        .where(_lease_over(now))
        .values(
            state=Push.PENDING,
            attempts=WebhookDelivery.attempts + 1,
            claimed_until=None,
            answer="推送时程序中断，会再推送一次。",
        )
        .execution_options(synchronize_session=False)
    )


async def resend(session: AsyncSession, subscription_id: str, id: int, *, at: datetime) -> bool:
    """Send once more what failed or arrived, under the same id. False: it is under way, or there is none."""
    done = await session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == id,
            WebhookDelivery.subscription_id == subscription_id,
            WebhookDelivery.state.in_((Push.SENT, Push.FAILED)),
        )
        .values(state=Push.PENDING, attempts=0, due_at=at, tried_since=None, sent_at=None)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


async def deliveries(
    session: AsyncSession, subscription_id: str, *, before: int | None, limit: int
) -> Sequence[WebhookDelivery]:
    """The newest deliveries with an id below `before`, newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.subscription_id == subscription_id)
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    return (await session.scalars(query.order_by(WebhookDelivery.id.desc()).limit(limit))).all()


async def unsent_counts(session: AsyncSession) -> dict[str, int]:
    """Subscription -> how much waits to be pushed there."""
    rows = await session.execute(
        select(WebhookDelivery.subscription_id, func.count())
        .where(WebhookDelivery.state.in_(_UNSENT))
        .group_by(WebhookDelivery.subscription_id)
    )
    return {str(row[0]): row[1] for row in rows}


async def sweep(session: AsyncSession, *, before: datetime) -> None:
    """Forget what was written before a moment and is not to be pushed any more."""
    await session.execute(
        delete(WebhookDelivery)
        .where(WebhookDelivery.created_at < before, WebhookDelivery.state.not_in(_UNSENT))
        .execution_options(synchronize_session=False)
    )


def _delivery(row: Subscription, happening: Happening, body: str, new_id: NewId) -> WebhookDelivery:
    return WebhookDelivery(
        subscription_id=row.id,
        webhook_id=f"msg_{new_id()}",
        event=happening.event,
        topic=happening.topic,
        body=body,
        state=Push.PENDING,
        attempts=0,
        due_at=happening.at,
        answer="",
        created_at=happening.at,
    )


def _due(now: datetime) -> ColumnElement[bool]:
    before = aliased(WebhookDelivery)
    return and_(
        WebhookDelivery.state == Push.PENDING,
        WebhookDelivery.due_at <= now,
        ~exists().where(
            before.subscription_id == WebhookDelivery.subscription_id,
            before.topic == WebhookDelivery.topic,
            before.state.in_(_UNSENT),
            before.id < WebhookDelivery.id,
        ),
    )


def _lease_over(now: datetime) -> ColumnElement[bool]:
    return and_(WebhookDelivery.state == Push.SENDING, WebhookDelivery.claimed_until < now)
