"""The dialogue model is away: people are not left without a word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.models import Author, Delivery, Holder, Message, Thread
from desk.desk import Desk
from desk.outage import PATIENCE, call_for_waiting
from desk.ports import DialogueDown
from desk.receive import receive
from desk.turns import take_turns
from desk.values import InboundMessage
from tests.fakes import HandClock, ScriptedDialogue

LONG = PATIENCE + timedelta(seconds=1)


async def ask(desk: Desk, said: str, *, channel: str = "wechat", sender: str = "a") -> str:
    inbound = InboundMessage(channel, said, sender, said, desk.clock())
    thread_id = (await receive(desk, inbound)).thread_id
    with pytest.raises(DialogueDown):
        await take_turns(desk, thread_id)
    return thread_id


async def told(desk: Desk) -> list[Message]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Message).where(Message.author == Author.SYSTEM)))


@pytest.fixture(autouse=True)
def away(dialogue: ScriptedDialogue) -> None:
    dialogue.down = True


async def test_a_model_that_is_started_again_calls_nobody(desk: Desk, clock: HandClock) -> None:
    await ask(desk, "水费")
    clock.advance(PATIENCE)
    assert await call_for_waiting(desk) == 0


async def test_who_has_waited_is_put_into_the_queue_and_told_so_once(desk: Desk, clock: HandClock) -> None:
    thread_id = await ask(desk, "水费")
    await ask(desk, "电费呢")
    clock.advance(LONG)
    assert await call_for_waiting(desk) == 1
    assert await call_for_waiting(desk) == 0
    (message,) = await told(desk)
    assert message.text.startswith("智能助手暂时不能回答，您的问题已经收到，并为您转给工作人员。")
    assert message.delivery is Delivery.PENDING
    async with desk.database.read() as session:
        assert (await session.get_one(Thread, thread_id)).holder is Holder.WAITING


async def test_at_night_it_says_when_somebody_will_answer(desk: Desk, clock: HandClock) -> None:
    clock.now = clock.now.replace(hour=22)
    await ask(desk, "水费", channel="web")
    clock.advance(LONG)
    await call_for_waiting(desk)
    (message,) = await told(desk)
    assert "11月24日（星期二）9:00上班后回复您" in message.text
    assert message.delivery is Delivery.SENT


async def test_the_bot_answers_when_it_is_back(
    desk: Desk, clock: HandClock, dialogue: ScriptedDialogue
) -> None:
    thread_id = await ask(desk, "水费")
    clock.advance(LONG)
    await call_for_waiting(desk)
    dialogue.down = False
    assert [message.text for message in await take_turns(desk, thread_id)] == ["echo 水费"]


async def test_those_who_are_called_do_not_stand_before_those_who_are_not(
    desk: Desk, clock: HandClock
) -> None:
    for said in "abc":
        await ask(desk, said, sender=said)
    clock.advance(LONG)
    assert [await call_for_waiting(desk, limit=2) for _ in range(3)] == [2, 1, 0]
