"""Staff in conversations: who has a thread, what they have read, notes between them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    moment = sa.DateTime(timezone=True)
    with op.batch_alter_table("threads") as table:
        table.add_column(sa.Column("staff", sa.String()))
        table.add_column(sa.Column("taken_at", moment))
        table.add_column(sa.Column("ended_at", moment))
        table.add_column(sa.Column("staff_seen", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_threads_staff", "threads", ["staff", "holder", "last_message_at"])
    op.create_index("ix_threads_last", "threads", ["last_message_at", "id"])
    op.create_index("ix_threads_ended", "threads", ["ended_at", "id"])
    op.create_table(
        "thread_notes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("mentions", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_thread_notes_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_notes")),
    )
    op.create_index("ix_thread_notes_thread", "thread_notes", ["thread_id", "id"])
