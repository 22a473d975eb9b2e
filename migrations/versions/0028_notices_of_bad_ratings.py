"""Staff are told of bad ratings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_LIMIT = '"limit"'


def upgrade() -> None:
    """Apply."""
    op.add_column("notices", sa.Column("rectification", sa.Integer(), nullable=True))
    # What happened before there were such notices is told to nobody.
    op.execute(
        sa.text(
            "INSERT INTO notice_marks (source, last) SELECT 'cases', m FROM "
            "(SELECT max(id) AS m FROM rectification_events) AS newest WHERE m IS NOT NULL"
        )
    )
    _name_limits("'clock-' || c.id || '-' || c.extra", f"'clock-' || c.id || '-' || c.{_LIMIT} || '-' || c.extra")


def _name_limits(before: str, after: str) -> None:
    """Say by their occasion of which limit notices tell, so that none of them is told again."""
    op.execute(
        sa.text(
            f"UPDATE notices SET occasion = (SELECT {after} FROM ticket_clocks c WHERE {before} = notices.occasion) "
            f"WHERE kind IN ('due', 'overdue', 'escalated') "
            f"AND EXISTS (SELECT 1 FROM ticket_clocks c WHERE {before} = notices.occasion)"
        )
    )


def downgrade() -> None:
    """Undo."""
    _name_limits(f"'clock-' || c.id || '-' || c.{_LIMIT} || '-' || c.extra", "'clock-' || c.id || '-' || c.extra")
    op.execute(sa.text("DELETE FROM notice_marks WHERE source = 'cases'"))
    with op.batch_alter_table("notices") as table:
        table.drop_column("rectification")
