"""Tickets under supervision and what waits for a decision are found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    those = sa.text("supervised_at IS NOT NULL")
    op.create_index(
        "ix_tickets_supervised", "tickets", ["supervised_at"], sqlite_where=those, postgresql_where=those
    )
    op.create_index("ix_ticket_approvals_decided", "ticket_approvals", ["decided_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_ticket_approvals_decided", "ticket_approvals")
    op.drop_index("ix_tickets_supervised", "tickets")
