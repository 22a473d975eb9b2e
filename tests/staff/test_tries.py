"""After some failures a pause, which doubles with each further one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staff import tries
from staff.tries import BY_NAME, pause_after
from store.database import Database
from tests.fakes import HandClock


@given(st.integers(0, 10**9))
def test_a_pause_never_shrinks_with_more_failures_and_is_never_longer_than_a_quarter_of_an_hour(
    failures: int,
) -> None:
    assert pause_after(failures, BY_NAME) <= pause_after(failures + 1, BY_NAME) <= timedelta(minutes=15)


def test_the_first_failures_cost_nothing_and_then_it_doubles() -> None:
    seconds = [pause_after(failures, BY_NAME).total_seconds() for failures in range(12)]
    assert seconds == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "::ffff:c000:207"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_one_subscriber_is_one_address(address: str, network: str) -> None:
    assert tries.network(address) in {network, address}


async def attempt(database: Database, clock: HandClock, who: str = "zhang.san") -> timedelta | None:
    async with database.write() as session:
        return await tries.count(session, BY_NAME, who, now=clock())


async def test_after_five_failures_a_sixth_try_has_to_wait(database: Database, clock: HandClock) -> None:
    assert [await attempt(database, clock) for _ in range(5)] == [None] * 5
    assert await attempt(database, clock) == timedelta(seconds=30)
    assert await attempt(database, clock, "li.si") is None
    clock.advance(timedelta(seconds=30))
    assert await attempt(database, clock) is None
    assert await attempt(database, clock) == timedelta(seconds=60)


async def test_many_tries_at_once_are_not_all_let_through(database: Database, clock: HandClock) -> None:
    outcomes = await asyncio.gather(*(attempt(database, clock) for _ in range(20)))
    assert outcomes.count(None) == 5


async def test_failures_are_forgotten_after_a_day(database: Database, clock: HandClock) -> None:
    for _ in range(5):
        await attempt(database, clock)
    clock.advance(timedelta(days=1, seconds=1))
    assert [await attempt(database, clock) for _ in range(5)] == [None] * 5
    clock.advance(timedelta(days=1, seconds=1))
    async with database.write() as session:
        await tries.clean(session, now=clock())
    assert await attempt(database, clock) is None
