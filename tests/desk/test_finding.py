"""Threads found by what was said in them."""

from __future__ import annotations

import pytest

from conversations.models import Author, Message
from desk import finding
from desk.belonging import EVERYBODY
from desk.finding import find_threads
from store.database import Database
from tests.conversations.test_inbox import thread_of
from tests.fakes import HandClock


async def found(database: Database, text: str, *first: str, limit: int = 50) -> list[str]:
    async with database.read() as session:
        return (await find_threads(session, text, EVERYBODY, first, limit=limit)).threads


@pytest.mark.parametrize(
    ("text", "threads"),
    [("停水", "ba"), ("100%", "c"), ("%", "c"), ("ABC厂", "d"), ("a_c", "e"), ("没有", "")],
)
async def test_a_thread_is_found_once_by_what_was_written(
    database: Database, text: str, threads: str
) -> None:
    ids = {
        (await thread_of(database, address, *said)).id: address
        for address, said in {
            "a": ("停水三天", "停水四天"), "b": ("我们停水了",), "c": ("涨了100%",), "d": ("abc厂",), "e": ("A_C",),
        }.items()
    }  # fmt: skip
    assert [ids[id_] for id_ in await found(database, text)] == list(threads)


async def test_a_thread_found_otherwise_stands_first(database: Database) -> None:
    said = await thread_of(database, "a", "停水")
    other = await thread_of(database, "b", "别的")
    assert await found(database, "停水", other.id) == [other.id, said.id]


async def test_one_who_said_it_often_hides_nobody(database: Database) -> None:
    quiet = await thread_of(database, "a", "停水")
    chatty = await thread_of(database, "b", *(f"停水 {number}" for number in range(450)))
    assert await found(database, "停水", limit=2) == [chatty.id, quiet.id]


async def test_a_search_goes_back_part_by_part_and_misses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "SPAN", 4)
    threads = [
        (await thread_of(database, f"a{n}", "停水" if n % 3 == 0 else "别的", "好的")).id for n in range(9)
    ]
    seen, before, parts = list[str](), None, 0
    async with database.read() as session:
        while parts == 0 or before is not None:
            found = await find_threads(session, "停水", EVERYBODY, (), limit=1, before=before)
            seen, before, parts = [*seen, *found.threads], found.older, parts + 1
    assert seen == threads[6::-3]
    assert parts > 3


async def test_what_the_bot_says_is_not_looked_through(database: Database, clock: HandClock) -> None:
    thread = await thread_of(database, "a", "怎么办")
    async with database.write() as session:
        session.add(
            Message(
                thread_id=thread.id,
                author=Author.BOT,
                channel="web",
                text="停水请提前告知",
                created_at=clock(),
            )
        )
    assert await found(database, "停水") == []
