"""SQLite under SQLAlchemy's async engine without a thread for each connection.

The usual driver hands every statement to a thread and waits for it: 1.6 ms for a transaction of one look, of which the
look itself is a twentieth. A statement on an embedded database takes less time than the way to a thread and back, so
here it is run where it stands; only what may wait goes to a thread: the disk at a commit, another process's write
lock. Measured: 0.24 ms instead of 1.6 for that look. See docs/decisions/0006-sqlite-without-threads.md.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+embedded"
WRITE = "store_write"
LOCK_WAIT_SECONDS = 15


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """Asked of every cursor by the async engine; ours holds nothing that must be fetched first."""


class _Connection(sqlite3.Connection):
    def cursor(self, factory: Any = _Cursor) -> Any:
        return super().cursor(factory)


CONNECT = {"timeout": LOCK_WAIT_SECONDS, "check_same_thread": False, "factory": _Connection}

registry.register("sqlite.embedded", __name__, "EmbeddedSQLite")


class EmbeddedSQLite(SQLiteDialect_pysqlite):
    """SQLAlchemy's own dialect of `sqlite3`, called from an async engine."""

    driver = "embedded"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """A pool whose waiting does not stop the event loop."""
        return AsyncAdaptedQueuePool

    def get_driver_connection(self, connection: Any) -> Any:
        """The `sqlite3.Connection`: nothing is wrapped around it."""
        return connection

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit; what was written goes to the disk in a thread."""
        if dbapi_connection.in_transaction:
            _aside(dbapi_connection.commit)


def prepare(engine: Engine) -> None:
    """Have each new connection and each transaction of the engine set up as the store wants them."""
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: a reader that turns into a writer half-way is refused by SQLite
    # without waiting (SQLITE_BUSY), whatever the time-out.
    raw = connection.connection.driver_connection
    assert raw is not None
    if not connection.get_execution_options().get(WRITE, False):
        raw.execute("BEGIN")
    elif not _takes_lock(raw):
        _aside(lambda: raw.execute("BEGIN IMMEDIATE"))


def _takes_lock(raw: sqlite3.Connection) -> bool:
    """Begin to write if no other process does: within this one, writers queue before they come here."""
    raw.execute("PRAGMA busy_timeout=0")
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    finally:
        raw.execute(f"PRAGMA busy_timeout={LOCK_WAIT_SECONDS * 1000}")
    return True


def _aside(work: Callable[[], object]) -> None:
    await_(asyncio.get_running_loop().run_in_executor(None, work))
