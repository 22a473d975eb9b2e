"""How Alembic reaches the database: see store/migrate.py."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

import conversations.models
import knowledge.learning.models
import knowledge.models
import staff.models
import systems.models
import tickets.models
from store.base import Base

__all__ = ["conversations", "knowledge", "staff", "systems", "tickets"]


def run() -> None:
    """Apply the migrations in one transaction."""
    url = context.config.get_main_option("sqlalchemy.url")
    assert url is not None
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
