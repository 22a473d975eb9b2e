"""What is due is sent: once, in order, tried for days, and never repeated blindly."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from conversations.models import Author, Delivery, Holder, Thread
from conversations.outbox import claim_replies
from desk.delivery import LEASE, Courier, deliver
from desk.desk import Desk
from desk.ports import NotSent, SendResult, Sent
from desk.turns import take_turns
from desk.values import Utterance
from tests.desk.owing import latest, left, owe, processes, row, running, state, write
from tests.fakes import HandClock, ScriptedChannel, ScriptedDialogue


@pytest.fixture
def channel() -> ScriptedChannel:
    return ScriptedChannel()


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
