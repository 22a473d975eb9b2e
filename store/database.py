"""The engine and its transactions: `read()` to look, `write()` to change, each committed once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from store import sqlite
from store.writers import Writers


class Database:
    """SQLite (embedded) or PostgreSQL, behind the same two doors.

    `url`: `sqlite:///path/to/file.db` or `postgresql://user:password@host/database`.
    """

    def __init__(self, url: str, *, pool_size: int = 10, schema: str | None = None) -> None:
        self.url = async_url(url)
        self.embedded = self.url.startswith("sqlite")
        self.engine = _engine(self.url, pool_size, schema)
        self._writers = Writers(self.engine)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and changes nothing."""
        async with AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are committed once at the end, or all undone by an exception."""
        if self.embedded:
            async with self._writers.write() as session:
                yield session
            return
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session
            await session.commit()

    async def close(self) -> None:
        """Give the connections back."""
        await self._writers.close()
        await self.engine.dispose()


def async_url(url: str) -> str:
    """The URL with the driver we use: people write `sqlite:///…` and `postgresql://…`."""
    parsed = make_url(url)
    drivers = {
        "sqlite": sqlite.DRIVER,
        "postgresql": "postgresql+psycopg",
        "postgres": "postgresql+psycopg",
    }
    name = drivers.get(parsed.get_backend_name() if parsed.drivername != "postgres" else "postgres")
    if name is None:
        raise ValueError(f"unknown database {parsed.drivername!r}: sqlite:///… or postgresql://…")
    return parsed.set(drivername=name).render_as_string(hide_password=False)


def _engine(url: str, pool_size: int, schema: str | None) -> AsyncEngine:
    # Parameters are what people wrote: an error must not carry them into a log.
    if url.startswith("sqlite"):
        engine = create_async_engine(
            url, connect_args=sqlite.CONNECT, pool_size=pool_size, max_overflow=20, hide_parameters=True
        )
        sqlite.prepare(engine.sync_engine)
        return engine
    options = {"options": f"-csearch_path={schema}"} if schema else {}
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=20,
        pool_pre_ping=True,
        connect_args=options,
        hide_parameters=True,
    )
