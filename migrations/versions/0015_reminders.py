"""Chief service officers of enterprises, notices to staff, and what they are made from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_URGED = sa.text("step = 'urged'")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "officers",
        sa.Column("credit_code", sa.String(), nullable=False),
        sa.Column("enterprise", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("deputy", sa.String(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["officer"], ["accounts.id"], name=op.f("fk_officers_officer_accounts")),
        sa.ForeignKeyConstraint(["deputy"], ["accounts.id"], name=op.f("fk_officers_deputy_accounts")),
        sa.PrimaryKeyConstraint("credit_code", name=op.f("pk_officers")),
    )
    op.create_index("ix_officers_enterprise", "officers", ["enterprise", "credit_code"])
    op.create_index(op.f("ix_officers_officer"), "officers", ["officer"])
    op.create_index(op.f("ix_officers_deputy"), "officers", ["deputy"])
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=True),
        sa.Column("thread_id", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_notices_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("occasion", "kind", "account_id", name=op.f("uq_notices_occasion_kind_account_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_account", "notices", ["account_id", "id"])
    op.create_index("ix_notices_created", "notices", ["created_at"])
    op.create_index(op.f("ix_notices_thread_id"), "notices", ["thread_id"])
    op.create_index(
        "ix_notices_unread", "notices", ["account_id", "kind"],
        sqlite_where=sa.text("read_at IS NULL"), postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "notice_marks",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_notice_marks")),
    )
    # What happened before there were notices is told to nobody.
    for source, table in (("events", "ticket_events"), ("notes", "thread_notes")):
        op.execute(
            sa.text(
                f"INSERT INTO notice_marks (source, last) SELECT '{source}', m FROM "
                f"(SELECT max(id) AS m FROM {table}) AS newest WHERE m IS NOT NULL"
            )
        )
    op.create_index(
        "ix_ticket_events_urged", "ticket_events", ["ticket_id", "id"],
        sqlite_where=_URGED, postgresql_where=_URGED,
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_ticket_events_urged", table_name="ticket_events")
    op.drop_table("notice_marks")
    op.drop_table("notices")
    op.drop_table("officers")
