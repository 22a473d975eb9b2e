"""Staff are told of bad ratings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


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


def downgrade() -> None:
    """Undo."""
    op.execute(sa.text("DELETE FROM notice_marks WHERE source = 'cases'"))
    with op.batch_alter_table("notices") as table:
        table.drop_column("rectification")
