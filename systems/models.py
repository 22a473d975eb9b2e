"""The tables of other systems."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class ApiToken(Base):
    """What another system reads with; only the token's hash is kept.

    `hint`: its last letters, by which people tell it from others. `last_used_at`: to within a few minutes.
    """

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    scopes: Mapped[list[Any]]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Subscription(Base):
    """Where events are pushed to. The secret that signs them is derived and nowhere kept, see `systems.signing`.

    `generation`: of the secret; the one before it signs too until `previous_until`. `secret_check`: tells whether the
    derived secret is still the one that was shown. `failing_since`: of deliveries without one that arrived in between.
    `off_at`: nothing is pushed since then, for `off_reason` where it was not a person who switched it off.
    """

    __tablename__ = "webhook_subscriptions"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    events: Mapped[list[Any]]
    confidential: Mapped[bool]
    generation: Mapped[int] = mapped_column(default=1)
    secret_check: Mapped[str]
    previous_until: Mapped[datetime | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    off_at: Mapped[datetime | None]
    off_reason: Mapped[str] = mapped_column(default="")


class Push(StrEnum):
    """What became of a delivery."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


PUSH_NAMES = {
    Push.PENDING: "待推送",
    Push.SENDING: "推送中",
    Push.SENT: "已送达",
    Push.FAILED: "推送失败",
}


class WebhookDelivery(Base):
    """One event on its way to one subscription. `body`: the bytes that are signed, the same at each try.

    Those of one `topic` (a ticket) go out in the order of their ids.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_subscription", "subscription_id", "id"),
        Index("ix_webhook_deliveries_topic", "subscription_id", "topic", "id"),
        Index("ix_webhook_deliveries_due", "subscription_id", "state", "due_at", "id"),
        Index("ix_webhook_deliveries_leases", "state", "claimed_until"),
        Index("ix_webhook_deliveries_created", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("webhook_subscriptions.id"))
    webhook_id: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    topic: Mapped[str]
    body: Mapped[str]
    state: Mapped[Push] = mapped_column(default=Push.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    tried_since: Mapped[datetime | None]
    status: Mapped[int | None]
    answer: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
