"""Empty databases for a benchmark: a SQLite file, and one of a PostgreSQL server if there is one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from store.migrate import upgrade

SERVER = os.environ.get("QIFU_BENCH_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres")


def kinds() -> list[str]:
    """Both kinds, or SQLite alone where no server answers at `SERVER`, which is printed."""
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        print(
            "PostgreSQL is left out: none at QIFU_BENCH_POSTGRESQL, by default 127.0.0.1:5432, user postgres."
        )
        return ["SQLite"]
    return ["SQLite", "PostgreSQL"]


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a migrated database without rows, dropped at the end."""
    if kind == "SQLite":
        url = f"sqlite:///{folder / 'empty.db'}"
        upgrade(url)
        yield url
        return
    name = f"qifu_bench_{secrets.token_hex(6)}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            url = f"{SERVER.rpartition('/')[0]}/{name}"
            upgrade(url)
            yield url
        finally:
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
