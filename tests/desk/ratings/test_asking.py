"""When somebody is asked how it was, and when not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from conversations.models import Delivery, Message, RatingStage, Thread
from desk.desk import Desk
from desk.rating_asking import ask_for_ratings
from desk.rating_words import LEVELS
from desk.takeover import Reply as Words
from desk.takeover import give_back, reply, take_over
from desk.values import Utterance
from tests.desk.people import Somebody
from tests.desk.ratings.talks import TO_CLOSED, cases, closed, last_of, ratings, says, takes, titles
from tests.fakes import HandClock, ScriptedDialogue
from tickets.models import Ticket
from tickets.states import State, Step


async def test_a_closed_ticket_is_asked_about_once_in_its_channel(desk: Desk, somebody: Somebody) -> None:
    ticket = await closed(desk, somebody)
    asked = await last_of(desk, somebody)
    assert ticket.number in asked.text and "已经办结" in asked.text
    assert titles(asked) == [*LEVELS, "不评价"]
    assert asked.channel == somebody.channel and asked.detail["ticket"] == ticket.number
    assert await ask_for_ratings(desk) == 0


async def test_a_talk_with_staff_is_asked_about_when_it_is_given_back(desk: Desk, somebody: Somebody) -> None:
    received = await somebody.writes("转人工")
    await take_over(desk, received.thread_id, "zhang")
    await reply(desk, received.thread_id, "zhang", Words("您好，已经在查。", "k1"))
    assert await ask_for_ratings(desk) == 0
    await give_back(desk, received.thread_id, "zhang")
    assert await ask_for_ratings(desk) == 1
    assert "这次咨询" in (await last_of(desk, somebody)).text
    await somebody.writes("不满意")
    (case,) = await cases(desk)
    assert (case.ticket_id, case.thread_id) == (None, received.thread_id)


async def test_a_talk_in_which_staff_wrote_nothing_is_not_asked_about(desk: Desk, visitor: Somebody) -> None:
    received = await visitor.writes("转人工")
    await take_over(desk, received.thread_id, "zhang")
    await give_back(desk, received.thread_id, "zhang")
    assert await ask_for_ratings(desk) == 0


async def test_who_comes_back_after_staff_had_done_is_asked_about_that_talk(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    received = await somebody.writes("转人工")
    await take_over(desk, received.thread_id, "zhang")
    await reply(desk, received.thread_id, "zhang", Words("您好，已经办好。", "k1"))
    clock.advance(desk.talk_idle + timedelta(minutes=1))
    await somebody.writes("你好")
    assert await ask_for_ratings(desk) == 1
    assert "您上次的咨询已经结束" in (await last_of(desk, somebody)).text
    await somebody.writes("满意")
    async with desk.database.read() as session:
        thread = await session.get_one(Thread, received.thread_id)
    assert [(rating.talk, rating.level) for rating in await ratings(desk)] == [(thread.talk - 1, 4)]
    assert thread.last_message_at == clock()


async def test_while_staff_talk_with_somebody_nothing_is_asked(desk: Desk, visitor: Somebody) -> None:
    ticket = await visitor.files()
    await take_over(desk, ticket.thread_id or "", "zhang")
    await takes(desk, ticket, *TO_CLOSED)
    assert await ask_for_ratings(desk) == 0
    await give_back(desk, ticket.thread_id or "", "zhang")
    assert await ask_for_ratings(desk) == 1


async def test_a_form_is_not_interrupted(
    desk: Desk, visitor: Somebody, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    ticket = await visitor.files()
    form = {"outcome": "form", "form": "complaint", "asks": "subject"}
    dialogue.answers["我要投诉"] = (Utterance("什么事？", ({"title": "供水", "payload": "/x"},), form),)
    await takes(desk, ticket, *TO_CLOSED)
    await visitor.writes("我要投诉")
    assert await ask_for_ratings(desk) == 0
    clock.advance(desk.talk_idle)
    assert await ask_for_ratings(desk) == 1
    kept = await says(desk, visitor, "满意")
    assert kept.detail["form"] == "complaint" and titles(kept) == ["供水"]
    assert (await ratings(desk))[0].level == 4


async def test_those_who_cannot_be_asked_yet_do_not_stand_before_the_others(
    desk: Desk, visitor: Somebody, dialogue: ScriptedDialogue
) -> None:
    dialogue.answers["我要投诉"] = (Utterance("什么事？", detail={"outcome": "form"}),)
    filling, talking = Somebody(desk, "web", "filling"), Somebody(desk, "web", "talking")
    for one in (filling, talking, visitor):
        ticket = await one.files()
        await takes(desk, ticket, *TO_CLOSED)
        if one is talking:
            await take_over(desk, ticket.thread_id or "", "zhang")
    await filling.writes("我要投诉")
    assert await ask_for_ratings(desk, limit=1) == 1
    assert any("请评价" in text for text in await visitor.heard())


async def test_a_quiet_talk_with_the_bot_is_asked_about_once_a_day(
    desk: Desk, somebody: Somebody, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    dialogue.answers["怎么用水"] = (
        Utterance("这样用。", detail={"outcome": "answered", "article": "water"}),
    )
    await somebody.writes("怎么用水")
    clock.advance(timedelta(minutes=29))
    assert await ask_for_ratings(desk) == 0
    clock.advance(timedelta(minutes=1))
    assert await ask_for_ratings(desk) == 1
    assert await ask_for_ratings(desk) == 0
    clock.advance(timedelta(hours=7))
    await somebody.writes("怎么用水")  # a new talk
    clock.advance(timedelta(minutes=30))
    assert await ask_for_ratings(desk) == 0
    clock.advance(timedelta(hours=24))
    await somebody.writes("怎么用水")
    clock.advance(timedelta(minutes=30))
    assert await ask_for_ratings(desk) == 1


async def test_a_talk_in_which_nothing_was_answered_is_not_asked_about(
    desk: Desk, visitor: Somebody, clock: HandClock
) -> None:
    await visitor.writes("你好")
    clock.advance(timedelta(hours=1))
    assert await ask_for_ratings(desk) == 0


async def test_what_is_owed_for_too_long_is_not_asked_any_more(
    desk: Desk, visitor: Somebody, clock: HandClock
) -> None:
    ticket = await visitor.files()
    await takes(desk, ticket, *TO_CLOSED)
    clock.advance(desk.rating_window + timedelta(hours=1))
    assert await ask_for_ratings(desk) == 0
    assert (await ratings(desk))[0].stage is RatingStage.DONE


async def test_a_question_that_could_not_be_sent_in_time_is_dropped(desk: Desk, clock: HandClock) -> None:
    somebody = Somebody(desk, "wechat", "address")
    await closed(desk, somebody)
    asked = await last_of(desk, somebody)
    async with desk.database.write() as session:
        (await session.get_one(Message, asked.id)).delivery = Delivery.HELD
    clock.advance(desk.rating_window + timedelta(minutes=1))
    assert await ask_for_ratings(desk) == 0
    assert (await last_of(desk, somebody)).delivery is Delivery.DROPPED
    assert (await ratings(desk))[0].stage is RatingStage.DONE


async def test_two_processes_ask_once(desk: Desk, visitor: Somebody) -> None:
    ticket = await visitor.files()
    await takes(desk, ticket, *TO_CLOSED)
    assert sum(await asyncio.gather(ask_for_ratings(desk), ask_for_ratings(desk))) == 1
    assert len([text for text in await visitor.heard() if "请评价" in text]) == 1


async def test_an_upheld_answer_closes_and_is_asked_about(desk: Desk, visitor: Somebody) -> None:
    ticket = await visitor.files()
    await takes(desk, ticket, *TO_CLOSED[:-1], Step.REEXAMINATION_ASKED, Step.UPHELD)
    assert await ask_for_ratings(desk) == 1


async def test_an_upheld_refusal_is_told_as_one_and_not_asked_about(desk: Desk, visitor: Somebody) -> None:
    ticket = await visitor.files()
    refused = (Step.REFUSAL_ASKED, Step.REFUSED)
    await takes(desk, ticket, *refused, Step.REEXAMINATION_ASKED, Step.REFUSAL_UPHELD)
    assert await ask_for_ratings(desk) == 0
    assert any("经复核，维持不予受理决定。\n理由：" in text for text in await visitor.heard())


@pytest.mark.parametrize("ending", [Step.WITHDRAWN, Step.TERMINATED])
async def test_what_was_not_handled_to_its_end_is_not_asked_about(
    desk: Desk, visitor: Somebody, ending: Step
) -> None:
    ticket = await visitor.files()
    await takes(desk, ticket, Step.ACCEPTED, ending)
    assert await ask_for_ratings(desk) == 0


AGAIN = (Step.DRAFTED, Step.RELEASED, Step.CALL_BACK_DUE, Step.CALLED_BACK)


async def test_a_ticket_that_is_handled_again_is_asked_about_when_it_is_closed_once_more(
    desk: Desk, somebody: Somebody
) -> None:
    ticket = await somebody.files()
    await takes(desk, ticket, *TO_CLOSED, Step.REWORKED)
    assert await ask_for_ratings(desk) == 0
    await takes(desk, ticket, *AGAIN)
    assert await ask_for_ratings(desk) == 1
    await somebody.writes("满意")
    assert [rating.level for rating in await ratings(desk)] == [4]


async def test_what_was_owed_of_a_ticket_that_is_in_hand_by_now_is_not_asked(
    desk: Desk, visitor: Somebody
) -> None:
    ticket = await visitor.files()
    await takes(desk, ticket, *TO_CLOSED)
    async with desk.database.write() as session:
        (await session.get_one(Ticket, ticket.id)).state = State.WORKING
    assert await ask_for_ratings(desk) == 0
    assert (await ratings(desk))[0].stage is RatingStage.DONE


async def test_a_question_that_nobody_answered_is_asked_again_after_the_second_handling(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    ticket = await closed(desk, somebody)
    clock.advance(desk.rating_window + timedelta(minutes=1))
    assert await ask_for_ratings(desk) == 0
    await takes(desk, ticket, Step.REWORKED, *AGAIN)
    assert await ask_for_ratings(desk) == 1
    assert (await says(desk, somebody, "不满意")).text.startswith("已收到您的评价“不满意”")
    assert [case.ticket_id for case in await cases(desk)] == [ticket.id]


@pytest.mark.parametrize("said", ["满意", "不评价"])
async def test_who_has_answered_is_not_asked_again_after_the_second_handling(
    desk: Desk, visitor: Somebody, said: str
) -> None:
    ticket = await closed(desk, visitor)
    await visitor.writes(said)
    await takes(desk, ticket, Step.REWORKED, *AGAIN)
    assert await ask_for_ratings(desk) == 0


async def test_a_question_not_yet_sent_is_dropped_when_its_ticket_is_handled_again(desk: Desk) -> None:
    somebody = Somebody(desk, "wechat", "address")
    ticket = await closed(desk, somebody)
    asked = await last_of(desk, somebody)
    await takes(desk, ticket, Step.REWORKED)
    async with desk.database.read() as session:
        assert (await session.get_one(Message, asked.id)).delivery is Delivery.DROPPED
    await takes(desk, ticket, *AGAIN)
    assert await ask_for_ratings(desk) == 1
    assert (await last_of(desk, somebody)).delivery is Delivery.PENDING


async def test_a_question_that_was_sent_can_be_answered_while_its_ticket_is_handled_again(
    desk: Desk, visitor: Somebody
) -> None:
    ticket = await closed(desk, visitor)
    await takes(desk, ticket, Step.REWORKED)
    await visitor.writes("不满意")
    assert [(rating.level, rating.talk) for rating in await ratings(desk)] == [(2, None)]


async def test_a_ticket_that_is_filed_away_is_asked_about_still(desk: Desk, visitor: Somebody) -> None:
    ticket = await visitor.files()
    await takes(desk, ticket, *TO_CLOSED, Step.ARCHIVED)
    assert await ask_for_ratings(desk) == 1
