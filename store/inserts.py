"""Insertions that say what happens where the row is there already: both databases have them, each in a class of its own."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as _postgresql_insert
from sqlalchemy.dialects.sqlite import insert as _sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession


def insert_into(session: AsyncSession, table: Any) -> Insert:
    """An insertion with `on_conflict_do_nothing` and `on_conflict_do_update`, for the session's database."""
    return insert_for(session.get_bind().dialect.name, table)


def insert_for(dialect: str, table: Any) -> Insert:
    """The same for `sqlite` or `postgresql`: for statements that are built once."""
    # What is used of the two is the same.
    return _sqlite_insert(table) if dialect == "sqlite" else _postgresql_insert(table)  # type: ignore[return-value]
