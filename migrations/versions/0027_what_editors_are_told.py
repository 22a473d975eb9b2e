"""Suggestions that editors decline, files of articles, and what departments write about unanswered questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "declined_suggestions",
        sa.Column("article", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("article", "digest", name=op.f("pk_declined_suggestions")),
    )
    op.create_table(
        "article_files",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("article", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("scanned", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_files")),
        sa.UniqueConstraint("key", name=op.f("uq_article_files_key")),
    )
    op.create_table(
        "answer_proposals",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["unanswered_groups.id"], name=op.f("fk_answer_proposals_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_proposals")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_answer_proposals_group_id"), "answer_proposals", ["group_id"])
    op.add_column("notices", sa.Column("question_group", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("notices") as table:
        table.drop_column("question_group")
    op.drop_table("answer_proposals")
    op.drop_table("article_files")
    op.drop_table("declined_suggestions")
