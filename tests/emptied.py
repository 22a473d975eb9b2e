"""PostgreSQL databases that are emptied after a test and used again: to make and drop one takes twenty times as long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier, Literal

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_SEQUENCES = (
    "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"
)
_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_VERSION = "alembic_version"


class Emptied:
    """`make` gives the URL of a new migrated database, which is there until the stack is closed."""

    def __init__(self, make: Callable[[ExitStack], str], stack: ExitStack) -> None:
        self._make, self._stack = make, stack
        self._clean: list[str] = []
        self._fresh: _Fresh | None = None

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URL of a database as the migrations leave it, nobody else's meanwhile."""
        url = self._clean.pop() if self._clean else self._make(self._stack)
        if self._fresh is None:
            self._fresh = _Fresh(url)
        yield url
        # What a test has made of the tables themselves is not mended: that database is left behind.
        if self._fresh.restore(url):
            self._clean.append(url)


class _Fresh:
    """What a migrated database holds: its tables, the rows that migrations put in, where its sequences stand."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            self._tables = [row[0] for row in connection.execute(_TABLES)]
            self._version = connection.execute(f"SELECT version_num FROM {_VERSION}").fetchall()
            self._sequences: dict[str, int | None] = dict(connection.execute(_SEQUENCES).fetchall())
            self._rows = {table: _copied(connection, table) for table in self._filled(connection)}

    def restore(self, url: str) -> bool:
        """Bring a database to it; False where it is not of the same make any more."""
        with psycopg.connect(url) as connection:
            connection.execute(_OTHERS)
            if [row[0] for row in connection.execute(_TABLES)] != self._tables:
                return False
            if connection.execute(f"SELECT version_num FROM {_VERSION}").fetchall() != self._version:
                return False
            # No trigger forbids it, and no key asks in which order.
            connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
            for table in self._filled(connection):
                connection.execute(SQL("DELETE FROM {}").format(Identifier(table)))
            for table, rows in self._rows.items():
                with connection.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                    copy.write(rows)
            for name, last in connection.execute(_SEQUENCES).fetchall():
                if last != self._sequences[name]:
                    _set(connection, name, self._sequences[name])
        return True

    def _filled(self, connection: psycopg.Connection[Any]) -> list[str]:
        one = SQL("(SELECT {} FROM {} LIMIT 1)")
        tables = [table for table in self._tables if table != _VERSION]
        query = SQL(" UNION ALL ").join(one.format(Literal(table), Identifier(table)) for table in tables)
        return [row[0] for row in connection.execute(query)]


def _copied(connection: psycopg.Connection[Any], table: str) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)


def _set(connection: psycopg.Connection[Any], sequence: str, last: int | None) -> None:
    if last is None:
        connection.execute(SQL("ALTER SEQUENCE {} RESTART").format(Identifier(sequence)))
    else:
        connection.execute("SELECT setval(%s, %s)", (sequence, last))
