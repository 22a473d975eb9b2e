"""Files of articles that wait for a yes, and indexes for the figures of articles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0020"
branch_labels = None
depends_on = None

_Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "article_imports",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("document", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("content", _Json, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keys", _Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_imports")),
    )
    op.create_index("ix_article_imports_account", "article_imports", ["account_id", "id"])
    op.create_index(op.f("ix_article_imports_expires_at"), "article_imports", ["expires_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("article_imports")
