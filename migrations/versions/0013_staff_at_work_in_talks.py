"""Colleagues who are called, canned replies, and questions that nobody could answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # Open pages know notes by their ids: that of one that is gone must not come again.
    if op.get_bind().dialect.name == "sqlite":
        kept = {"sqlite_autoincrement": True}
        with op.batch_alter_table("thread_notes", recreate="always", table_kwargs=kept):
            pass
    op.create_table(
        "thread_mentions",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("note_id", sa.Integer(), sa.ForeignKey("thread_notes.id"), nullable=False),
        sa.Column("thread_id", sa.String(), sa.ForeignKey("threads.id"), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("note_id", "account", name="uq_thread_mentions_note_id_account"),
    )
    op.create_index("ix_thread_mentions_account", "thread_mentions", ["account", "id"])
    op.create_index("ix_thread_mentions_seen", "thread_mentions", ["seen_at", "account"])
    op.create_index("ix_thread_mentions_thread", "thread_mentions", ["thread_id", "account"])
    op.create_table(
        "noted_questions",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("thread_id", sa.String(), sa.ForeignKey("threads.id"), nullable=False),
        sa.Column("message_id", sa.Integer(), sa.ForeignKey("messages.id"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("noted_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("message_id", name="uq_noted_questions_message_id"),
    )
    op.create_index("ix_noted_questions_thread_id", "noted_questions", ["thread_id"])
    op.create_index("ix_noted_questions_at", "noted_questions", ["at"])
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("owner", sa.String()),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
    )
    op.create_index("ix_canned_replies_owner", "canned_replies", ["owner", "uses"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("canned_replies")
    op.drop_table("noted_questions")
    op.drop_table("thread_mentions")
