"""What did not go out is tried again, held or given up, as the channel's word has it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conversations.models import Delivery
from desk.delivery import BACK_OFF, GIVE_UP_AFTER, deliver, retry_at
from desk.desk import Desk
from desk.ports import Held, NotSent, Refused, RetryAfter, SendResult, Unknown
from desk.turns import take_turns
from tests.desk.owing import latest, owe, processes, row, state, write
from tests.fakes import HandClock, ScriptedChannel

AWAY = NotSent("网络不通。")
BLOCKED = Refused("对方已取消关注。", permanent=True)


@pytest.fixture
def channel() -> ScriptedChannel:
    return ScriptedChannel()


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
