"""Linked people, erased people, and tickets whose time is over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("people", sa.Column("circle", sa.String(), nullable=True))
    op.create_index("ix_people_circle", "people", ["circle"])
    op.add_column("threads", sa.Column("leaving", sa.String(length=32), nullable=True))
    op.add_column("threads", sa.Column("erase_at", _MOMENT, nullable=True))
    op.create_index("ix_threads_erase_at", "threads", ["erase_at"])
    _create_codes()
    op.create_table(
        "erased_talks",
        sa.Column("thread_id", sa.String(), nullable=False),
        sa.Column("talks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_erased_talks")),
    )
    op.add_column("tickets", sa.Column("cleared_at", _MOMENT, nullable=True))
    with op.batch_alter_table("tickets") as tickets:
        tickets.alter_column("person_id", existing_type=sa.String(), nullable=True)
        tickets.alter_column("thread_id", existing_type=sa.String(), nullable=True)


def _create_codes() -> None:
    op.create_table(
        "link_codes",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_link_codes_person_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_link_codes")),
    )
    op.create_index("ix_link_codes_person_id", "link_codes", ["person_id"])
    op.create_table(
        "link_wrong_codes",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("guesser", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_link_wrong_codes")),
    )
    op.create_index("ix_link_wrong_codes_guesser", "link_wrong_codes", ["guesser"])
    op.create_index("ix_link_wrong_codes_at", "link_wrong_codes", ["at"])
