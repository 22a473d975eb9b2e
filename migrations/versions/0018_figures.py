"""What the figures of a period are found by."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_questions_asked", "questions", ["asked_at", "outcome"]),
    ("ix_thread_notes_kind", "thread_notes", ["kind", "at"]),
    ("ix_ratings_rated", "ratings", ["rated_at", "level"]),
    ("ix_ticket_events_step", "ticket_events", ["step", "at"]),
)


def upgrade() -> None:
    """Apply."""
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Undo."""
    for name, table, _ in _INDEXES:
        op.drop_index(name, table)
