"""What open pages are told: everything from where they left off, once, whoever did it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from console.cookie import Cookie
from console.events import ThreadEvents, inbox_events
from console.horizon import Horizon
from console.inbox import Rows
from console.live import Live, Shown
from console.pages import Pages
from console.presence import Presence
from console.routes import Console
from conversations.changes import Mark, newest_mark
from conversations.inbox import View
from conversations.models import Author, Delivery, Message, Note
from conversations.threads import open_thread
from desk.desk import Desk
from desk.takeover import Reply, give_back, reply, take_over, write_note
from staff.models import NoticeKind
from staff.notices import Telling
from staff.notices import tell as tell_staff
from staff.roles import Role
from staff.sessions import Visitor
from tests.console.talks import Talks
from tests.console.visit import House
from tests.fakes import HandClock
from tests.staff.people import employ, enter

PATIENCE_SECONDS = 10.0


class Seconds:
    """A clock of seconds that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def stopping() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def console(desk: Desk, house: House, seconds: Seconds, stopping: asyncio.Event) -> Console:
    pages = Pages("某市", secure=False)
    rows = Rows(desk.database, pages, desk.clock)
    live = Live(desk.database, rows, Presence(seconds), stopping)
    return Console(desk, house.door, Cookie(secure=False), pages, live)


async def visitor(house: House, username: str) -> Visitor:
    return (await enter(house.door, await employ(house.door, username, Role.AGENT)))[1]


@pytest.fixture
async def wang(house: House) -> Visitor:
    return await visitor(house, "wang.wu")


@asynccontextmanager
async def told(stream: AsyncIterator[str]) -> AsyncIterator[Any]:
    """A way to wait for the next thing that is told and holds a key."""
    async with aclosing(stream) as opened:  # type: ignore[type-var]

        async def next_with(key: str) -> Any:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for event in opened:
                    data = event.partition("\ndata: ")[2]
                    if data and json.loads(data).get(key):
                        return json.loads(data)
            raise AssertionError(f"the stream ended without {key}")

        yield next_with


async def mark(desk: Desk) -> Mark:
    async with desk.database.read() as session:
        return await newest_mark(session)


async def test_a_list_hears_of_who_waits_and_who_is_taken(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    async with told(inbox_events(console, wang, View.WAITING)) as tell:
        await tell("counts")
        thread_id = await talks.waiting()
        # A look may have come between the word and the queue.
        while not (news := await tell("rows"))["rows"][0]["in"]:
            pass
        assert [(row["id"], row["in"]) for row in news["rows"]] == [(thread_id, True)]
        assert "等了" in news["rows"][0]["html"] and news["counts"] == {
            "waiting": 1,
            "mine": 0,
            "mentions": 0,
        }
        await take_over(desk, thread_id, wang.actor.account_id or "")
        news = await tell("rows")
        assert (news["rows"][0]["in"], news["counts"]) == (False, {"waiting": 0, "mine": 1, "mentions": 0})


async def test_what_came_between_the_page_and_its_stream_is_told(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    await talks.write("之前")
    since = await mark(desk)
    thread_id = await talks.write("之间", sender="b")
    async with told(inbox_events(console, wang, View.ALL)) as tell:
        assert thread_id in [row["id"] for row in (await tell("rows"))["rows"]]
    async with told(ThreadEvents(console, wang, thread_id).stream(since)) as tell:
        assert "之间" in (await tell("entries"))["entries"][0]["html"]


async def test_a_thread_hears_words_notes_states_and_who_has_it(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    thread_id, me = await talks.waiting(), wang.actor.account_id or ""
    async with told(ThreadEvents(console, wang, thread_id).stream(await mark(desk))) as tell:
        assert "接入</button>" in (await tell("head"))["head"]
        await take_over(desk, thread_id, me)
        news = await tell("mine")
        assert "交还机器人" in news["head"]
        await reply(desk, thread_id, me, Reply("您好", "form-0001"))
        news = await tell("entries")
        assert "您好" in news["entries"][0]["html"] and "发送中" in news["entries"][0]["html"]
        message_id = await talks.last(thread_id, delivery=Delivery.SENT)
        assert "已送达" in (await tell("states"))["states"][f"m{message_id}"]
        await write_note(desk, thread_id, me, "只给同事")
        assert "只给同事" in (await tell("entries"))["entries"][0]["html"]
        await give_back(desk, thread_id, me)
        assert "机器人接待中" in (await tell("head"))["head"]


async def test_a_message_is_told_once_even_when_others_overtake_it(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    thread_id = await talks.waiting()
    async with told(ThreadEvents(console, wang, thread_id).stream(await mark(desk))) as tell:
        await tell("head")
        ids = []
        for number in range(3):
            await talks.write(f"第{number}句")
            ids += [entry["id"] for entry in (await tell("entries"))["entries"]]
    assert len(ids) == len(set(ids)) == 6


async def test_colleagues_at_the_same_thread_are_seen_until_they_leave(
    console: Console, talks: Talks, wang: Visitor, desk: Desk, house: House, seconds: Seconds
) -> None:
    thread_id, since, li = await talks.waiting(), await mark(desk), await visitor(house, "li.si")
    async with told(ThreadEvents(console, wang, thread_id).stream(since)) as tell:
        assert "li.si" not in (await tell("head"))["head"]
        async with told(ThreadEvents(console, li, thread_id).stream(since)) as other:
            await other("head")
            assert "姓名li.si 也在看" in (await tell("head"))["head"]
            console.live.presence.type(thread_id, li.actor.account_id or "", li.actor.name)
            assert "姓名li.si 正在输入" in (await tell("head"))["head"]
        seconds.now += 60
        assert "li.si" not in (await tell("head"))["head"]


async def test_streams_end_when_the_product_does(
    console: Console, talks: Talks, wang: Visitor, desk: Desk, stopping: asyncio.Event
) -> None:
    thread_id, since = await talks.waiting(), await mark(desk)

    async def read(stream: AsyncIterator[str]) -> int:
        return len([event async for event in stream])

    reading = [
        asyncio.create_task(read(inbox_events(console, wang, View.ALL))),
        asyncio.create_task(read(ThreadEvents(console, wang, thread_id).stream(since))),
    ]
    await asyncio.sleep(0.2)
    stopping.set()
    async with asyncio.timeout(2):
        assert await asyncio.gather(*reading) == [1, 1]


async def test_fifty_pages_cost_one_look(
    console: Console, wang: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = Live._look

    async def counted(live: Live) -> None:
        nonlocal looks
        looks += 1
        await look(live)

    monkeypatch.setattr(Live, "_look", counted)
    streams = [inbox_events(console, wang, View.ALL) for _ in range(50)]
    for stream in streams:
        await anext(stream)
    looks = 0
    await asyncio.sleep(1.3)
    assert 1 <= looks <= 5
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]


async def test_of_hundreds_that_change_at_once_none_is_left_out(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    async with told(inbox_events(console, wang, View.ALL)) as tell:
        await tell("counts")
        async with desk.database.write() as session:
            threads = [
                await open_thread(
                    session, channel="web", address=f"p{n}", at=desk.clock(), new_id=desk.new_id
                )
                for n in range(250)
            ]
            session.add_all(_word(thread.id, desk) for thread in threads for _ in range(5))
        wanted = {thread.id for thread in threads}
        got: set[str] = set()
        while got < wanted:
            got |= {row["id"] for row in (await tell("rows"))["rows"]}
    assert got == wanted


async def test_what_failed_to_be_told_is_told_at_the_next_look(
    console: Console, talks: Talks, wang: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    render, failures = console.live.render, 2

    async def failing(threads: Sequence[str]) -> Mapping[str, Shown]:
        nonlocal failures
        if failures and threads:
            failures -= 1
            raise OperationalError("SELECT", {}, Exception("the database is away"))
        return await render(threads)

    async with told(inbox_events(console, wang, View.ALL)) as tell:
        await tell("counts")
        monkeypatch.setattr(console.live, "render", failing)
        thread_id = await talks.write("在吗")
        assert [row["id"] for row in (await tell("rows"))["rows"]] == [thread_id]
    assert failures == 0


async def test_one_row_that_cannot_be_shown_keeps_no_other_from_being_told(
    console: Console, talks: Talks, wang: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = await talks.write("坏的", sender="bad")
    render = console.live.render

    async def failing(threads: Sequence[str]) -> Mapping[str, Shown]:
        if bad in threads:
            raise ValueError("cannot be shown")
        return await render(threads)

    monkeypatch.setattr(console.live, "render", failing)
    async with console.live.listen(None) as listener:
        console.live.touch(bad)
        good = await talks.write("好的", sender="good")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while good not in listener.rows:
                await listener.wait(1)


async def test_a_list_that_comes_back_shows_what_it_is_now_whatever_it_missed(
    console: Console, talks: Talks, wang: Visitor, desk: Desk, clock: HandClock
) -> None:
    first = await talks.waiting("a")
    clock.advance(timedelta(seconds=1))
    second = await talks.waiting("b")
    await take_over(desk, first, "li")
    async with told(inbox_events(console, wang, View.WAITING)) as tell:
        news = await tell("rows")
    assert news["whole"] and [row["id"] for row in news["rows"]] == [second]
    async with told(inbox_events(console, wang, View.WAITING, (first, "gone"))) as tell:
        news = await tell("rows")
    assert not news["whole"] and [bool(row["html"]) for row in news["rows"]] == [True, False]


async def test_who_missed_very_much_of_a_thread_is_told_to_load_it_anew(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    thread_id = await talks.write("在吗")
    since = await mark(desk)
    async with desk.database.write() as session:
        session.add_all(_word(thread_id, desk) for _ in range(199))
    async with told(ThreadEvents(console, wang, thread_id).stream(since)) as tell:
        assert len((await tell("entries"))["entries"]) == 200
    async with desk.database.write() as session:
        session.add(_word(thread_id, desk))
        await session.flush()
    async with told(ThreadEvents(console, wang, thread_id).stream(since)) as tell:
        assert await tell("reload")


async def test_a_word_that_is_committed_after_later_ones_is_told_too(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    """On PostgreSQL an id is given out before its row can be seen; on SQLite there is one writer at a time."""
    if desk.database.embedded:
        return
    slow, others = await talks.write("慢的", sender="slow"), await talks.write("别人", sender="b")
    async with told(inbox_events(console, wang, View.ALL)) as tell:
        await tell("counts")
        async with desk.database.write() as late:
            late.add(_word(slow, desk))
            await late.flush()
            async with desk.database.write() as session:
                session.add_all(_word(others, desk) for _ in range(300))
            assert [row["id"] for row in (await tell("rows"))["rows"]] == [others]
            complete = console.live.mark.message
        assert slow in [row["id"] for row in (await tell("rows"))["rows"]]
        assert console.live.mark.message >= complete + 301


async def test_a_note_is_told_after_the_newest_ones_were_erased(
    console: Console, talks: Talks, wang: Visitor, desk: Desk
) -> None:
    gone, left = await talks.write("走了", sender="a"), await talks.write("还在", sender="b")
    await write_note(desk, gone, "li", "最新的备注")
    async with told(inbox_events(console, wang, View.ALL)) as tell:
        await tell("counts")
        async with desk.database.write() as session:
            await session.execute(delete(Note))
        await write_note(desk, left, "li", "新的备注")
        assert [row["id"] for row in (await tell("rows"))["rows"]] == [left]


def test_a_horizon_waits_for_what_is_missing_and_not_for_ever() -> None:
    horizon = Horizon.over([1, 2, 4], 4, patience=3)
    assert (horizon.complete, set(horizon.missing)) == (2, {3})
    horizon.take([7])
    assert (horizon.top, set(horizon.missing), horizon.complete) == (7, {3, 5, 6}, 2)
    horizon.take([3, 5])
    assert (set(horizon.missing), horizon.complete) == ({6}, 5)
    for _ in range(3):
        horizon.take([])
    assert (horizon.missing, horizon.complete) == ({}, 7)
    horizon.take([10**6])
    assert len(horizon.missing) == 1000 and horizon.top == 10**6


def _word(thread_id: str, desk: Desk) -> Message:
    return Message(
        thread_id=thread_id, author=Author.PERSON, channel="wechat", text="一句话", created_at=desk.clock()
    )


async def test_every_open_page_hears_the_bell_of_who_looks_at_it(
    console: Console, talks: Talks, wang: Visitor, house: House, desk: Desk
) -> None:
    thread_id, other = await talks.write("您好"), await visitor(house, "zhao.liu")
    streams = (
        (wang, inbox_events(console, wang, View.ALL)),
        (other, ThreadEvents(console, other, thread_id).stream(await mark(desk))),
    )
    for who, stream in streams:
        async with told(stream) as tell:
            await tell("counts" if who is wang else "head")  # from here on it listens
            opened = asyncio.create_task(tell("unread"))
            async with desk.database.write() as session:
                one = Telling(who.actor.account_id or "", NoticeKind.URGED, f"of {who.actor.name}", "催办")
                await tell_staff(session, [one], desk.clock())
            assert (await opened)["unread"] == 1
