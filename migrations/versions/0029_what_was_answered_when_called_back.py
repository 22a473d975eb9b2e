"""What enterprises answered when they were called back: answers, no longer words in front of a note."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# As the form of the call-back wrote them until now.
_WORDS = {
    "已解决，满意。": ("true", "true"),
    "已解决，不满意。": ("true", "false"),
    "未解决，满意。": ("false", "true"),
    "未解决，不满意。": ("false", "false"),
}
_FROM_THE_FORM = "(step = 'called_back' OR (step = 'reworked' AND before = 'call_back'))"
_THOSE = sa.text("solved IS NOT NULL")


def upgrade() -> None:
    """Apply. What was cleared meanwhile, or never written down, stays unknown."""
    op.add_column("ticket_events", sa.Column("solved", sa.Boolean(), nullable=True))
    op.add_column("ticket_events", sa.Column("satisfied", sa.Boolean(), nullable=True))
    for words, (solved, satisfied) in _WORDS.items():
        op.execute(
            sa.text(
                f"UPDATE ticket_events SET solved = {solved}, satisfied = {satisfied}, "
                f"note = substr(note, {len(words) + 1}) "
                f"WHERE {_FROM_THE_FORM} AND substr(note, 1, {len(words)}) = '{words}'"
            )
        )
    op.create_index(
        "ix_ticket_events_called", "ticket_events", ["at", "ticket_id"], sqlite_where=_THOSE, postgresql_where=_THOSE
    )
    # Times for handling by when they ran out.
    op.create_index("ix_ticket_clocks_timed", "ticket_clocks", ["timed", "due_at"])


def downgrade() -> None:
    """Undo; of a cleared ticket nothing is written again."""
    for words, (solved, satisfied) in _WORDS.items():
        op.execute(
            sa.text(
                f"UPDATE ticket_events SET note = '{words}' || note "
                f"WHERE {_FROM_THE_FORM} AND solved = {solved} AND satisfied = {satisfied} "
                "AND ticket_id NOT IN (SELECT id FROM tickets WHERE cleared_at IS NOT NULL)"
            )
        )
    op.drop_index("ix_ticket_clocks_timed", "ticket_clocks")
    op.drop_index("ix_ticket_events_called", "ticket_events")
    op.drop_column("ticket_events", "satisfied")
    op.drop_column("ticket_events", "solved")
