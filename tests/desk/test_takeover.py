"""A person instead of the bot: one press, one winner, and the bot silent from that moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.loops import deliver_pending
from conversations.holding import fallen_silent, notes
from conversations.models import (
    Author,
    Delivery,
    Holder,
    Message,
    NoteKind,
    Rating,
    RatingStage,
    Thread,
    Turn,
)
from conversations.threads import call_staff
from desk.delivery import deliver
from desk.desk import Desk
from desk.ports import Outgoing, SendResult, Sent
from desk.receive import Received, receive
from desk.silence import LEFT_OPEN, end_left_open, requeue_silent
from desk.takeover import (
    Empty,
    NotYours,
    Reply,
    give_back,
    hand_over,
    reply,
    see,
    take_over,
    write_note,
)
from desk.turns import take_turns
from desk.values import InboundMessage
from tests.fakes import HandClock, ScriptedChannel, ScriptedDialogue

ROUNDS, PRESSES = 200, 50


async def write(desk: Desk, said: str, *, sender: str = "a", channel: str = "wechat") -> Received:
    return await receive(desk, InboundMessage(channel, f"{sender}:{said}", sender, said, desk.clock()))


async def the_thread(desk: Desk, thread_id: str) -> Thread:
    async with desk.database.read() as session:
        return await session.get_one(Thread, thread_id)


async def ours(desk: Desk, thread_id: str) -> Sequence[Message]:
    async with desk.database.read() as session:
        rows = await session.scalars(
            select(Message)
            .where(Message.thread_id == thread_id, Message.author != Author.PERSON)
            .order_by(Message.id)
        )
        return rows.all()


@pytest.fixture
async def waiting(desk: Desk) -> str:
    """A thread whose person asked for somebody."""
    thread_id = (await write(desk, "转人工")).thread_id
    await take_turns(desk, thread_id)
    async with desk.database.write() as session:
        await call_staff(session, thread_id, at=desk.clock())
    return thread_id


async def test_the_bot_is_silent_while_staff_have_the_thread(desk: Desk, waiting: str) -> None:
    await take_over(desk, waiting, "wang")
    received = await write(desk, "在吗")
    assert await take_turns(desk, waiting) == []
    async with desk.database.read() as session:
        assert (await session.get_one(Message, received.message_id)).turn is Turn.STAFF


async def test_what_the_bot_had_still_to_say_is_dropped(desk: Desk, waiting: str) -> None:
    await take_over(desk, waiting, "wang")
    assert [message.delivery for message in await ours(desk, waiting)] == [Delivery.DROPPED]


async def test_a_colleague_is_told_who_has_it(desk: Desk, waiting: str) -> None:
    await take_over(desk, waiting, "wang")
    with pytest.raises(NotYours) as refused:
        await take_over(desk, waiting, "li")
    assert refused.value.holder == "wang"


async def test_whose_it_is_already_keeps_it(desk: Desk, waiting: str) -> None:
    await take_over(desk, waiting, "wang")
    await take_over(desk, waiting, "wang")
    async with desk.database.read() as session:
        assert [note.kind for note in await notes(session, waiting)] == [NoteKind.TAKEN]


async def test_what_staff_write_goes_out_once_however_often_it_is_pressed(desk: Desk, waiting: str) -> None:
    channel = ScriptedChannel()
    await take_over(desk, waiting, "wang")
    for _ in range(3):
        await reply(desk, waiting, "wang", Reply("您好，我是小王。", "form-1"))
    await deliver(desk, [channel], lambda: 1.0)
    assert channel.texts() == ["您好，我是小王。"]
    assert channel.tried[0].by_staff


async def test_a_reply_on_the_web_page_is_there_at_once(desk: Desk, thread: Thread) -> None:
    await take_over(desk, thread.id, "wang")
    message = await reply(desk, thread.id, "wang", Reply("您好", "1"))
    assert message.delivery is Delivery.SENT


async def test_only_who_has_the_thread_writes_in_it(desk: Desk, waiting: str) -> None:
    with pytest.raises(NotYours):
        await reply(desk, waiting, "wang", Reply("您好", "1"))
    await take_over(desk, waiting, "wang")
    with pytest.raises(NotYours):
        await reply(desk, waiting, "li", Reply("您好", "1"))
    with pytest.raises(NotYours):
        await give_back(desk, waiting, "li")


@pytest.mark.parametrize("text", ["", "  \n"])
async def test_nothing_is_no_reply(desk: Desk, waiting: str, text: str) -> None:
    await take_over(desk, waiting, "wang")
    with pytest.raises(Empty):
        await reply(desk, waiting, "wang", Reply(text, "1"))
    with pytest.raises(Empty):
        await write_note(desk, waiting, "wang", text)


async def test_given_back_the_bot_answers_again(desk: Desk, waiting: str, clock: HandClock) -> None:
    await take_over(desk, waiting, "wang")
    await give_back(desk, waiting, "wang")
    await write(desk, "水费怎么交")
    assert [message.text for message in await take_turns(desk, waiting)] == ["echo 水费怎么交"]
    thread = await the_thread(desk, waiting)
    assert (thread.holder, thread.ended_at) == (Holder.BOT, clock.now)


async def test_a_colleague_goes_on(desk: Desk, waiting: str) -> None:
    await take_over(desk, waiting, "wang")
    await hand_over(desk, waiting, "wang", "li")
    await reply(desk, waiting, "li", Reply("我来接着办。", "1"))
    with pytest.raises(NotYours):
        await reply(desk, waiting, "wang", Reply("等等", "2"))


async def test_a_note_never_goes_to_the_enterprise(desk: Desk, waiting: str) -> None:
    channel = ScriptedChannel()
    await take_over(desk, waiting, "wang")
    await write_note(desk, waiting, "wang", "先别答应他 @li", ("li",))
    await deliver(desk, [channel], lambda: 1.0)
    assert channel.texts() == []
    async with desk.database.read() as session:
        last = (await notes(session, waiting))[-1]
    assert (last.text, last.mentions) == ("先别答应他 @li", ["li"])


async def test_what_is_read_stays_read(desk: Desk, waiting: str) -> None:
    first, second = 1, (await ours(desk, waiting))[-1].id
    await see(desk, waiting, second)
    await see(desk, waiting, first)
    assert (await the_thread(desk, waiting)).staff_seen == second > first


async def test_who_lets_a_person_wait_loses_the_thread_to_the_queue(
    desk: Desk, waiting: str, clock: HandClock
) -> None:
    await take_over(desk, waiting, "wang")
    await write(desk, "在吗")
    clock.advance(timedelta(minutes=29))
    assert await requeue_silent(desk, timedelta(minutes=30)) == 0
    clock.advance(timedelta(minutes=2))
    assert await requeue_silent(desk, timedelta(minutes=30)) == 1
    assert await requeue_silent(desk, timedelta(minutes=30)) == 0
    thread = await the_thread(desk, waiting)
    assert (thread.holder, thread.waiting_since) == (Holder.WAITING, clock.now)
    told = (await ours(desk, waiting))[-1]
    assert told.author is Author.SYSTEM and told.text == (
        "让您久等了，已请其他工作人员接着为您服务。工作人员会尽快在这里回复您；着急的话可以拨打 12345。"
    )


async def answered_by_staff(desk: Desk, thread_id: str, clock: HandClock) -> None:
    """Staff have the last word."""
    await take_over(desk, thread_id, "wang")
    clock.advance(timedelta(minutes=1))
    await reply(desk, thread_id, "wang", Reply("明天给您答复", "1"))


async def test_who_comes_back_after_staff_had_the_last_word_is_answered_by_the_bot(
    desk: Desk, waiting: str, clock: HandClock
) -> None:
    await answered_by_staff(desk, waiting, clock)
    clock.advance(timedelta(hours=6, minutes=1))
    received = await write(desk, "营业执照怎么办")
    [answer] = await take_turns(desk, received.thread_id)
    assert answer.answers_id == received.message_id
    thread = await the_thread(desk, waiting)
    assert (thread.holder, thread.ended_at, thread.talk) == (Holder.BOT, clock.now, 2)
    async with desk.database.read() as session:
        last = (await notes(session, waiting))[-1]
    assert (last.kind, last.by) == (NoteKind.ENDED, "") and last.after_id < received.message_id
    with pytest.raises(NotYours):
        await reply(desk, waiting, "wang", Reply("我来答", "2"))


@pytest.mark.parametrize("late", ["staff", "person"])
async def test_a_talk_that_goes_on_stays_with_staff(
    late: str, desk: Desk, waiting: str, clock: HandClock
) -> None:
    """Staff answered only just now; or the person is still waiting for them."""
    await answered_by_staff(desk, waiting, clock)
    if late == "person":
        await write(desk, "好的，还有一件事")
    clock.advance(timedelta(hours=5, minutes=30))
    if late == "staff":
        await reply(desk, waiting, "wang", Reply("查到了", "2"))
    clock.advance(timedelta(hours=1))
    received = await write(desk, "谢谢，那要多久")
    assert await take_turns(desk, received.thread_id) == []
    assert (await the_thread(desk, waiting)).holder == Holder.STAFF


async def test_what_staff_leave_open_is_given_back_the_next_day_and_to_be_rated(
    desk: Desk, waiting: str, clock: HandClock
) -> None:
    await answered_by_staff(desk, waiting, clock)
    clock.advance(LEFT_OPEN)
    assert await end_left_open(desk) == 0
    clock.advance(timedelta(seconds=1))
    assert (await end_left_open(desk), await end_left_open(desk)) == (1, 0)
    assert (await the_thread(desk, waiting)).holder == Holder.BOT
    async with desk.database.read() as session:
        assert [note.kind for note in await notes(session, waiting)][-1] == NoteKind.ENDED
        assert (await session.scalars(select(Rating.stage))).all() == [RatingStage.OWED]


async def test_who_has_answered_keeps_the_thread(desk: Desk, waiting: str, clock: HandClock) -> None:
    await take_over(desk, waiting, "wang")
    await write(desk, "在吗")
    await reply(desk, waiting, "wang", Reply("在", "1"))
    clock.advance(timedelta(hours=5))
    assert await requeue_silent(desk, timedelta(minutes=30)) == 0


async def test_those_whom_staff_have_answered_do_not_hide_who_waits(desk: Desk, clock: HandClock) -> None:
    for sender in "abc":
        thread_id = (await write(desk, "在吗", sender=sender)).thread_id
        await take_over(desk, thread_id, "wang")
        clock.advance(timedelta(seconds=1))
        if sender != "c":
            await reply(desk, thread_id, "wang", Reply("在", sender))
    clock.advance(timedelta(minutes=31))
    async with desk.database.read() as session:
        found = await fallen_silent(session, desk.clock() - timedelta(minutes=30), limit=2)
    assert list(found) == [thread_id]


@dataclass
class SlowChannel(ScriptedChannel):
    """Takes a moment for each message: `begun` is set then, and `log` tells when it has arrived."""

    random: random.Random = field(default_factory=lambda: random.Random(7))
    log: list[tuple[str, str]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Sent, after up to 8 ms."""
        self.begun.set()
        await asyncio.sleep(self.random.random() * 0.008)
        self.log.append((outgoing.address, "staff" if outgoing.by_staff else "bot"))
        return Sent(str(outgoing.message_id))


@dataclass
class SlowDialogue(ScriptedDialogue):
    """Takes a moment for each answer."""

    random: random.Random = field(default_factory=lambda: random.Random(11))

    async def ask(self, talk: str, text: str, *, message_id: int, written: str):  # type: ignore[no-untyped-def]
        """The echo, after up to 8 ms."""
        await asyncio.sleep(self.random.random() * 0.008)
        return await ScriptedDialogue.ask(self, talk, text, message_id=message_id, written=written)


async def test_of_fifty_who_press_one_wins_and_the_bot_says_nothing_after_it(desk: Desk) -> None:
    """200 rounds: a person writes, the bot's answer is thought of, stored or under way while fifty press."""
    desk = replace(desk, dialogue=SlowDialogue())
    channel, chance, stopping = SlowChannel(), random.Random(3), asyncio.Event()
    delivering = asyncio.create_task(deliver_pending(desk, [channel], lambda: 1.0, stopping))
    winners, at_a_bots_word = [], 0
    for number in range(ROUNDS):
        address = f"p{number}"
        thread_id = (await write(desk, "你好", sender=address)).thread_id
        channel.begun.clear()
        turn = asyncio.create_task(take_turns(desk, thread_id))
        # While it is thought of, at any moment, once it is stored, while it is under way.
        match number % 4:
            case 1:
                await asyncio.sleep(chance.random() * 0.02)
            case 2:
                await turn
            case 3:
                await channel.begun.wait()

        async def press(by: int, thread_id: str = thread_id, address: str = address) -> bool:
            try:
                await take_over(desk, thread_id, f"s{by}", sleep=lambda _: asyncio.sleep(0.001))
            except NotYours:
                return False
            channel.log.append((address, "taken"))
            return True

        won = await asyncio.gather(*(press(by) for by in range(PRESSES)))
        winners.append(sum(won))
        await turn
        await write(desk, "还在吗", sender=address)
        assert await take_turns(desk, thread_id) == []
        at_a_bots_word += (address, "bot") in channel.log
    stopping.set()
    desk.to_send.set()
    await delivering
    assert winners == [1] * ROUNDS
    for number in range(ROUNDS):
        told = [what for address, what in channel.log if address == f"p{number}"]
        assert told in (["taken"], ["bot", "taken"]), number
    # Both ways of the race were run.
    assert 0 < at_a_bots_word < ROUNDS
