"""Writers of SQLite that commit together: each as if it were alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError

from conversations.models import Person
from store.database import Database
from store.ids import new_id
from store.migrate import upgrade
from store.writers import TransactionLost


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database on SQLite."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    await asyncio.to_thread(upgrade, url)
    database = Database(url)
    yield database
    await database.close()


def commits(database: Database) -> list[Any]:
    """Grows by one with each commit."""
    seen: list[Any] = []
    event.listen(database.engine.sync_engine, "commit", seen.append)
    return seen


async def add(database: Database, address: str) -> None:
    async with database.write() as session:
        session.add(Person(id=new_id(), channel="web", address=address, created_at=datetime.now(UTC)))


async def addresses(database: Database) -> set[str]:
    async with database.read() as session:
        return set(await session.scalars(select(Person.address)))


async def test_writers_who_queue_share_a_commit(sqlite: Database) -> None:
    seen = commits(sqlite)
    await asyncio.gather(*(add(sqlite, str(number)) for number in range(50)))
    assert len(await addresses(sqlite)) == 50
    assert len(seen) <= 2


async def test_a_writer_alone_does_not_wait_for_others(sqlite: Database) -> None:
    seen = commits(sqlite)
    for number in range(3):
        await add(sqlite, str(number))
        assert len(seen) == number + 1


async def test_one_that_fails_takes_nobody_with_it(sqlite: Database) -> None:
    names = ["a", "b", "a", "c"]
    results = await asyncio.gather(*(add(sqlite, name) for name in names), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), type(None), IntegrityError, type(None)]
    assert await addresses(sqlite) == {"a", "b", "c"}


async def test_nobody_is_let_go_before_the_commit(sqlite: Database) -> None:
    def refuse(_: object) -> None:
        raise OSError("no disk")

    event.listen(sqlite.engine.sync_engine, "commit", refuse)
    results = await asyncio.gather(*(add(sqlite, name) for name in "abc"), return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3
    event.remove(sqlite.engine.sync_engine, "commit", refuse)
    await add(sqlite, "d")
    assert await addresses(sqlite) == {"d"}


async def test_a_transaction_that_sqlite_undid_is_told_to_all_of_it(sqlite: Database) -> None:
    async def lose() -> None:
        async with sqlite.write() as session:
            raw = (await (await session.connection()).get_raw_connection()).driver_connection
            assert raw is not None
            raw.execute("ROLLBACK")

    results = await asyncio.gather(
        add(sqlite, "a"), lose(), add(sqlite, "b"), add(sqlite, "c"), return_exceptions=True
    )
    assert isinstance(results[0], TransactionLost)
    assert isinstance(results[1], Exception)
    assert [*results[2:]] == [None, None]
    assert await addresses(sqlite) == {"b", "c"}


async def test_who_is_cancelled_leaves_the_others_their_commit(sqlite: Database) -> None:
    begun = asyncio.Event()

    async def hang() -> None:
        async with sqlite.write() as session:
            session.add(Person(id=new_id(), channel="web", address="never", created_at=datetime.now(UTC)))
            await session.flush()
            begun.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await begun.wait()
    waiting = [asyncio.create_task(add(sqlite, name)) for name in "abc"]
    await asyncio.sleep(0)
    waiting[0].cancel()
    hanging.cancel()
    results = await asyncio.gather(hanging, *waiting, return_exceptions=True)
    assert [type(result) for result in results[:2]] == [asyncio.CancelledError] * 2
    assert results[2:] == [None, None]
    assert await addresses(sqlite) == {"b", "c"}


async def test_readers_see_nothing_before_the_commit(sqlite: Database) -> None:
    async with sqlite.write() as session:
        session.add(Person(id=new_id(), channel="web", address="a", created_at=datetime.now(UTC)))
        await session.flush()
        async with sqlite.read() as other:
            assert await other.scalar(select(func.count()).select_from(Person)) == 0
