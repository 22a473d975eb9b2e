"""The writers of an embedded database: one after the other, and those who queue reach the disk together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from store import sqlite


class TransactionLost(Exception):
    """SQLite undid the whole transaction by itself, as it does when the disk is full: nothing of it is stored."""


@dataclass(slots=True, eq=False)
class _Group:
    """Writers who share a transaction, each within a savepoint. `committed` ends with its commit, or fails with it."""

    connection: AsyncConnection
    committed: asyncio.Task[None]


class Writers:
    """Queues the writers of a process.

    SQLite has one writer: queueing here is fair and free, its own busy handler polls and starves. A commit waits for the
    disk for milliseconds, in which many queue up: they write into one transaction, and each is let go only when that is
    committed. One that fails undoes its own savepoint and nothing else. See docs/decisions/0007-writers-commit-together.md.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._group: _Group | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are on the disk when the block has been left; an exception undoes them all."""
        async with self._turn:
            group = self._group or await self._begin()
            try:
                session = AsyncSession(
                    group.connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
                )
                # Not `async with`: that closes in a task, which a cancelled writer would leave behind its turn.
                try:
                    yield session
                    await session.commit()
                except BaseException:
                    await session.rollback()
                    raise
                finally:
                    await session.close()
            finally:
                if not await _open(group):
                    self._group = None
        await asyncio.shield(group.committed)

    async def close(self) -> None:
        """Wait for the last commit."""
        if self._group is not None:
            await asyncio.wait([self._group.committed])

    async def _begin(self) -> _Group:
        connection = await self._engine.connect()
        try:
            await connection.execution_options(**{sqlite.WRITE: True})
            await connection.begin()
        except BaseException:
            await connection.close()
            raise
        # The commit queues behind those who wait already, and these are the group.
        group = _Group(connection, asyncio.create_task(self._commit(connection)))
        self._group = group
        return group

    async def _commit(self, connection: AsyncConnection) -> None:
        async with self._turn:
            try:
                if self._group is None or self._group.connection is not connection:
                    raise TransactionLost
                self._group = None
                await connection.commit()
            except BaseException:
                await connection.invalidate()  # whatever is left of the transaction goes with it
                raise
            finally:
                await connection.close()


async def _open(group: _Group) -> bool:
    """Whether the transaction is still there."""
    raw = (await group.connection.get_raw_connection()).driver_connection
    assert raw is not None
    return bool(raw.in_transaction)
