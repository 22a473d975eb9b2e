"""The outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # One statement each, on both databases: SQLite need not copy the table for a column with a constant default.
    moment = sa.DateTime(timezone=True)
    op.add_column("messages", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("messages", sa.Column("due_at", moment, nullable=True))
    op.add_column("messages", sa.Column("tried_since", moment, nullable=True))
    op.add_column("messages", sa.Column("claimed_until", moment, nullable=True))
    op.add_column("messages", sa.Column("parts_sent", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("messages", sa.Column("sent_id", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("reason", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_messages_thread_delivery", "messages", ["thread_id", "delivery", "id"])
    op.create_table(
        "channel_pauses",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_pauses")),
    )
