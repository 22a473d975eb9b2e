"""The threads as staff look for them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from conversations import holding
from conversations.inbox import Counts, View, counts, messages, page
from conversations.models import Author, Message, Thread
from conversations.threads import call_staff, open_thread
from store.clock import CITY_ZONE
from store.database import Database
from store.ids import new_id

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=CITY_ZONE)


async def thread_of(database: Database, address: str, *said: str, minute: int = 0) -> Thread:
    at = MONDAY + timedelta(minutes=minute)
    async with database.write() as session:
        thread = await open_thread(session, channel="web", address=address, at=at, new_id=new_id)
        session.add_all(
            Message(
                thread_id=thread.id, author=Author.PERSON, channel="web", external_id=f"{address}:{text}",
                text=text, created_at=at,
            )
            for text in said
        )  # fmt: skip
    return thread


async def call(database: Database, thread: Thread, minute: int) -> None:
    async with database.write() as session:
        await call_staff(session, thread.id, at=MONDAY + timedelta(minutes=minute))


async def take(database: Database, thread: Thread, staff: str) -> None:
    async with database.write() as session:
        assert await holding.take(session, thread.id, staff, at=MONDAY)


async def listed(database: Database, view: View, staff: str = "wang") -> list[str]:
    async with database.read() as session:
        return [row.person.address for row in await page(session, view, staff=staff)]


async def test_who_has_waited_longest_stands_first(database: Database) -> None:
    await call(database, await thread_of(database, "late"), 9)
    await call(database, await thread_of(database, "early"), 3)
    await thread_of(database, "content")
    assert await listed(database, View.WAITING) == ["early", "late"]


async def test_a_thread_stands_in_the_lists_that_it_belongs_to(database: Database) -> None:
    thread = await thread_of(database, "a")
    await take(database, thread, "wang")
    assert await listed(database, View.MINE) == ["a"]
    assert await listed(database, View.MINE, "li") == []
    assert await listed(database, View.CLOSED) == []
    async with database.write() as session:
        await holding.hand_back(session, thread.id, "wang", at=MONDAY)
    assert await listed(database, View.MINE) == []
    assert await listed(database, View.CLOSED) == ["a"]
    assert await listed(database, View.ALL) == ["a"]


async def test_a_row_tells_the_last_word_and_what_is_unread(database: Database) -> None:
    thread = await thread_of(database, "a", "一", "二", "三")
    async with database.write() as session:
        (await session.get_one(Thread, thread.id)).staff_seen = 1
    async with database.read() as session:
        (row,) = await page(session, View.ALL, staff="wang")
    assert row.last is not None
    assert (row.last.text, row.unread) == ("三", 2)


@pytest.mark.parametrize("view", [View.WAITING, View.ALL])
async def test_pages_hold_every_thread_once(database: Database, view: View) -> None:
    for number in range(11):
        await call(database, await thread_of(database, f"p{number}", minute=number // 3), number // 3)
    told: list[str] = []
    place = None
    while True:
        async with database.read() as session:
            rows = await page(session, view, staff="wang", after=place, limit=4)
        if not rows:
            break
        told += [row.person.address for row in rows]
        place = rows[-1].place
    assert len(told) == len(set(told)) == 11


async def test_what_waits_and_what_is_mine_is_counted(database: Database) -> None:
    await call(database, await thread_of(database, "a"), 1)
    await take(database, await thread_of(database, "b"), "wang")
    async with database.read() as session:
        assert await counts(session, "wang") == Counts(waiting=1, mine=1)


async def test_a_thread_is_read_backwards_and_onwards(database: Database) -> None:
    thread = await thread_of(database, "a", *"12345")
    async with database.read() as session:
        assert [m.text for m in await messages(session, thread.id, limit=2)] == ["4", "5"]
        assert [m.text for m in await messages(session, thread.id, before=4, limit=2)] == ["2", "3"]
        assert [m.text for m in await messages(session, thread.id, after=3)] == ["4", "5"]
