"""Ratings of tickets with tags and words, and what is done about bad ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("ratings") as ratings:
        ratings.alter_column("thread_id", existing_type=sa.String(), nullable=True)
        ratings.alter_column("talk", existing_type=sa.Integer(), nullable=True)
        ratings.alter_column("level", existing_type=sa.Integer(), nullable=True)
        ratings.alter_column("rated_at", existing_type=_MOMENT, nullable=True)
        ratings.add_column(sa.Column("ticket_id", sa.String(), nullable=True))
        # What was rated before is rated, and nothing is asked about it any more.
        ratings.add_column(sa.Column("stage", sa.String(32), nullable=False, server_default="done"))
        ratings.add_column(sa.Column("owed_at", _MOMENT, nullable=True))
        ratings.add_column(sa.Column("asked_at", _MOMENT, nullable=True))
        ratings.add_column(sa.Column("question_id", sa.Integer(), nullable=True))
        ratings.add_column(sa.Column("heard", sa.Integer(), nullable=True))
        ratings.add_column(sa.Column("tags", _JSON, nullable=False, server_default="[]"))
        ratings.add_column(sa.Column("comment", sa.String(), nullable=False, server_default=""))
        ratings.add_column(sa.Column("again_level", sa.Integer(), nullable=True))
        ratings.add_column(sa.Column("again_at", _MOMENT, nullable=True))
        ratings.create_unique_constraint(op.f("uq_ratings_ticket_id"), ["ticket_id"])
    op.create_index("ix_ratings_stage", "ratings", ["stage", "owed_at"])
    op.create_table(
        "rectifications",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("rating_id", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=True),
        sa.Column("thread_id", sa.String(), nullable=True),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("handler", sa.String(), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("way", sa.String(32), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tags", _JSON, nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("rated_at", _MOMENT, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("contact_limit", sa.String(), nullable=False),
        sa.Column("contact_by", _MOMENT, nullable=False),
        sa.Column("contacted_at", _MOMENT, nullable=True),
        sa.Column("rectify_limit", sa.String(), nullable=False),
        sa.Column("rectify_by", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("proposal", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=True),
        sa.Column("again_level", sa.Integer(), nullable=True),
        sa.Column("again_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_rectifications_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectifications")),
        sa.UniqueConstraint("rating_id", name=op.f("uq_rectifications_rating_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rectifications_state", "rectifications", ["state", "due_at", "id"])
    op.create_index("ix_rectifications_department", "rectifications", ["department", "state", "due_at", "id"])
    op.create_index("ix_rectifications_opened", "rectifications", ["opened_at", "id"])
    those = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_rectifications_open", "rectifications", ["due_at", "id"], sqlite_where=those, postgresql_where=those
    )
    op.create_index("ix_rectifications_ticket_id", "rectifications", ["ticket_id"])
    op.create_index("ix_rectifications_thread_id", "rectifications", ["thread_id"])
    op.create_table(
        "rectification_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("rectification_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(), nullable=True),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("before", sa.String(32), nullable=True),
        sa.Column("after", sa.String(32), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["rectification_id"], ["rectifications.id"], name=op.f("fk_rectification_events_rectification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rectification_events_case", "rectification_events", ["rectification_id", "id"])
    op.create_index("ix_rectification_events_thread_id", "rectification_events", ["thread_id"])


def downgrade() -> None:
    """Undo; ratings of tickets and what was asked and not given are lost."""
    op.drop_table("rectification_events")
    op.drop_table("rectifications")
    op.execute("DELETE FROM ratings WHERE thread_id IS NULL OR talk IS NULL OR level IS NULL OR rated_at IS NULL")
    op.drop_index("ix_ratings_stage", "ratings")
    with op.batch_alter_table("ratings") as ratings:
        ratings.drop_constraint(op.f("uq_ratings_ticket_id"), type_="unique")
        for name in (
            "ticket_id", "stage", "owed_at", "asked_at", "question_id", "heard", "tags", "comment", "again_level",
            "again_at",
        ):  # fmt: skip
            ratings.drop_column(name)
        ratings.alter_column("thread_id", existing_type=sa.String(), nullable=False)
        ratings.alter_column("talk", existing_type=sa.Integer(), nullable=False)
        ratings.alter_column("level", existing_type=sa.Integer(), nullable=False)
        ratings.alter_column("rated_at", existing_type=_MOMENT, nullable=False)
