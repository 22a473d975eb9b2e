"""The outbox: one holder of a message at a time, the order of a thread, and claims that end with their process."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from conversations.models import Author, Delivery, Holder, Message, Thread, Turn
from conversations.outbox import (
    Claim,
    Look,
    claim_due,
    claim_replies,
    claim_unsent,
    drop_overtaken,
    due_threads,
    overtaken,
    pause,
    release_held,
)
from conversations.outcomes import Mark, end_leases, expired, give_back, mark_sent, settle
from conversations.threads import open_thread
from store.database import Database
from store.ids import new_id
from tests.fakes import HandClock

LEASE = timedelta(seconds=60)
AGAIN = Mark(Delivery.PENDING, "网络不通。")


class Box:
    """A database with one person's thread, and short ways to it."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database, self.clock, self.thread_id = database, clock, ""

    async def add(self, text: str, *, author: Author = Author.BOT, answers: int | None = None) -> int:
        async with self.database.write() as session:
            thread = await open_thread(session, channel="wechat", address="a", at=self.clock(), new_id=new_id)
            self.thread_id = thread.id
            ours = author != Author.PERSON
            message = Message(
                thread_id=thread.id,
                author=author,
                channel="wechat",
                external_id=None if ours else text,
                answers_id=answers,
                text=text,
                turn=Turn.NONE if ours else Turn.DONE,
                delivery=Delivery.PENDING if ours else Delivery.NONE,
                created_at=self.clock(),
            )
            session.add(message)
            await session.flush()
            return message.id

    def look(self, grace: float = 0) -> Look:
        return Look("wechat", self.clock(), timedelta(seconds=grace))

    async def claim(self, grace: float = 0, database: Database | None = None) -> list[Claim]:
        async with (database or self.database).write() as session:
            look = self.look(grace)
            await drop_overtaken(session, await overtaken(session, look))
            threads = await due_threads(session, look, 10)
            return await claim_due(session, look, threads=threads, lease=LEASE, limit=10)

    async def replies(self, message_id: int) -> list[Message]:
        async with self.database.write() as session:
            return await claim_replies(session, message_id, now=self.clock(), lease=LEASE)

    async def unsent(self) -> list[str] | None:
        async with self.database.write() as session:
            found = await claim_unsent(session, self.thread_id, now=self.clock(), lease=LEASE)
            return None if found is None else [message.text for message in found]

    async def settle(self, claim: Claim, mark: Mark) -> bool:
        async with self.database.write() as session:
            return await settle(session, claim, mark)

    async def get(self, message_id: int) -> Message:
        async with self.database.read() as session:
            return await session.get_one(Message, message_id)

    async def end_leases(self, *, idempotent: bool = False) -> None:
        async with self.database.write() as session:
            await end_leases(session, self.look(), idempotent=idempotent)

    async def give_to(self, holder: Holder) -> None:
        async with self.database.write() as session:
            await session.execute(update(Thread).values(holder=holder))


@pytest.fixture
def box(database: Database, clock: HandClock) -> Box:
    return Box(database, clock)


def texts(claims: list[Claim]) -> list[str]:
    return [claim.message.text for claim in claims]


async def test_a_message_is_claimed_once(box: Box) -> None:
    message_id = await box.add("一")
    (claim,) = await box.claim()
    assert (claim.message.id, claim.address) == (message_id, "a")
    assert await box.claim() == []


async def test_a_message_is_claimed_by_one_of_many_at_once(box: Box, database_url: str) -> None:
    await box.add("一")
    others = [Database(database_url) for _ in range(6)]
    claims = await asyncio.gather(*(box.claim(database=other) for other in others))
    for other in others:
        await other.close()
    assert sorted(len(one) for one in claims) == [0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("delivery", "next_one"),
    [
        (Delivery.SENT, ["二"]),
        (Delivery.FAILED, ["二"]),
        (Delivery.UNKNOWN, ["二"]),
        (Delivery.HELD, []),
    ],
)
async def test_what_is_still_to_be_sent_stands_before_the_next(
    box: Box, delivery: Delivery, next_one: list[str]
) -> None:
    await box.add("一")
    await box.add("二")
    (claim,) = await box.claim()
    assert texts([claim]) == ["一"]
    assert await box.settle(claim, Mark(delivery))
    assert texts(await box.claim()) == next_one


async def test_a_message_that_waits_for_its_time_stands_before_the_next(box: Box, clock: HandClock) -> None:
    await box.add("一")
    await box.add("二")
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.PENDING, due_at=clock() + timedelta(seconds=5)))
    assert await box.claim() == []
    clock.advance(timedelta(seconds=5))
    assert texts(await box.claim()) == ["一"]


async def test_a_result_is_written_down_with_what_staff_need(box: Box, clock: HandClock) -> None:
    message_id = await box.add("一")
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.PENDING, "网络不通。", due_at=clock(), parts_sent=2))
    (claim,) = await box.claim()
    assert (claim.message.attempts, claim.message.parts_sent) == (1, 2)
    await box.settle(claim, Mark(Delivery.SENT, sent_id="x9"))
    row = await box.get(message_id)
    assert (row.delivery, row.sent_id, row.attempts, row.reason) == (Delivery.SENT, "x9", 2, "")
    assert row.claimed_until is None


async def test_who_was_overtaken_changes_nothing(box: Box, clock: HandClock) -> None:
    message_id = await box.add("一")
    (slow,) = await box.claim()
    clock.advance(LEASE + timedelta(seconds=1))
    await box.end_leases(idempotent=True)
    (second,) = await box.claim()
    assert not await box.settle(slow, Mark(Delivery.FAILED, "太迟"))
    assert (await box.get(message_id)).delivery == Delivery.SENDING
    assert await box.settle(second, Mark(Delivery.SENT))


async def test_a_lease_that_ran_out_leaves_the_result_unknown(box: Box, clock: HandClock) -> None:
    message_id = await box.add("一")
    await box.add("二")
    await box.claim()
    await box.end_leases()
    assert (await box.get(message_id)).delivery == Delivery.SENDING
    clock.advance(LEASE + timedelta(seconds=1))
    async with box.database.read() as session:
        assert await expired(session, box.look())
    await box.end_leases()
    row = await box.get(message_id)
    assert row.delivery == Delivery.UNKNOWN
    assert "不明" in row.reason
    assert texts(await box.claim()) == ["二"]


async def test_a_process_that_was_only_slow_still_says_what_became_of_it(box: Box, clock: HandClock) -> None:
    message_id = await box.add("一")
    (slow,) = await box.claim()
    clock.advance(LEASE + timedelta(seconds=1))
    await box.end_leases()
    assert await box.settle(slow, Mark(Delivery.SENT, sent_id="x9"))
    assert (await box.get(message_id)).delivery == Delivery.SENT


async def test_bot_messages_are_dropped_where_staff_took_over_and_theirs_go_out(box: Box) -> None:
    pending = await box.add("机器人")
    await box.add("工作人员", author=Author.STAFF)
    await box.give_to(Holder.STAFF)
    assert texts(await box.claim()) == ["工作人员"]
    row = await box.get(pending)
    assert row.delivery == Delivery.DROPPED
    assert row.reason


async def test_a_held_bot_message_does_not_hold_up_staff_who_took_over(box: Box) -> None:
    await box.add("机器人")
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.HELD, "额度已用完。"))
    await box.add("工作人员", author=Author.STAFF)
    assert await box.claim() == []
    await box.give_to(Holder.STAFF)
    assert texts(await box.claim()) == ["工作人员"]


async def test_the_news_of_a_ticket_go_out_although_staff_hold_the_thread(box: Box) -> None:
    await box.add("工单已受理", author=Author.SYSTEM)
    await box.give_to(Holder.STAFF)
    assert texts(await box.claim()) == ["工单已受理"]


async def test_staff_who_take_over_between_the_look_and_the_claim_are_seen(box: Box) -> None:
    pending = await box.add("机器人")
    await box.add("工作人员", author=Author.STAFF)
    async with box.database.read() as session:
        threads = await due_threads(session, box.look(), 10)
    await box.give_to(Holder.STAFF)
    async with box.database.write() as session:
        claims = await claim_due(session, box.look(), threads=threads, lease=LEASE, limit=10)
    assert texts(claims) == ["工作人员"]
    assert (await box.get(pending)).delivery == Delivery.DROPPED


async def test_what_was_held_is_released_in_order(box: Box) -> None:
    await box.add("一")
    await box.add("二")
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.HELD, "额度已用完。"))
    async with box.database.write() as session:
        await release_held(session, box.thread_id)
    assert texts(await box.claim()) == ["一"]


async def test_who_wrote_while_a_message_was_refused_for_lack_of_quota_is_not_kept_waiting(box: Box) -> None:
    message_id = await box.add("一")
    (claim,) = await box.claim()
    await box.add("在吗", author=Author.PERSON)
    await box.settle(claim, Mark(Delivery.HELD, "额度已用完。"))
    assert (await box.get(message_id)).delivery == Delivery.PENDING


async def test_who_writes_need_not_wait_for_the_next_try_but_for_the_time_the_channel_named(
    box: Box, clock: HandClock
) -> None:
    tomorrow = clock() + timedelta(days=1)
    await box.add("一")
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.PENDING, "太快了。", tomorrow, tried=False))
    async with box.database.write() as session:
        await release_held(session, box.thread_id)
    assert await box.claim() == []
    clock.advance(timedelta(days=1))
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.PENDING, "网络不通。", tomorrow + timedelta(days=1)))
    async with box.database.write() as session:
        await release_held(session, box.thread_id)
    assert texts(await box.claim()) == ["一"]


async def test_a_time_that_the_channel_names_after_a_failed_try_is_kept_too(
    box: Box, clock: HandClock
) -> None:
    await box.add("一")
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.PENDING, "网络不通。", clock()))
    (claim,) = await box.claim()
    tomorrow = clock() + timedelta(days=1)
    await box.settle(claim, Mark(Delivery.PENDING, "太快了。", tomorrow, tried=False))
    async with box.database.write() as session:
        await release_held(session, box.thread_id)
    assert await box.claim() == []
    clock.advance(timedelta(days=1))
    assert texts(await box.claim()) == ["一"]


async def test_a_paused_channel_sends_nothing_until_its_time_is_over(box: Box, clock: HandClock) -> None:
    await box.add("一")
    for seconds in (30, 10):  # the shorter one does not end the longer one
        async with box.database.write() as session:
            await pause(session, "wechat", until=clock() + timedelta(seconds=seconds), reason="太快了。")
    clock.advance(timedelta(seconds=29))
    assert await box.claim() == []
    clock.advance(timedelta(seconds=1))
    assert texts(await box.claim()) == ["一"]


async def test_a_fresh_reply_is_left_to_the_quick_path(box: Box, clock: HandClock) -> None:
    question = await box.add("停水了", author=Author.PERSON)
    await box.add("回答", answers=question)
    assert await box.claim(grace=5) == []
    clock.advance(timedelta(seconds=5))
    assert texts(await box.claim(grace=5)) == ["回答"]


async def test_a_reply_that_was_long_in_coming_is_not_left_to_the_quick_path(
    box: Box, clock: HandClock
) -> None:
    question = await box.add("停水了", author=Author.PERSON)
    clock.advance(timedelta(seconds=5))
    await box.add("回答", answers=question)
    assert texts(await box.claim(grace=5)) == ["回答"]


async def test_what_answers_nothing_is_not_left_to_the_quick_path(box: Box) -> None:
    await box.add("工单已受理", author=Author.SYSTEM)
    assert texts(await box.claim(grace=5)) == ["工单已受理"]


async def test_the_replies_to_a_message_are_claimed_together_and_once(box: Box, clock: HandClock) -> None:
    question = await box.add("停水了", author=Author.PERSON)
    for text in ("一", "二"):
        await box.add(text, answers=question)
    replies = await box.replies(question)
    assert [reply.text for reply in replies] == ["一", "二"]
    assert await box.replies(question) == []
    clock.advance(timedelta(seconds=10))
    assert await box.claim(grace=5) == []
    async with box.database.write() as session:
        await mark_sent(session, replies)
    assert {(await box.get(reply.id)).delivery for reply in replies} == {Delivery.SENT}


async def test_replies_that_were_given_back_go_out_by_the_other_way(box: Box) -> None:
    question = await box.add("停水了", author=Author.PERSON)
    await box.add("回答", answers=question)
    replies = await box.replies(question)
    async with box.database.write() as session:
        await give_back(session, replies)
    (claim,) = await box.claim()
    assert (claim.message.text, claim.message.attempts) == ("回答", 0)


async def test_the_quick_path_does_not_overtake_what_waited_before(box: Box) -> None:
    await box.add("工单已受理", author=Author.SYSTEM)
    question = await box.add("停水了", author=Author.PERSON)
    await box.add("回答", answers=question)
    assert await box.replies(question) == []


async def test_an_account_that_can_only_reply_takes_all_that_is_not_out(box: Box) -> None:
    held = await box.add("工单已受理", author=Author.SYSTEM)
    (claim,) = await box.claim()
    await box.settle(claim, Mark(Delivery.HELD, "只能回复。"))
    question = await box.add("停水了", author=Author.PERSON)
    await box.add("回答", answers=question)
    await box.add("您好", author=Author.STAFF)
    assert await box.unsent() == ["工单已受理", "回答", "您好"]
    assert (await box.get(held)).delivery == Delivery.SENDING
    assert await box.unsent() is None


async def test_where_all_is_out_there_is_nothing_to_take(box: Box) -> None:
    await box.add("停水了", author=Author.PERSON)
    assert await box.unsent() == []


async def test_the_quick_path_does_not_take_what_is_on_its_way(box: Box) -> None:
    question = await box.add("停水了", author=Author.PERSON)
    for text in ("一", "二"):
        await box.add(text, answers=question)
    assert texts(await box.claim()) == ["一"]
    assert await box.replies(question) == []


async def test_the_quick_path_has_no_bot_replies_where_staff_took_over(box: Box) -> None:
    question = await box.add("停水了", author=Author.PERSON)
    reply = await box.add("回答", answers=question)
    await box.give_to(Holder.STAFF)
    assert await box.replies(question) == []
    assert (await box.get(reply)).delivery == Delivery.DROPPED


async def test_a_message_without_replies_or_none_at_all_gives_no_claim(box: Box) -> None:
    question = await box.add("停水了", author=Author.PERSON)
    assert await box.replies(question) == []
    assert await box.replies(10**6) == []


async def test_the_quick_path_and_a_worker_at_once_never_both_have_a_reply(
    box: Box, database_url: str
) -> None:
    other = Database(database_url)
    for number in range(15):
        question = await box.add(f"问{number}", author=Author.PERSON)
        await box.add(f"答{number}", answers=question)
        quick, worker = await asyncio.gather(box.replies(question), box.claim(database=other))
        assert len(quick) + len(worker) == 1
        async with box.database.write() as session:
            await mark_sent(session, quick + [claim.message for claim in worker])
    await other.close()
