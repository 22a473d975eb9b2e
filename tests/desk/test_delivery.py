"""What is due is sent: once, in order, tried for days, and never repeated blindly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.loops import deliver_pending
from conversations.models import Author, Delivery, Holder, Message, Thread
from conversations.outbox import claim_replies
from conversations.threads import open_thread
from desk.delivery import BACK_OFF, GIVE_UP_AFTER, LEASE, Courier, deliver, retry_at
from desk.desk import Desk
from desk.ports import Held, NotSent, Refused, RetryAfter, SendResult, Sent, Unknown
from desk.receive import Received, receive
from desk.turns import take_turns
from desk.values import InboundMessage, Utterance
from store.database import Database
from tests.fakes import HandClock, ScriptedChannel, ScriptedDialogue

AWAY = NotSent("网络不通。")
BLOCKED = Refused("对方已取消关注。", permanent=True)


def latest() -> float:
    return 1.0


@pytest.fixture
def channel() -> ScriptedChannel:
    return ScriptedChannel()


async def owe(
    desk: Desk, *texts: str, sender: str = "a", channel: str = "wechat", author: Author = Author.BOT
) -> None:
    """Have texts to send to somebody."""
    async with desk.database.write() as session:
        thread = await open_thread(
            session, channel=channel, address=sender, at=desk.clock(), new_id=desk.new_id
        )
        session.add_all(
            Message(
                thread_id=thread.id,
                author=author,
                channel=channel,
                text=one,
                delivery=Delivery.PENDING,
                created_at=desk.clock(),
            )
            for one in texts
        )


async def write(desk: Desk, said: str, *, sender: str = "a") -> Received:
    return await receive(desk, InboundMessage("wechat", said, sender, said, desk.clock()))


async def row(desk: Desk, said: str) -> Message:
    async with desk.database.read() as session:
        return (await session.scalars(select(Message).where(Message.text == said))).one()


async def state(desk: Desk, said: str) -> Delivery:
    return (await row(desk, said)).delivery


async def left(desk: Desk) -> int:
    async with desk.database.read() as session:
        waiting = select(func.count()).where(Message.delivery.in_((Delivery.PENDING, Delivery.SENDING)))
        return await session.scalar(waiting) or 0


@asynccontextmanager
async def processes(desk: Desk, count: int) -> AsyncIterator[list[Desk]]:
    """The same desk in several processes: each with its own connections and wake-ups."""
    desks = [
        replace(desk, database=Database(desk.database.url), to_send=asyncio.Event()) for _ in range(count)
    ]
    yield desks
    for one in desks:
        await one.database.close()


@asynccontextmanager
async def running(
    desk: Desk, channel: ScriptedChannel
) -> AsyncIterator[tuple[asyncio.Task[None], Callable[[], None]]]:
    """The delivery loop, and the way to stop it."""
    stopping = asyncio.Event()
    loop = asyncio.create_task(deliver_pending(desk, [channel], latest, stopping))

    def stop() -> None:
        stopping.set()
        desk.to_send.set()

    yield loop, stop
    stop()
    await loop


async def test_a_reply_is_sent_with_all_that_the_channel_needs(
    desk: Desk, channel: ScriptedChannel, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (
        Utterance("请选择。", ({"title": "用水", "payload": "/x"},), {"article": "water-connection"}),
    )
    received = await write(desk, "报装")
    await take_turns(desk, received.thread_id)
    await deliver(desk, [channel], latest)
    (outgoing,) = channel.tried
    sent = await row(desk, "请选择。")
    assert (outgoing.message_id, outgoing.address, outgoing.text) == (sent.id, "a", "请选择。")
    assert (outgoing.buttons, outgoing.article) == (("用水",), "water-connection")
    assert (outgoing.answers, outgoing.by_staff) == (received.message_id, False)
    assert (sent.delivery, sent.sent_id) == (Delivery.SENT, "id of 请选择。")


async def test_what_staff_wrote_is_told_from_what_the_bot_said(desk: Desk, channel: ScriptedChannel) -> None:
    await owe(desk, "您好，我是工作人员。", author=Author.STAFF)
    await deliver(desk, [channel], latest)
    assert channel.tried[0].by_staff


async def test_each_channel_gets_its_own_and_the_web_page_none(desk: Desk, channel: ScriptedChannel) -> None:
    telegram = ScriptedChannel(name="telegram")
    for name in ("web", "telegram", "wechat", "unknown"):
        await owe(desk, name, channel=name)
    await deliver(desk, [channel, telegram], latest)
    assert (channel.texts(), telegram.texts()) == (["wechat"], ["telegram"])
    assert await state(desk, "unknown") == Delivery.PENDING


async def test_200_messages_are_sent_once_and_in_order_by_8_processes(
    desk: Desk, channel: ScriptedChannel
) -> None:
    for person in range(20):
        await owe(desk, *(f"{person}-{n}" for n in range(10)), sender=str(person))

    async def work() -> None:
        async with processes(desk, 1) as (mine,):
            while await left(mine):
                await deliver(mine, [channel], latest, at_once=4)

    # Each with an event loop and threads of its own, as processes have.
    with ThreadPoolExecutor(8) as workers:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(workers, asyncio.run, work()) for _ in range(8)))
    assert Counter(channel.texts()) == Counter(f"{p}-{n}" for p in range(20) for n in range(10))
    for person in range(20):
        mine = [outgoing.text for outgoing in channel.tried if outgoing.address == str(person)]
        assert mine == [f"{person}-{n}" for n in range(10)]
    assert channel.crowded == []


async def test_threads_are_served_at_once_up_to_a_bound(desk: Desk, channel: ScriptedChannel) -> None:
    for person in range(5):
        await owe(desk, f"给{person}", sender=str(person))
    channel.gate = asyncio.Event()
    courier = Courier(desk, [channel], latest, at_once=3)
    assert await courier.round()
    await courier.round()
    await asyncio.sleep(0)
    assert len(channel.tried) == 3
    channel.gate.set()
    while await courier.round():
        await courier.wait()
    assert len(channel.tried) == 5


async def test_a_channel_that_hangs_does_not_hold_up_another(desk: Desk, channel: ScriptedChannel) -> None:
    telegram = ScriptedChannel(name="telegram", gate=asyncio.Event())
    for person in range(3):
        await owe(desk, f"电{person}", sender=str(person), channel="telegram")
    await owe(desk, "微")
    courier = Courier(desk, [telegram, channel], latest, at_once=2)
    await courier.round()
    await courier.wait()
    await courier.round()
    assert await state(desk, "微") == Delivery.SENT
    await courier.drain(0)


def test_the_waits_grow_from_seconds_to_a_day_and_end_after_a_week(clock: HandClock) -> None:
    since = clock()
    tries = 0
    while clock() < since + GIVE_UP_AFTER:
        due = retry_at(tries, since, clock(), latest)
        assert due - clock() <= BACK_OFF[min(tries, len(BACK_OFF) - 1)]
        clock.advance(due - clock())
        tries += 1
    assert clock() == since + GIVE_UP_AFTER
    assert [wait.total_seconds() for wait in BACK_OFF[:3]] == [5, 30, 120]
    assert tries == len(BACK_OFF) + 6  # after the first 24 hours six more days, the last one shortened


def test_the_waits_are_spread_over_their_whole_length(clock: HandClock) -> None:
    waits = {retry_at(4, clock(), clock(), lambda share=share: share) - clock() for share in (0.0, 0.5, 1.0)}  # type: ignore[misc]
    assert waits == {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}


async def test_what_did_not_go_out_is_tried_again_in_growing_waits(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    await owe(desk, "一", "二")
    channel.results["一"] = [AWAY, Refused("系统繁忙。", permanent=False)]
    await deliver(desk, [channel], latest)
    first = await row(desk, "一")
    assert (first.delivery, first.attempts, first.reason) == (Delivery.PENDING, 1, "网络不通。")
    clock.advance(BACK_OFF[0] - timedelta(milliseconds=1))
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一"]
    clock.advance(timedelta(milliseconds=1))
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "一"]
    clock.advance(BACK_OFF[1])
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "一", "一", "二"]
    done = await row(desk, "一")
    assert (done.delivery, done.attempts, done.reason) == (Delivery.SENT, 3, "")


async def test_after_a_week_it_has_failed_and_the_next_goes_out(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    await owe(desk, "一", "二")
    channel.results["一"] = [AWAY] * 50
    began = clock()
    while await state(desk, "一") == Delivery.PENDING:
        await deliver(desk, [channel], latest)
        due = (await row(desk, "一")).due_at
        clock.advance(due - clock() if due else timedelta(0))
    assert clock() - began == GIVE_UP_AFTER
    failed = await row(desk, "一")
    assert failed.delivery == Delivery.FAILED
    assert failed.reason.startswith("网络不通。")
    assert await state(desk, "二") == Delivery.SENT


async def test_what_is_refused_for_good_is_not_tried_again(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    await owe(desk, "一", "二")
    channel.results["一"] = [BLOCKED]
    await deliver(desk, [channel], latest)
    clock.advance(timedelta(days=8))
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "二"]
    failed = await row(desk, "一")
    assert (failed.delivery, failed.reason) == (Delivery.FAILED, "对方已取消关注。")


@pytest.mark.parametrize("result", [Unknown("应答超时。"), RuntimeError("a fault of ours")])
async def test_an_unknown_result_is_not_repeated_and_holds_nothing_up(
    desk: Desk, channel: ScriptedChannel, clock: HandClock, result: SendResult | Exception
) -> None:
    await owe(desk, "一", "二")
    channel.results["一"] = [result]
    await deliver(desk, [channel], latest)
    clock.advance(timedelta(days=8))
    await write(desk, "在吗")
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "二"]
    unknown = await row(desk, "一")
    assert unknown.delivery == Delivery.UNKNOWN
    assert unknown.reason


async def test_an_unknown_result_of_an_idempotent_channel_is_repeated(desk: Desk, clock: HandClock) -> None:
    channel = ScriptedChannel(idempotent=True, results={"一": [Unknown("应答超时。")]})
    await owe(desk, "一")
    await deliver(desk, [channel], latest)
    clock.advance(BACK_OFF[0])
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "一"]
    assert await state(desk, "一") == Delivery.SENT


async def test_the_parts_that_went_out_are_not_sent_again(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    await owe(desk, "长文")
    channel.results["长文"] = [NotSent("网络不通。", parts_sent=2), RetryAfter(1, False, "太快了。", 3)]
    await deliver(desk, [channel], latest)
    for _ in range(2):
        clock.advance(BACK_OFF[0])
        await deliver(desk, [channel], latest)
    assert [outgoing.parts_sent for outgoing in channel.tried] == [0, 2, 3]


async def test_what_is_held_goes_out_when_the_person_writes_again(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    await owe(desk, "一", "二")
    channel.results["一"] = [Held("本次可发条数已用完，等对方再次来信。")]
    await deliver(desk, [channel], latest)
    clock.advance(timedelta(days=30))
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一"]
    held = await row(desk, "一")
    assert (held.delivery, held.reason) == (Delivery.HELD, "本次可发条数已用完，等对方再次来信。")
    received = await write(desk, "在吗")
    await take_turns(desk, received.thread_id)
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "一", "二", "echo 在吗"]


async def test_what_another_person_writes_releases_nothing(desk: Desk, channel: ScriptedChannel) -> None:
    await owe(desk, "一")
    channel.results["一"] = [Held("额度已用完。")]
    await deliver(desk, [channel], latest)
    await write(desk, "在吗", sender="b")
    assert await state(desk, "一") == Delivery.HELD


async def test_a_reply_is_dropped_where_staff_took_the_thread_after_it_was_stored(
    desk: Desk, channel: ScriptedChannel
) -> None:
    received = await write(desk, "停水了")
    await take_turns(desk, received.thread_id)
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    await owe(desk, "我来处理。", author=Author.STAFF)
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["我来处理。"]
    assert await state(desk, "echo 停水了") == Delivery.DROPPED


async def test_too_fast_for_one_chat_waits_for_that_chat_only(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    await owe(desk, "一", "二")
    await owe(desk, "别人", sender="b")
    channel.results["一"] = [RetryAfter(30, whole_channel=False, reason="发送过快。")]
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "别人"]
    clock.advance(timedelta(seconds=29))
    await deliver(desk, [channel], latest)
    assert len(channel.tried) == 2
    clock.advance(timedelta(seconds=1))
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["一", "别人", "一", "二"]
    assert (await row(desk, "一")).attempts == 1


async def test_too_fast_for_the_whole_channel_stops_it_in_every_process(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    telegram = ScriptedChannel(name="telegram")
    await owe(desk, "一")
    channel.results["一"] = [RetryAfter(30, whole_channel=True, reason="发送过快。")]
    await deliver(desk, [channel], latest)
    await owe(desk, "别人", sender="b")
    await owe(desk, "电报", channel="telegram")
    async with processes(desk, 1) as (other,):
        await deliver(other, [channel, telegram], latest)
        assert (channel.texts(), telegram.texts()) == (["一"], ["电报"])
        clock.advance(timedelta(seconds=30))
        await deliver(other, [channel], latest)
    assert sorted(channel.texts()) == ["一", "一", "别人"]


@pytest.mark.parametrize(
    ("idempotent", "after"), [(False, Delivery.UNKNOWN), (True, Delivery.SENT)], ids=["once", "idempotent"]
)
async def test_what_a_dead_process_was_sending_is_repeated_only_where_that_does_no_harm(
    desk: Desk, clock: HandClock, idempotent: bool, after: Delivery
) -> None:
    dead = ScriptedChannel(idempotent=idempotent, gate=asyncio.Event())
    await owe(desk, "一", "二")
    courier = Courier(desk, [dead], latest)
    await courier.round()
    await dead.reached.wait()
    alive = ScriptedChannel(idempotent=idempotent)
    async with processes(desk, 1) as (other,):
        await deliver(other, [alive], latest)
        assert alive.texts() == []
        clock.advance(LEASE + timedelta(seconds=1))
        await deliver(other, [alive], latest)
    assert alive.texts() == (["一", "二"] if idempotent else ["二"])
    assert await state(desk, "一") == after
    await courier.drain(0)
    assert await state(desk, "一") == after


async def test_a_reply_given_at_once_is_not_sent_by_the_loop_as_well(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    channel.passive_grace = 5.0
    received = await write(desk, "停水了")
    await take_turns(desk, received.thread_id)
    await deliver(desk, [channel], latest)
    async with desk.database.write() as session:
        (reply,) = await claim_replies(session, received.message_id, now=clock(), lease=LEASE)
    clock.advance(timedelta(seconds=6))
    await deliver(desk, [channel], latest)
    assert channel.tried == []
    assert reply.text == "echo 停水了"


async def test_a_reply_that_nobody_gave_at_once_is_sent_by_the_loop(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    channel.passive_grace = 5.0
    received = await write(desk, "停水了")
    await take_turns(desk, received.thread_id)
    clock.advance(timedelta(seconds=6))
    await deliver(desk, [channel], latest)
    assert channel.texts() == ["echo 停水了"]


async def test_the_loop_is_woken_by_a_turn(desk: Desk, channel: ScriptedChannel) -> None:
    async with running(desk, channel):
        received = await write(desk, "停水了")
        await take_turns(desk, received.thread_id)
        await channel.reached.wait()
    assert await state(desk, "echo 停水了") == Delivery.SENT


async def test_a_result_that_could_not_be_written_down_is_not_forgotten(
    desk: Desk, channel: ScriptedChannel
) -> None:
    await owe(desk, "一")
    courier = Courier(desk, [channel], latest)
    await courier.round()
    await courier.wait()
    async with desk.database.write() as session:
        await session.execute(text("ALTER TABLE messages RENAME TO hidden"))
    with pytest.raises(DBAPIError):
        await courier.round()
    async with desk.database.write() as session:
        await session.execute(text("ALTER TABLE hidden RENAME TO messages"))
    await courier.round()
    assert await state(desk, "一") == Delivery.SENT
    assert channel.texts() == ["一"]


async def test_a_loop_that_is_told_to_end_lets_what_is_under_way_come_to_its_end(
    desk: Desk, channel: ScriptedChannel
) -> None:
    channel.gate = asyncio.Event()
    await owe(desk, "一", "二")
    async with running(desk, channel) as (loop, stop):
        await channel.reached.wait()
        stop()
        await asyncio.sleep(0)
        assert not loop.done()
        channel.gate.set()
        await loop
    assert (await state(desk, "一"), await state(desk, "二")) == (Delivery.SENT, Delivery.PENDING)


@pytest.mark.parametrize(
    ("says", "after"), [(None, Delivery.UNKNOWN), (NotSent("程序停止，尚未发送。"), Delivery.PENDING)]
)
async def test_what_does_not_come_to_its_end_is_unknown_unless_the_channel_had_not_begun(
    desk: Desk, channel: ScriptedChannel, says: SendResult | None, after: Delivery
) -> None:
    channel.gate, channel.patient = asyncio.Event(), says
    await owe(desk, "一")
    courier = Courier(desk, [channel], latest)
    await courier.round()
    await channel.reached.wait()
    await courier.drain(0)
    assert await state(desk, "一") == after


async def test_a_late_word_of_success_still_counts(
    desk: Desk, channel: ScriptedChannel, clock: HandClock
) -> None:
    channel.gate = asyncio.Event()
    channel.results["一"] = [Sent("x9")]
    await owe(desk, "一")
    courier = Courier(desk, [channel], latest)
    await courier.round()
    await channel.reached.wait()
    clock.advance(LEASE + timedelta(seconds=1))
    async with processes(desk, 1) as (other,):
        await deliver(other, [channel], latest)
    assert await state(desk, "一") == Delivery.UNKNOWN
    channel.gate.set()
    await courier.drain(5)
    sent = await row(desk, "一")
    assert (sent.delivery, sent.sent_id) == (Delivery.SENT, "x9")
