"""好差评 in the talk: answered by buttons, numbers and words, never in the way of another question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.models import Rating, RatingStage, Thread
from desk.desk import Desk
from desk.erasure import confirm, erase_due
from desk.linking import link
from desk.rating_words import LEVELS
from desk.ratings import rate
from desk.rectifications import work_case
from desk.values import Utterance
from staff.actors import Actor
from staff.roles import Role
from tests.desk.people import Somebody
from tests.desk.ratings.talks import cases, closed, ratings, says, titles
from tests.fakes import HandClock, ScriptedDialogue
from tickets.models import Rectification
from tickets.rectification import BAD_UP_TO
from tickets.rectification_states import CaseState, CaseStep


async def test_a_rating_is_given_by_buttons_and_words(desk: Desk, somebody: Somebody) -> None:
    await closed(desk, somebody)
    tags = await says(desk, somebody, "非常满意")
    assert "办事效率高" in titles(tags)
    comment = await says(desk, somebody, "办事效率高")
    assert titles(comment) == ["不写了"]
    thanks = await says(desk, somebody, "水当天就来了，多谢师傅")
    assert "谢谢您的评价" in thanks.text and thanks.buttons == []
    (rating,) = await ratings(desk)
    assert (rating.level, rating.tags, rating.comment, rating.stage) == (
        5, ["办事效率高"], "水当天就来了，多谢师傅", RatingStage.DONE,
    )  # fmt: skip
    assert await cases(desk) == []


async def test_a_rating_is_given_by_numbers(
    desk: Desk, somebody: Somebody, dialogue: ScriptedDialogue
) -> None:
    await closed(desk, somebody)
    before = len(dialogue.askings)
    for text in ("2", "1、3", "不写了"):
        await somebody.writes(text)
    (rating,) = await ratings(desk)
    assert (rating.level, rating.tags, rating.comment) == (4, ["办事效率高", "政策解释清楚"], "")
    assert len(dialogue.askings) == before


async def test_a_rating_needs_no_dialogue_model(
    desk: Desk, visitor: Somebody, dialogue: ScriptedDialogue
) -> None:
    await closed(desk, visitor)
    dialogue.down = True
    await visitor.writes("满意")
    assert (await ratings(desk))[0].level == 4


async def test_who_does_not_want_to_rate_is_not_asked_again(desk: Desk, somebody: Somebody) -> None:
    await closed(desk, somebody)
    assert "不评价了" in (await says(desk, somebody, "不评价")).text
    (rating,) = await ratings(desk)
    assert (rating.stage, rating.level) == (RatingStage.DECLINED, None)
    assert (await says(desk, somebody, "满意")).text == "echo 满意"


@pytest.mark.parametrize("asked_at", [(), ("不满意",), ("不满意", "不选了")])
@pytest.mark.parametrize("other", ["企业用水报装需要什么材料", "转人工", "我要投诉", "水价是多少"])
async def test_who_asks_about_water_gets_water(
    stocked_desk: Desk, visitor: Somebody, asked_at: Sequence[str], other: str
) -> None:
    await closed(stocked_desk, visitor)
    for text in asked_at:
        await visitor.writes(text)
    said = (await says(stocked_desk, visitor, other)).text
    assert said in (f"echo {other}", "echo /human")  # the button of that title stands under the question
    assert [rating.comment for rating in await ratings(stocked_desk)] == [""]


@pytest.mark.parametrize(
    "words", ["问题没有解决，水还没来", "你们办事太慢了", "窗口态度很差，跑了三趟", "没有人给我回过电话"]
)
async def test_what_somebody_is_unhappy_about_is_kept_as_their_words(
    stocked_desk: Desk, visitor: Somebody, words: str
) -> None:
    await closed(stocked_desk, visitor)
    for text in ("非常不满意", "不选了", words):
        await visitor.writes(text)
    (rating,) = await ratings(stocked_desk)
    (case,) = await cases(stocked_desk)
    assert rating.comment == case.comment == words


async def test_words_instead_of_a_tag_are_kept_as_well(desk: Desk, visitor: Somebody) -> None:
    await closed(desk, visitor)
    for text in ("不满意", "答复跟没答复一样"):
        await visitor.writes(text)
    assert (await ratings(desk))[0].comment == "答复跟没答复一样"


async def test_numbers_answer_what_was_asked_last(
    desk: Desk, visitor: Somebody, dialogue: ScriptedDialogue
) -> None:
    await closed(desk, visitor)
    options = ({"title": "供水", "payload": "/water"}, {"title": "供气", "payload": "/gas"})
    dialogue.answers["办什么"] = (Utterance("哪一件？", options, {"outcome": "clarify"}),)
    await visitor.writes("办什么")
    assert (await says(desk, visitor, "1")).text == "echo /water"
    await visitor.writes("非常满意")
    assert (await ratings(desk))[0].level == 5


async def test_the_two_lowest_levels_open_a_case_and_the_others_none(desk: Desk, visitor: Somebody) -> None:
    ticket = await closed(desk, visitor)
    for name, level in LEVELS.items():
        if level > BAD_UP_TO:
            await rate(desk, ticket.thread_id or "", f"{ticket.number} {name}")
            assert await cases(desk) == []
    told = await rate(desk, ticket.thread_id or "", f"{ticket.number} 不满意")
    (case,) = await cases(desk)
    assert (case.ticket_id, case.thread_id, case.department, case.level) == (ticket.id, None, "water", 2)
    assert "1 个工作日内联系您" in told.text and "5 个工作日内整改" in told.text


async def test_a_rating_is_changed_within_the_window_and_not_after(
    desk: Desk, visitor: Somebody, clock: HandClock
) -> None:
    ticket = await closed(desk, visitor)
    await visitor.writes("满意")
    clock.advance(timedelta(days=6))
    await rate(desk, ticket.thread_id or "", f"{ticket.number} 非常满意")
    assert (await ratings(desk))[0].level == 5
    clock.advance(desk.rating_window + timedelta(minutes=1))
    refused = await rate(desk, ticket.thread_id or "", f"{ticket.number} 不满意")
    assert "7 天以内" in refused.text
    assert (await ratings(desk))[0].level == 5


async def test_a_rating_that_opened_a_case_stands(desk: Desk, visitor: Somebody) -> None:
    await closed(desk, visitor)
    await visitor.writes("非常不满意")
    assert "不能再改" in (await says(desk, visitor, "非常满意")).text
    assert [(rating.level, rating.again_level) for rating in await ratings(desk)] == [(1, None)]


async def test_nobody_rates_a_ticket_of_somebody_else(desk: Desk, visitor: Somebody) -> None:
    ticket = await closed(desk, visitor)
    other = Somebody(desk, "telegram", "stranger")
    received = await other.writes("你好")
    assert "没有找到" in (await rate(desk, received.thread_id, f"{ticket.number} 非常不满意")).text
    assert (await ratings(desk))[0].level is None


async def test_it_is_rated_from_a_linked_channel_too(desk: Desk, visitor: Somebody) -> None:
    ticket = await closed(desk, visitor)
    other = Somebody(desk, "telegram", "linked")
    said = await other.writes("绑定")
    code = (await link(desk, said.thread_id, said.message_id, "绑定")).text
    mine = await visitor.writes("绑定")
    await link(desk, mine.thread_id, mine.message_id, code)
    await rate(desk, said.thread_id, f"{ticket.number} 满意")
    assert (await ratings(desk))[0].level == 4


async def test_a_ticket_that_is_not_closed_is_not_rated_yet(desk: Desk, visitor: Somebody) -> None:
    ticket = await visitor.files()
    told = await rate(desk, ticket.thread_id or "", f"评价 {ticket.number} 不满意")
    assert "还没有办结" in told.text
    assert await ratings(desk) == []


@pytest.mark.parametrize("texts", [("非常不满意", "不满意"), ("满意", "不满意"), ("不满意", "不满意")])
async def test_rated_twice_at_once_it_is_rated_once(
    desk: Desk, visitor: Somebody, texts: tuple[str, str]
) -> None:
    ticket = await closed(desk, visitor)
    thread = ticket.thread_id or ""
    await asyncio.gather(*(rate(desk, thread, f"{ticket.number} {text}") for text in texts))
    (rating,) = await ratings(desk)
    (case,) = await cases(desk)
    assert case.rating_id == rating.id and case.level == rating.level


async def test_a_talk_rated_twice_at_once_has_one_rating(desk: Desk, thread: Thread) -> None:
    await asyncio.gather(*(rate(desk, thread.id, "不满意") for _ in range(5)))
    assert len(await ratings(desk)) == len(await cases(desk)) == 1


async def test_a_turn_that_is_taken_again_takes_the_rating_once(desk: Desk, visitor: Somebody) -> None:
    ticket = await closed(desk, visitor)
    received = await visitor.receives(f"{ticket.number} 不满意")
    first = await rate(desk, received.thread_id, "不满意", message_id=received.message_id)
    second = await rate(desk, received.thread_id, "不满意", message_id=received.message_id)
    assert first == second
    assert len(await cases(desk)) == 1


async def test_who_works_a_case_locks_its_rating_first(desk: Desk, visitor: Somebody) -> None:
    """As the enterprise does that rates once more: so neither waits for what the other has."""
    await closed(desk, visitor)
    await says(desk, visitor, "不满意")
    [case] = await cases(desk)
    async with desk.database.write() as session:
        await session.get_one(Rating, case.rating_id, with_for_update=True)
        actor = Actor("handler", "wu", "wu", "water", frozenset({Role.HANDLER}), "")
        working = asyncio.create_task(
            work_case(desk, actor, case.id, CaseStep.CONTACTED, after=10**6, note="打过电话")
        )
        await asyncio.wait([working], timeout=0.5)
        # PostgreSQL refuses at once where somebody else has the row.
        await session.execute(
            select(Rectification.id).where(Rectification.id == case.id).with_for_update(nowait=True)
        )
    await working
    assert [one.state for one in await cases(desk)] == [CaseState.CONTACTED]


async def test_who_is_erased_takes_the_rating_of_a_talk_along_and_leaves_that_of_a_ticket(
    desk: Desk, visitor: Somebody, clock: HandClock
) -> None:
    ticket = await closed(desk, visitor)
    for text in ("不满意", "不选了", "没有人来"):
        await visitor.writes(text)
    thread = ticket.thread_id or ""
    clock.advance(timedelta(hours=7))
    await visitor.writes("你好")
    await rate(desk, thread, "非常不满意")
    assert len(await cases(desk)) == len(await ratings(desk)) == 2
    await confirm(desk, thread)
    clock.advance(timedelta(minutes=11))
    await erase_due(desk)
    (rating,) = await ratings(desk)
    (case,) = await cases(desk)
    assert (rating.ticket_id, rating.thread_id, case.ticket_id) == (ticket.id, None, ticket.id)
