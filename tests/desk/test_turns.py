"""Someone writes: stored once, answered once, in order, and left to staff who hold the thread."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from conversations.messages import last_reply, replies_to
from conversations.models import Delivery, Holder, Message, NotedQuestion, Person, Question, Thread, Turn
from desk.desk import Desk
from desk.ports import DialogueDown
from desk.receive import Received, receive
from desk.turns import take_turns, waiting_threads
from desk.unanswered import Asked, note_question
from desk.values import InboundMessage, Utterance
from store.database import Database
from tests.fakes import HandClock, ScriptedDialogue

FORM = Utterance("请留一个联系电话。", detail={"outcome": "form"})
CLARIFY = Utterance(
    "您想问的是哪一件？",
    buttons=({"title": "用水报装", "payload": "/pick_article{}"}, {"title": "用气报装", "payload": "/other"}),
    detail={"outcome": "clarify", "options": ["water-connection", "gas-connection"]},
)


async def write(
    desk: Desk, text: str, external_id: str = "", *, sender: str = "a", channel: str = "web"
) -> Received:
    return await receive(desk, InboundMessage(channel, external_id or text, sender, text, desk.clock()))


async def answers(desk: Desk, received: Received) -> list[str]:
    async with desk.database.read() as session:
        return [message.text for message in await replies_to(session, received.message_id)]


async def turn_of(desk: Desk, received: Received) -> Turn:
    async with desk.database.read() as session:
        return (await session.get_one(Message, received.message_id)).turn


async def talk_of(desk: Desk, received: Received) -> int:
    async with desk.database.read() as session:
        return (await session.get_one(Thread, received.thread_id)).talk


async def give_to(desk: Desk, received: Received, holder: Holder) -> None:
    async with desk.database.write() as session:
        await session.execute(update(Thread).where(Thread.id == received.thread_id).values(holder=holder))


async def at_the_gate(desk: Desk, dialogue: ScriptedDialogue, thread_id: str) -> asyncio.Task[list[Message]]:
    """A turn that waits for the model."""
    dialogue.gate = dialogue.gate or asyncio.Event()
    dialogue.reached.clear()
    turn = asyncio.create_task(take_turns(desk, thread_id))
    await dialogue.reached.wait()
    return turn


async def let_one_pass(dialogue: ScriptedDialogue) -> None:
    """Whatever waits for the model has its answer; the next one waits."""
    assert dialogue.gate is not None
    dialogue.reached.clear()
    passed, dialogue.gate = dialogue.gate, asyncio.Event()
    passed.set()
    await dialogue.reached.wait()


async def test_a_message_brought_twice_is_stored_once(desk: Desk) -> None:
    first = await write(desk, "停水了", "1")
    again = await write(desk, "停水了", "1")
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.message_id, again.thread_id) == (first.message_id, first.thread_id)
    async with desk.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Message)) == 1


async def test_a_message_brought_by_many_at_once_is_stored_once(desk: Desk) -> None:
    await write(desk, "你好")
    received = await asyncio.gather(*(write(desk, "停水了", "1") for _ in range(6)))
    assert len({one.message_id for one in received}) == 1
    assert sum(not one.repeated for one in received) == 1


async def test_first_messages_at_once_begin_one_thread(desk: Desk) -> None:
    received = await asyncio.gather(*(write(desk, "停水了", str(n)) for n in range(6)))
    assert len({one.thread_id for one in received}) == 1
    assert len({one.message_id for one in received}) == 6


async def test_the_same_id_in_another_channel_is_another_message(desk: Desk) -> None:
    one = await write(desk, "停水了", "1", channel="web")
    other = await write(desk, "停水了", "1", channel="wechat")
    assert one.thread_id != other.thread_id
    async with desk.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Person)) == 2


@pytest.mark.parametrize(("hours", "talk"), [(5.9, 1), (6.0, 2), (100.0, 2)])
async def test_a_new_talk_begins_after_a_long_silence(
    hours: float, talk: int, desk: Desk, clock: HandClock
) -> None:
    await take_turns(desk, (await write(desk, "你好")).thread_id)
    clock.advance(timedelta(hours=hours))
    assert await talk_of(desk, await write(desk, "又来了")) == talk


@pytest.mark.parametrize(("days", "talk"), [(1, 1), (29, 1), (30, 2)])
async def test_a_form_waits_for_its_answer(
    days: int, talk: int, desk: Desk, clock: HandClock, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["我要投诉"] = (FORM,)
    await take_turns(desk, (await write(desk, "我要投诉")).thread_id)
    clock.advance(timedelta(days=days))
    assert await talk_of(desk, await write(desk, "13800000000")) == talk


async def test_messages_of_a_thread_are_answered_in_order(desk: Desk, dialogue: ScriptedDialogue) -> None:
    received = [await write(desk, text) for text in ("第一句话", "第二句话", "第三句话")]
    await take_turns(desk, received[0].thread_id)
    assert [asking.message_id for asking in dialogue.askings] == [one.message_id for one in received]
    assert [len(await answers(desk, one)) for one in received] == [1, 1, 1]


async def test_the_dialogue_knows_the_talk_and_the_message(desk: Desk, dialogue: ScriptedDialogue) -> None:
    received = await write(desk, "用水报装？")
    await take_turns(desk, received.thread_id)
    asking = dialogue.askings[0]
    assert (asking.talk, asking.message_id) == (f"{received.thread_id}.1", received.message_id)
    assert asking.written == "用水报装？"


async def test_what_begins_with_a_slash_names_no_intent(desk: Desk, dialogue: ScriptedDialogue) -> None:
    await take_turns(desk, (await write(desk, "/affirm")).thread_id)
    assert not dialogue.askings[0].text.startswith("/")


async def test_a_number_picks_an_option_of_the_last_reply(desk: Desk, dialogue: ScriptedDialogue) -> None:
    dialogue.answers["报装"] = (CLARIFY,)
    await take_turns(desk, (await write(desk, "报装")).thread_id)
    await take_turns(desk, (await write(desk, "2")).thread_id)
    assert (dialogue.askings[1].text, dialogue.askings[1].written) == ("/other", "用气报装")


async def test_a_dialogue_that_is_down_leaves_the_message_waiting(
    desk: Desk, dialogue: ScriptedDialogue
) -> None:
    received = await write(desk, "停水了")
    dialogue.down = True
    with pytest.raises(DialogueDown):
        await take_turns(desk, received.thread_id)
    assert await turn_of(desk, received) == Turn.WAITING
    assert await waiting_threads(desk) == [received.thread_id]
    assert await answers(desk, received) == []


async def test_a_dialogue_that_is_back_answers_once(desk: Desk, dialogue: ScriptedDialogue) -> None:
    received = await write(desk, "停水了")
    dialogue.down = True
    with pytest.raises(DialogueDown):
        await take_turns(desk, received.thread_id)
    dialogue.down = False
    await take_turns(desk, received.thread_id)
    await take_turns(desk, received.thread_id)
    assert await answers(desk, received) == ["echo 停水了"]
    assert await waiting_threads(desk) == []


async def test_two_at_the_same_turn_answer_once(desk: Desk, dialogue: ScriptedDialogue) -> None:
    received = await write(desk, "停水了")
    await asyncio.gather(*(take_turns(desk, received.thread_id) for _ in range(4)))
    assert await answers(desk, received) == ["echo 停水了"]
    assert len(dialogue.askings) == 1


async def test_a_turn_taken_over_after_its_lease_is_answered_once(
    desk: Desk, clock: HandClock, dialogue: ScriptedDialogue
) -> None:
    received = await write(desk, "停水了")
    dialogue.gate = asyncio.Event()
    slow = asyncio.create_task(take_turns(desk, received.thread_id))
    await dialogue.reached.wait()
    clock.advance(timedelta(seconds=31))
    dialogue.reached.clear()
    second = asyncio.create_task(take_turns(desk, received.thread_id))
    await dialogue.reached.wait()
    dialogue.gate.set()
    await asyncio.gather(slow, second)
    assert await answers(desk, received) == ["echo 停水了"]


async def test_every_message_of_a_thread_has_the_whole_lease(
    desk: Desk, clock: HandClock, dialogue: ScriptedDialogue
) -> None:
    received = [await write(desk, text) for text in ("第一句", "第二句", "第三句")]
    slow = await at_the_gate(desk, dialogue, received[0].thread_id)
    for _ in range(2):
        clock.advance(timedelta(seconds=20))
        await let_one_pass(dialogue)
        async with asyncio.timeout(10):
            assert await take_turns(desk, received[0].thread_id) == []
    assert dialogue.gate is not None
    dialogue.gate.set()
    await slow
    assert len(dialogue.askings) == 3
    assert [len(await answers(desk, one)) for one in received] == [1, 1, 1]


async def test_a_turn_that_fails_late_leaves_the_thread_to_who_took_it_over(
    desk: Desk, clock: HandClock, dialogue: ScriptedDialogue
) -> None:
    received = await write(desk, "停水了")
    slow = await at_the_gate(desk, dialogue, received.thread_id)
    clock.advance(timedelta(seconds=31))
    second = await at_the_gate(desk, dialogue, received.thread_id)
    slow.cancel()
    await asyncio.wait([slow])
    async with asyncio.timeout(10):
        assert await take_turns(desk, received.thread_id) == [] and len(dialogue.askings) == 2
    assert dialogue.gate is not None
    dialogue.gate.set()
    await second
    assert await answers(desk, received) == ["echo 停水了"]


async def test_a_question_that_staff_noted_before_its_turn_is_answered(
    desk: Desk, dialogue: ScriptedDialogue
) -> None:
    """Its row is the bot's understanding from then on; that it was noted stays."""
    dialogue.answers["报装"] = (CLARIFY,)
    received = await write(desk, "报装")
    asked = Asked(received.thread_id, received.message_id, "报装要多久", "知识库里没有")
    async with desk.database.write() as session:
        assert await note_question(session, asked, noted_by="somebody", at=desk.clock())
    await take_turns(desk, received.thread_id)
    assert await answers(desk, received) == [CLARIFY.text]
    async with desk.database.read() as session:
        question = (await session.scalars(select(Question))).one()
        noted = (await session.scalars(select(NotedQuestion))).one()
    assert (question.text, question.outcome, question.options) == (
        "报装",
        "clarify",
        CLARIFY.detail["options"],
    )
    assert (noted.text, noted.reason) == ("报装要多久", "知识库里没有")


async def test_a_question_noted_after_its_turn_stays_as_it_was_understood(
    desk: Desk, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (CLARIFY,)
    received = await write(desk, "报装")
    await take_turns(desk, received.thread_id)
    asked = Asked(received.thread_id, received.message_id, "报装要多久", "知识库里没有")
    async with desk.database.write() as session:
        assert await note_question(session, asked, noted_by="somebody", at=desk.clock())
    async with desk.database.read() as session:
        question = (await session.scalars(select(Question))).one()
    assert (question.text, question.outcome) == ("报装", "clarify")


async def test_threads_do_not_wait_for_one_another(desk: Desk, dialogue: ScriptedDialogue) -> None:
    one, other = await write(desk, "慢", sender="a"), await write(desk, "快", sender="b")
    gate = dialogue.gate = asyncio.Event()
    slow = asyncio.create_task(take_turns(desk, one.thread_id))
    await dialogue.reached.wait()
    dialogue.gate = None
    await take_turns(desk, other.thread_id)
    assert await answers(desk, other) == ["echo 快"]
    assert await answers(desk, one) == []
    gate.set()
    await slow
    assert await answers(desk, one) == ["echo 慢"]


async def test_the_bot_is_silent_where_staff_hold_the_thread(desk: Desk, dialogue: ScriptedDialogue) -> None:
    received = await write(desk, "你好")
    await give_to(desk, received, Holder.STAFF)
    await take_turns(desk, received.thread_id)
    assert dialogue.askings == []
    assert await turn_of(desk, received) == Turn.STAFF
    assert await waiting_threads(desk) == []


async def test_the_bot_goes_on_while_nobody_has_taken_the_thread(desk: Desk) -> None:
    received = await write(desk, "你好")
    await give_to(desk, received, Holder.WAITING)
    await take_turns(desk, received.thread_id)
    assert len(await answers(desk, received)) == 1


async def test_a_reply_is_dropped_where_staff_took_the_thread_meanwhile(
    desk: Desk, dialogue: ScriptedDialogue
) -> None:
    received = await write(desk, "停水了")
    dialogue.gate = asyncio.Event()
    turn = asyncio.create_task(take_turns(desk, received.thread_id))
    await dialogue.reached.wait()
    await give_to(desk, received, Holder.STAFF)
    dialogue.gate.set()
    assert await turn == []
    async with desk.database.read() as session:
        assert await replies_to(session, received.message_id) == []
        row = await last_reply(session, received.thread_id)
    assert row is not None
    assert row.delivery == Delivery.DROPPED


@pytest.mark.parametrize(("channel", "delivery"), [("web", Delivery.SENT), ("wechat", Delivery.PENDING)])
async def test_a_reply_waits_to_be_sent_except_on_the_web_page(
    channel: str, delivery: Delivery, desk: Desk
) -> None:
    received = await write(desk, "停水了", channel=channel)
    await take_turns(desk, received.thread_id)
    async with desk.database.read() as session:
        rows = await replies_to(session, received.message_id)
    assert [row.delivery for row in rows] == [delivery]


async def test_a_question_is_kept_as_it_was_understood(desk: Desk, dialogue: ScriptedDialogue) -> None:
    dialogue.answers["报装"] = (CLARIFY,)
    received = await write(desk, "报装")
    await take_turns(desk, received.thread_id)
    await take_turns(desk, (await write(desk, "谢谢")).thread_id)
    async with desk.database.read() as session:
        question = (await session.scalars(select(Question))).one()
    assert (question.message_id, question.text, question.outcome) == (received.message_id, "报装", "clarify")
    assert question.options == ["water-connection", "gas-connection"]


async def test_every_utterance_becomes_a_message_in_order(desk: Desk, dialogue: ScriptedDialogue) -> None:
    dialogue.answers["你好"] = (replace(FORM, text="一"), replace(FORM, text="二"))
    received = await write(desk, "你好")
    await take_turns(desk, received.thread_id)
    assert await answers(desk, received) == ["一", "二"]


async def test_a_thread_is_free_after_its_turns(desk: Desk, database: Database) -> None:
    received = await write(desk, "你好")
    await take_turns(desk, received.thread_id)
    async with database.read() as session:
        assert (await session.get_one(Thread, received.thread_id)).turn_until is None
