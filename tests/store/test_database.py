"""The two doors of a database: what is written is committed once or undone, whoever else is writing."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Person
from store.base import Instant
from store.database import Database, async_url
from store.ids import new_id
from tickets.models import Serial

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def somebody(address: str, at: datetime = NOON) -> Person:
    return Person(id=new_id(), channel="web", address=address, created_at=at)


async def people(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Person)) or 0


async def test_what_is_written_is_there_afterwards(database: Database) -> None:
    async with database.write() as session:
        session.add(somebody("a"))
    async with database.read() as session:
        assert await people(session) == 1


async def test_an_exception_undoes_everything(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.write() as session:
            session.add(somebody("a"))
            await session.flush()
            raise LookupError
    async with database.read() as session:
        assert await people(session) == 0


async def test_a_write_after_one_that_failed_goes_through(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add_all([somebody("a"), somebody("a")])
    async with database.write() as session:
        session.add(somebody("a"))
    async with database.read() as session:
        assert await people(session) == 1


async def test_nobody_sees_what_is_not_committed(database: Database) -> None:
    async with database.write() as session:
        session.add(somebody("a"))
        await session.flush()
        async with database.read() as other:
            assert await people(other) == 0


async def test_reading_changes_nothing(database: Database) -> None:
    async with database.read() as session:
        session.add(somebody("a"))
        await session.flush()
    async with database.read() as session:
        assert await people(session) == 0


async def test_no_increment_of_many_writers_is_lost(database: Database) -> None:
    day = date(2026, 11, 23)
    async with database.write() as session:
        session.add(Serial(day=day, last=0))

    async def raise_it() -> None:
        async with database.write() as session:
            serial = await session.get_one(Serial, day, with_for_update=True)
            await asyncio.sleep(0)
            serial.last += 1

    await asyncio.gather(*(raise_it() for _ in range(25)))
    async with database.read() as session:
        assert (await session.get_one(Serial, day)).last == 25


async def test_two_processes_may_write_at_once(database: Database, database_url: str) -> None:
    other = Database(database_url)

    async def write(through: Database, name: str) -> None:
        async with through.write() as session:
            session.add(somebody(name))

    writes = [write(through, f"{n}-{m}") for n in range(15) for m, through in enumerate((database, other))]
    await asyncio.gather(*writes)
    await other.close()
    async with database.read() as session:
        assert await people(session) == 30


async def test_a_moment_comes_back_aware_and_the_same(database: Database) -> None:
    at = datetime(2026, 11, 23, 20, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with database.write() as session:
        session.add(somebody("a", at))
    async with database.read() as session:
        kept = await session.scalar(select(Person.created_at))
    assert kept == at
    assert kept is not None and kept.tzinfo is not None


async def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="without a time zone"):
        async with database.write() as session:
            session.add(somebody("a", NOON.replace(tzinfo=None)))
    async with database.read() as session:
        assert await people(session) == 0


async def test_moments_of_different_zones_compare_as_moments(database: Database) -> None:
    async with database.write() as session:
        session.add(somebody("late", NOON))
        session.add(somebody("early", datetime(2026, 11, 23, 19, 0, tzinfo=timezone(timedelta(hours=8)))))
    async with database.read() as session:
        order = await session.scalars(select(Person.address).order_by(Person.created_at))
        assert order.all() == ["early", "late"]


def test_no_moment_stays_no_moment() -> None:
    assert Instant().process_bind_param(None, sqlite.dialect()) is None
    assert Instant().process_result_value(None, sqlite.dialect()) is None


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("sqlite:///a.db", "sqlite+embedded:///a.db"),
        ("postgresql://me:secret@host/db", "postgresql+psycopg://me:secret@host/db"),
        ("postgres://host/db", "postgresql+psycopg://host/db"),
    ],
)
def test_people_write_urls_without_a_driver(written: str, used: str) -> None:
    assert async_url(written) == used


def test_another_database_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown database"):
        async_url("mysql://host/db")
