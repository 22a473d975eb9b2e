"""Words are on the disk when `keep` returns, and get into their threads once and in order, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from app.loops import place_arrivals
from conversations.arrivals import Words, of_senders
from conversations.models import Arrival, Author, Delivery, Holder, Leaving, Message, Person, Thread, Turn
from conversations.quotas import Recipient, Window, left
from desk import journal as journals
from desk.desk import Desk
from desk.erasure import AFTER_FAREWELL, confirm
from desk.journal import Journal
from desk.placing import place_alone
from desk.turns import take_turns
from tests.fakes import HandClock, ScriptedDialogue

CHANNEL = "wechat"


def words(desk: Desk, text: str, *, sender: str = "o1", key: str = "", window: Window | None = None) -> Words:
    return Words(
        channel=CHANNEL,
        sender=sender,
        key=key or f"{sender}:{text}",
        text=text,
        at=desk.clock(),
        window=window,
    )


async def keep(journal: Journal, *kept: Words) -> None:
    """All at once."""
    await asyncio.gather(*(journal.keep(one) for one in kept))


async def said(desk: Desk, sender: str = "o1") -> list[str]:
    return [row.text for row in await rows(desk) if row.sender == sender]


async def rows(desk: Desk) -> Sequence[Any]:
    async with desk.database.read() as session:
        found = await session.execute(
            select(Message.text, Message.turn, Person.address.label("sender"))
            .join(Thread, Thread.id == Message.thread_id)
            .join(Person, Person.id == Thread.person_id)
            .where(Message.author == Author.PERSON)
            .order_by(Message.id)
        )
        return found.all()


async def waiting(desk: Desk) -> list[str]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Arrival.text).order_by(Arrival.id)))


async def hold(desk: Desk, holder: Holder) -> None:
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=holder))


@asynccontextmanager
async def running(journal: Journal) -> AsyncIterator[None]:
    task = asyncio.create_task(place_arrivals(journal))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def begun() -> list[str]:
    """Whose turns were begun."""
    return []


@pytest.fixture
def journal(desk: Desk, begun: list[str]) -> Journal:
    journal = Journal(desk)
    journal.serve(CHANNEL, lambda _, sender: begun.append(sender))
    return journal


async def test_words_are_on_the_disk_when_they_are_kept_and_then_in_their_thread(
    desk: Desk, journal: Journal, begun: list[str]
) -> None:
    await journal.keep(words(desk, "停水了"))
    assert (await waiting(desk), await said(desk), begun) == (["停水了"], [], [])
    await journal.round()
    assert (await waiting(desk), await said(desk), begun) == ([], ["停水了"], ["o1"])


async def test_each_persons_words_keep_their_order_in_any_number_of_batches(
    desk: Desk, journal: Journal
) -> None:
    for number in range(0, 90, 30):
        await keep(
            journal,
            *(
                words(desk, str(n), sender=sender)
                for n in range(number, number + 30)
                for sender in ("o1", "o2", "o3", "o4")
            ),
        )
        await journal.round()
    for sender in ("o1", "o2", "o3", "o4"):
        assert await said(desk, sender) == [str(n) for n in range(90)]
    assert await waiting(desk) == []


async def test_what_has_piled_up_is_placed_at_one_go_and_fairly(
    desk: Desk, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "_BATCH", 5)
    looks = []

    async def look(session: Any, channel: str, senders: Sequence[str], limit: int) -> list[Words]:
        looks.append(tuple(senders))
        return await of_senders(session, channel, senders, limit)

    monkeypatch.setattr(journals, "of_senders", look)
    await keep(journal, *(words(desk, str(n)) for n in range(12)), words(desk, "一", sender="o2"))
    await keep(journal, *(words(desk, str(n), sender="o3") for n in range(4)))
    await journal.round()
    assert looks == [("o1",), ("o2", "o3"), ("o1",), ("o2", "o3", "o1")]
    assert (await waiting(desk), await said(desk)) == ([], [str(n) for n in range(12)])


async def test_many_words_that_cannot_be_placed_are_left_for_the_next_sweep(
    desk: Desk, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "_BATCH", 2)
    monkeypatch.setattr(journals, "place", _refusing)
    monkeypatch.setattr(journals, "place_alone", _refusing)
    await keep(journal, *(words(desk, str(n)) for n in range(4)))
    async with asyncio.timeout(5):
        await journal.round()
    assert len(await waiting(desk)) == 4


async def test_what_is_kept_again_is_one_message(desk: Desk, journal: Journal) -> None:
    one = words(desk, "停水了")
    await keep(journal, one, one, one)
    assert len(await waiting(desk)) == 1
    await journal.round()
    await journal.keep(one)
    await journal.round()
    assert (await said(desk), await waiting(desk)) == (["停水了"], [])


async def test_many_who_come_at_once_share_commits(desk: Desk, journal: Journal) -> None:
    commits: list[object] = []
    event.listen(desk.database.engine.sync_engine, "commit", commits.append)
    await keep(journal, *(words(desk, str(number)) for number in range(100)))
    assert len(await waiting(desk)) == 100
    assert len(commits) <= 3


async def test_what_a_dead_process_left_is_placed_by_the_next(
    desk: Desk, journal: Journal, begun: list[str]
) -> None:
    await keep(Journal(desk), words(desk, "一"), words(desk, "二"))
    await journal.sweep()
    await journal.round()
    assert begun == []  # it may be alive
    await journal.sweep(older=timedelta(0))
    await journal.round()
    assert (await said(desk), begun, await waiting(desk)) == (["一", "二"], ["o1"], [])


async def test_processes_at_the_same_words_store_them_once_and_in_order(desk: Desk) -> None:
    processes = [Journal(desk) for _ in range(3)]
    for number in range(20):
        await keep(processes[number % 3], *(words(desk, f"{number}", sender=f"o{n}") for n in range(5)))
    for process in processes:
        await process.sweep(older=timedelta(0))
    await asyncio.gather(*(process.round() for process in processes))
    for sender in range(5):
        assert await said(desk, f"o{sender}") == [str(number) for number in range(20)]
    assert await waiting(desk) == []


async def test_what_staff_hold_is_left_to_them_and_believed_for_a_while(
    desk: Desk, journal: Journal, begun: list[str], clock: HandClock
) -> None:
    await journal.keep(words(desk, "一"))
    await journal.round()
    assert not journal.held(CHANNEL, "o1")
    await hold(desk, Holder.STAFF)
    await journal.keep(words(desk, "二"))
    await journal.round()
    assert [row.turn for row in await rows(desk)] == [Turn.WAITING, Turn.STAFF]
    assert begun == ["o1"]
    assert journal.held(CHANNEL, "o1")
    clock.advance(timedelta(seconds=30))
    assert not journal.held(CHANNEL, "o1")


async def test_a_talk_that_is_over_is_not_believed_to_be_with_staff_and_gets_its_turn(
    desk: Desk, journal: Journal, begun: list[str], clock: HandClock
) -> None:
    await journal.keep(words(desk, "一"))
    await journal.round()
    await hold(desk, Holder.STAFF)
    await journal.settled(CHANNEL, "o1")
    assert journal.held(CHANNEL, "o1")
    async with desk.database.write() as session:
        thread = (await session.scalars(select(Thread))).one()
        thread.taken_at = clock()
        session.add(
            Message(
                thread_id=thread.id, author=Author.STAFF, channel=CHANNEL, text="办好了", created_at=clock()
            )
        )  # fmt: skip
    clock.advance(timedelta(hours=7))
    await journal.settled(CHANNEL, "o1")
    assert not journal.held(CHANNEL, "o1")
    await journal.keep(words(desk, "二"))
    await journal.round()
    assert begun == ["o1", "o1"]
    assert (await rows(desk))[-1].turn == Turn.WAITING
    async with desk.database.read() as session:
        assert await session.scalar(select(Thread.holder)) == Holder.BOT


async def test_what_staff_gave_back_meanwhile_gets_its_turn(
    desk: Desk, journal: Journal, begun: list[str]
) -> None:
    await journal.keep(words(desk, "一"))
    await journal.round()
    await hold(desk, Holder.STAFF)
    await journal.keep(words(desk, "二"))
    await journal.round()
    await hold(desk, Holder.BOT)
    await journal.keep(words(desk, "三"))
    await journal.round()
    assert begun == ["o1", "o1"]
    assert not journal.held(CHANNEL, "o1")


async def test_words_let_us_write_and_bring_what_was_held(
    desk: Desk, journal: Journal, clock: HandClock
) -> None:
    def window() -> Window:
        return Window("message", 5, clock() + timedelta(hours=48))

    await journal.keep(words(desk, "一", window=window()))  # of a new person, alone
    await journal.round()
    async with desk.database.write() as session:
        thread_id = (await session.scalars(select(Thread.id))).one()
        session.add(
            Message(
                thread_id=thread_id, author=Author.STAFF, channel=CHANNEL, text="您好", delivery=Delivery.HELD,
                created_at=clock(),
            )
        )  # fmt: skip
    desk.to_send.clear()
    clock.advance(timedelta(hours=1))
    await keep(journal, *(words(desk, str(number), window=window()) for number in range(3)))
    await journal.round()
    assert desk.to_send.is_set()
    async with desk.database.read() as session:
        found = await left(session, Recipient(CHANNEL, "o1"), now=clock())
        held = await session.scalar(select(Message.delivery).where(Message.author == Author.STAFF))
    assert (found.messages, found.until, held) == (5, window().until, Delivery.PENDING)


async def test_who_comes_back_after_long_begins_a_new_talk(
    desk: Desk, journal: Journal, clock: HandClock
) -> None:
    await journal.keep(words(desk, "一"))
    await journal.round()
    clock.advance(desk.talk_idle)
    await keep(journal, words(desk, "二"), words(desk, "三"))
    await journal.round()
    async with desk.database.read() as session:
        assert (await session.scalars(select(Thread.talk))).one() == 2
    assert await said(desk) == ["一", "二", "三"]


async def test_what_was_written_before_a_pause_stays_in_the_talk_of_before(
    desk: Desk, journal: Journal, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = []

    async def noting(desk: Desk, one: Words) -> str:
        alone.append(one.text)
        return await place_alone(desk, one)

    monkeypatch.setattr(journals, "place_alone", noting)
    await journal.keep(words(desk, "一"))
    await journal.round()
    await keep(journal, words(desk, "二"), words(desk, "甲", sender="o2"))
    clock.advance(desk.talk_idle)
    await keep(journal, words(desk, "三"))
    await journal.round()
    assert (await said(desk), alone) == (
        ["一", "二", "三"],
        ["一", "甲", "三"],
    )  # the first of each has no thread yet


async def test_who_wanted_to_be_erased_and_writes_is_a_new_person_with_all_their_words(
    desk: Desk, journal: Journal, clock: HandClock, dialogue: ScriptedDialogue
) -> None:
    await journal.keep(words(desk, "一"))
    await journal.round()
    async with desk.database.read() as session:
        thread_id = (await session.scalars(select(Thread.id))).one()
    await take_turns(desk, thread_id)
    await confirm(desk, thread_id)
    async with desk.database.write() as session:
        await session.execute(update(Message).values(delivery=Delivery.SENT))
    clock.advance(AFTER_FAREWELL)
    await keep(journal, words(desk, "二"), words(desk, "三"))
    await journal.round()
    async with desk.database.read() as session:
        thread = (await session.scalars(select(Thread))).one()
    assert thread.id != thread_id and thread.leaving is not Leaving.ASKED
    assert await said(desk) == ["二", "三"]


async def test_words_that_cannot_be_stored_take_nobody_with_them(desk: Desk, journal: Journal) -> None:
    kept = (words(desk, "一"), words(desk, "\ud800", key="bad"), words(desk, "二", sender="o2"))
    results = await asyncio.gather(*(journal.keep(one) for one in kept), return_exceptions=True)
    assert results[0] is None and isinstance(results[1], Exception) and results[2] is None
    assert await waiting(desk) == ["一", "二"]


async def test_words_that_cannot_be_placed_hold_up_what_came_after_for_a_few_tries(
    desk: Desk, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(desk: Desk, one: Words) -> str:
        if one.text == "二":
            raise KeyError("a fault of ours")
        return await place_alone(desk, one)

    monkeypatch.setattr(journals, "place_alone", failing)
    await keep(journal, *(words(desk, text) for text in ("一", "二", "三")), words(desk, "四", sender="o2"))
    await journal.round()
    assert (await said(desk), await said(desk, "o2")) == (["一"], ["四"])
    for _ in range(5):
        await journal.sweep(older=timedelta(0))
        monkeypatch.setattr(journals, "place", _refusing)
        await journal.round()
    assert await said(desk) == ["一", "三"]
    assert await waiting(desk) == ["二"]  # kept, and tried again


async def _refusing(*_: object) -> None:
    raise KeyError("a fault of ours")


async def test_nothing_is_acknowledged_while_the_disk_is_away(
    desk: Desk, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr(journals, "append", refuse)
    results = await asyncio.gather(
        *(journal.keep(words(desk, text)) for text in "甲乙"), return_exceptions=True
    )
    assert [type(result) for result in results] == [OSError] * 2
    monkeypatch.undo()
    await journal.keep(words(desk, "丙"))
    assert await waiting(desk) == ["丙"]


async def test_who_waits_for_what_came_before_finds_it_in_its_thread(desk: Desk, journal: Journal) -> None:
    other = Journal(desk)
    async with running(journal):
        for process in (journal, other):
            await process.keep(words(desk, f"{id(process)}"))
            await journal.settled(CHANNEL, "o1")
            assert await waiting(desk) == []
    assert await said(desk) == [str(id(journal)), str(id(other))]


async def test_a_nul_is_left_out_as_postgresql_keeps_none(desk: Desk, journal: Journal) -> None:
    await journal.keep(replace(words(desk, "停\0水"), key="1"))
    await journal.round()
    assert await said(desk) == ["停水"]
