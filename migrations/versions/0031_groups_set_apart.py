"""Groups of unanswered questions that a person has parted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    apart: sa.Column[bool] = sa.Column("apart", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("unanswered_groups", apart)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("unanswered_groups") as table:
        table.drop_column("apart")
