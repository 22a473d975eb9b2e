"""The answer to a push: one turn and one answer for all attempts, and what waits for the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import exists, select, update

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import STILL_LOOKING
from connectors.wechat.letters import ASK_LATER
from conversations.models import Author, Delivery, Holder, Message, Thread, Turn
from conversations.outbox import Look, claim_due, due_threads
from conversations.outcomes import Mark, settle
from desk.delivery import deliver
from desk.desk import Desk
from desk.values import Utterance
from tests.connectors.wechat.phone import SHORT, Phone, phone_of, rows
from tests.fakes import HandClock, ScriptedDialogue

WATER = {"title": "用水报装", "payload": "/water"}
GAS = {"title": "用气报装", "payload": "/gas"}
CLARIFY = Utterance("您想问的是哪一件？", (WATER, GAS), {"outcome": "clarify"})


@pytest.fixture
def channel(desk: Desk) -> WeChatChannel:
    """An account that can only reply."""
    return WeChatChannel(desk, None)


@pytest.fixture
async def phone(desk: Desk, channel: WeChatChannel) -> AsyncIterator[Phone]:
    async with phone_of(desk, channel) as phone:
        yield phone


async def test_three_attempts_share_one_turn_and_one_answer(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    gate = dialogue.gate = asyncio.Event()
    attempts = [asyncio.create_task(phone.writes("停水了", id="1")) for _ in range(3)]
    await dialogue.reached.wait()
    gate.set()
    answers = set(await asyncio.gather(*attempts))
    assert "echo 停水了" in answers
    assert answers <= {"echo 停水了", ""}
    assert len(dialogue.askings) == 1
    assert [row.delivery for row in await rows(desk)] == [Delivery.SENT]
    assert len(await rows(desk, Author.PERSON)) == 1


async def test_an_attempt_whose_answer_did_not_arrive_is_answered_again(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (replace(CLARIFY, text="好的。", buttons=()), CLARIFY)
    first = await phone.writes("报装", id="1")
    assert first == await phone.writes("报装", id="1")
    assert len(dialogue.askings) == 1
    assert len(await rows(desk)) == 2


async def test_messages_of_one_person_at_once_are_answered_each(phone: Phone) -> None:
    texts = [f"第{number}句" for number in range(5)]
    answers = await asyncio.gather(*(phone.writes(text) for text in texts))
    said = "\n".join(answers)
    assert [said.count(f"echo {text}") for text in texts] == [1] * 5


async def test_two_replies_become_one_text_and_a_number_picks(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (Utterance("好的。", (GAS,), {"outcome": "smalltalk"}), CLARIFY)
    answer = await phone.writes("报装")
    assert answer == "好的。\n\n您想问的是哪一件？\n\n回复数字即可：\n1. 用水报装\n2. 用气报装"
    assert await phone.writes("2") == "echo /gas"


async def test_an_account_that_can_only_reply_lets_wechat_ask_three_times_and_parks_the_answer(
    phone: Phone, desk: Desk, channel: WeChatChannel, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    gate = dialogue.gate = asyncio.Event()
    answers = []
    async with phone_of(desk, channel, patience=SHORT) as impatient:
        for _ in range(3):
            answers.append(await impatient.writes("停水了", id="1"))
            clock.advance(timedelta(seconds=SHORT.cut))
        gate.set()
        while not await rows(desk):
            await asyncio.sleep(0.01)
    assert answers == ["", "", STILL_LOOKING]
    assert len(dialogue.askings) == 1
    clock.advance(timedelta(minutes=5))
    assert await phone.writes("好了吗") == "echo 停水了\n\necho 好了吗"
    assert [row.delivery for row in await rows(desk)] == [Delivery.SENT, Delivery.SENT]


async def test_an_answer_that_came_between_attempts_goes_out_with_the_next(
    phone: Phone, desk: Desk, channel: WeChatChannel, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    dialogue.gate = asyncio.Event()
    async with phone_of(desk, channel, patience=SHORT) as impatient:
        assert await impatient.writes("停水了", id="1") == ""
        dialogue.gate.set()
        clock.advance(timedelta(seconds=SHORT.cut))
        assert await phone.writes("停水了", id="1") == "echo 停水了"
    assert len(dialogue.askings) == 1


async def test_what_can_only_be_a_reply_is_not_sent_by_itself(
    phone: Phone, desk: Desk, channel: WeChatChannel
) -> None:
    await phone.writes("你好")
    await staff_write(desk, "您好，我是小王。")
    await deliver(desk, [channel], lambda: 1.0)
    assert [row.delivery for row in await rows(desk, Author.STAFF)] == [Delivery.HELD]
    assert await phone.writes("在吗") == "您好，我是小王。"
    assert [row.delivery for row in await rows(desk, Author.STAFF)] == [Delivery.SENT]


async def staff_write(desk: Desk, *texts: str) -> None:
    """Somebody of the staff has taken the talk and writes."""
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
        thread_id = (await session.scalars(select(Thread.id))).one()
        for text in texts:
            session.add(
                Message(
                    thread_id=thread_id, author=Author.STAFF, channel="wechat", text=text,
                    delivery=Delivery.PENDING, created_at=desk.clock(),
                )
            )  # fmt: skip
            await session.flush()


async def test_all_that_staff_wrote_goes_out_with_the_next_reply(
    phone: Phone, desk: Desk, channel: WeChatChannel
) -> None:
    await phone.writes("你好")
    await staff_write(desk, "您好，我是小王。", "请说说情况。")
    await deliver(desk, [channel], lambda: 1.0)
    assert await phone.writes("在吗") == "您好，我是小王。\n\n请说说情况。"
    assert [row.delivery for row in await rows(desk, Author.STAFF)] == [Delivery.SENT] * 2
    assert await phone.writes("好") == ""


async def test_what_the_outbox_is_just_trying_is_waited_for(
    phone: Phone, desk: Desk, channel: WeChatChannel
) -> None:
    await phone.writes("你好")
    await staff_write(desk, "您好，我是小王。")
    async with desk.database.write() as session:
        look = Look("wechat", desk.clock())
        (claim,) = await claim_due(
            session, look, threads=await due_threads(session, look, 1), lease=timedelta(minutes=1), limit=1
        )
    asking = asyncio.create_task(phone.writes("在吗"))
    while [row.turn for row in await rows(desk, Author.PERSON)] != [Turn.DONE, Turn.STAFF]:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # it looks meanwhile
    async with desk.database.write() as session:
        await settle(session, claim, Mark(Delivery.HELD, "只能回复。"))
    assert await asking == "您好，我是小王。"


async def test_what_is_parked_is_shown_while_the_next_answer_takes_its_time(
    phone: Phone, desk: Desk, channel: WeChatChannel, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    dialogue.gate = asyncio.Event()
    async with phone_of(desk, channel, patience=SHORT) as impatient:
        await impatient.writes("停水了", id="1")
        dialogue.gate.set()
        while not await rows(desk):
            await asyncio.sleep(0.01)
        dialogue.gate, heard = asyncio.Event(), []
        for _ in range(3):
            heard.append(await impatient.writes("停电了", id="2"))
            clock.advance(timedelta(seconds=SHORT.cut))
        assert heard == ["", "", f"echo 停水了\n\n{STILL_LOOKING}"]
        dialogue.gate.set()
        while len(await rows(desk)) < 2:
            await asyncio.sleep(0.01)
    assert await phone.writes("好了吗") == "echo 停电了\n\necho 好了吗"


async def test_a_message_left_to_staff_is_acknowledged(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    await phone.writes("你好")
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    assert await phone.writes("在吗") == ""
    assert await phone.sends("link", Title="通知", Description="", Url="https://a.example") == ""
    assert [row.turn for row in await rows(desk, Author.PERSON)] == [Turn.DONE, Turn.STAFF, Turn.STAFF]
    assert len(dialogue.askings) == 1


async def test_a_handed_over_person_is_told_how_they_hear_of_it(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["转人工"] = (Utterance("已为您转人工。", detail={"outcome": "handoff"}),)
    assert await phone.writes("转人工") == f"已为您转人工。\n{ASK_LATER}"


async def test_a_long_answer_without_a_page_goes_on_with_the_next_message(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    text = "".join(f"第{number}条说明请看这里。" for number in range(120))
    dialogue.answers["长"] = (Utterance(text, detail={"outcome": "answered"}),)
    heard = [await phone.writes(said) for said in ("长", "继续", "好", "嗯", "行")]
    joined = "".join(heard).replace("（未完，回复任意内容接着看。）", "").replace("\n", "")
    assert heard[0].endswith("（未完，回复任意内容接着看。）")
    assert text in joined
    assert all(f"echo {said}" in joined for said in ("继续", "好"))


async def test_a_later_part_is_given_again_where_it_did_not_arrive(
    phone: Phone, dialogue: ScriptedDialogue
) -> None:
    text = "".join(f"第{number}条说明请看这里。" for number in range(240))
    dialogue.answers["长"] = (Utterance(text, detail={"outcome": "answered"}),)
    first = [await phone.writes("长", id="1") for _ in range(2)]
    second = [await phone.writes("继续", id="2") for _ in range(2)]
    last = [await phone.writes("还有呢", id="3") for _ in range(2)]
    assert first[0] == first[1] != second[0] == second[1] != last[0] == last[1]


async def test_a_long_answer_points_to_its_page(desk: Desk, dialogue: ScriptedDialogue) -> None:
    long = Utterance("这是一句说明。" * 300, (WATER,), {"outcome": "answered", "article": "water-connection"})
    dialogue.answers["长"] = (long,)
    async with phone_of(desk, WeChatChannel(desk, None, public_url="https://qifu.example.cn/")) as phone:
        answer = await phone.writes("长")
        assert "https://qifu.example.cn/articles/water-connection" in answer
        assert answer.endswith("1. 用水报装")
        assert await phone.writes("谢谢") == "echo 谢谢"


async def test_a_picture_never_reaches_the_dialogue_though_another_takes_the_turns(
    desk: Desk, channel: WeChatChannel, dialogue: ScriptedDialogue
) -> None:
    """As the loop of the app does, or the turn of the message before."""

    async with phone_of(desk, channel, patience=SHORT) as phone:
        sending = asyncio.create_task(phone.sends("image", MediaId="m", PicUrl="http://p"))
        while not sending.done():
            async with desk.database.read() as session:
                assert not await session.scalar(select(exists().where(Message.turn == Turn.WAITING)))
            await asyncio.sleep(0)
    assert dialogue.askings == []


async def test_a_picture_is_kept_and_answered_and_the_form_goes_on(
    phone: Phone, desk: Desk, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["报装"] = (CLARIFY,)
    await phone.writes("报装")
    answer = await phone.sends("image", MediaId="m", PicUrl="http://p")
    assert "图片" in answer
    assert answer.endswith("2. 用气报装")
    assert await phone.writes("2") == "echo /gas"
    assert [row.text for row in await rows(desk, Author.PERSON)] == ["报装", "［图片］", "2"]
