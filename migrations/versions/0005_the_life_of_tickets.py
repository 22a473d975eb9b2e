"""The life of tickets: clocks, approvals, answers, days that are worked or not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WORD = sa.String(32)
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("tickets") as table:
        table.add_column(sa.Column("level", _WORD, nullable=False, server_default="general"))
        table.add_column(sa.Column("department", sa.String()))
        table.add_column(sa.Column("handler", sa.String()))
        table.add_column(sa.Column("returns", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("arbitrated", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("supervised_at", _MOMENT))
    op.create_index("ix_tickets_submitted", "tickets", ["submitted_at", "id"])
    op.create_index("ix_tickets_department", "tickets", ["department", "state", "submitted_at"])
    _clocks()
    _papers()
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("works", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    _start_clocks_of_the_submitted()


def _clocks() -> None:
    json = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
    op.create_table(
        "ticket_clocks",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("timed", _WORD, nullable=False),
        sa.Column("limit", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("extra", sa.Integer(), nullable=False),
        sa.Column("pauses", json, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_clocks_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_clocks")),
    )
    op.create_index("ix_ticket_clocks_ticket", "ticket_clocks", ["ticket_id", "id"])
    op.create_index("ix_ticket_clocks_due", "ticket_clocks", ["ended_at", "due_at"])


def _papers() -> None:
    op.create_table(
        "ticket_approvals",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("asked", _WORD, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", _MOMENT),
        sa.Column("granted", sa.Boolean()),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_approvals_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_approvals")),
    )
    op.create_index("ix_ticket_approvals_ticket", "ticket_approvals", ["ticket_id", "id"])
    op.create_table(
        "ticket_answers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", _MOMENT, nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", _MOMENT),
        sa.Column("released", sa.Boolean()),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_answers_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_answers")),
    )
    op.create_index("ix_ticket_answers_ticket", "ticket_answers", ["ticket_id", "id"])


def _start_clocks_of_the_submitted() -> None:
    """Tickets that wait for a decision get the clock that they would have: due when their receipt says."""
    due = "decide_by || ' 15:59:59'"  # the end of the day in the city, in UTC
    if op.get_bind().dialect.name == "postgresql":
        due = "(decide_by + time '15:59:59') at time zone 'UTC'"
    op.execute(
        "insert into ticket_clocks (ticket_id, timed, \"limit\", source, extra, pauses, started_at, due_at) "
        "select id, 'decide', '3wd', '《河南省营商环境投诉举报案件调查处理办法》（豫政办〔2024〕67号）', 0, '[]', "
        f"submitted_at, {due} from tickets where state = 'submitted'"  # noqa: S608 (nothing comes from outside)
    )
