"""Tokens of other systems, webhooks, and when a ticket last changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    _tokens()
    _webhooks()
    _changes_of_tickets()


def _tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("scopes", _JSON, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=True),
        sa.Column("last_used_at", _MOMENT, nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_tokens_hash")),
    )


def _webhooks() -> None:
    op.create_table(
        "webhook_subscriptions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", _JSON, nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("secret_check", sa.String(), nullable=False),
        sa.Column("previous_until", _MOMENT, nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("failing_since", _MOMENT, nullable=True),
        sa.Column("paused_until", _MOMENT, nullable=True),
        sa.Column("off_at", _MOMENT, nullable=True),
        sa.Column("off_reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscriptions")),
        sa.UniqueConstraint("name", name=op.f("uq_webhook_subscriptions_name")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subscription_id", sa.String(), nullable=False),
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("claimed_until", _MOMENT, nullable=True),
        sa.Column("tried_since", _MOMENT, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["webhook_subscriptions.id"], name=op.f("fk_webhook_deliveries_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("webhook_id", name=op.f("uq_webhook_deliveries_webhook_id")),
        sqlite_autoincrement=True,
    )
    table = "webhook_deliveries"
    for name, columns in (
        ("subscription", ["subscription_id", "id"]),
        ("topic", ["subscription_id", "topic", "id"]),
        ("due", ["subscription_id", "state", "due_at", "id"]),
        ("leases", ["state", "claimed_until"]),
        ("created", ["created_at"]),
    ):
        op.create_index(f"ix_{table}_{name}", table, columns)


def _changes_of_tickets() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(sa.Column("changed_at", _MOMENT, nullable=True))
    op.execute(
        "UPDATE tickets SET changed_at = coalesce("
        "(SELECT max(ticket_events.at) FROM ticket_events WHERE ticket_events.ticket_id = tickets.id), submitted_at)"
    )
    with op.batch_alter_table("tickets") as tickets:
        tickets.alter_column("changed_at", existing_type=_MOMENT, nullable=False)
        tickets.create_index("ix_tickets_changed", ["changed_at", "id"])
        tickets.create_index("ix_tickets_changed_state", ["state", "changed_at", "id"])
        tickets.create_index("ix_tickets_changed_department", ["department", "changed_at", "id"])


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("tickets") as tickets:
        for name in ("changed", "changed_state", "changed_department"):
            tickets.drop_index(f"ix_tickets_{name}")
        tickets.drop_column("changed_at")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_subscriptions")
    op.drop_table("api_tokens")
