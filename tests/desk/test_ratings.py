"""好差评 in the talk: asked once, answered by buttons, numbers and words, never in the way of another question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.models import Author, Delivery, Message, Rating, RatingStage, Thread
from desk.desk import Desk
from desk.erasure import confirm, erase_due
from desk.linking import link
from desk.rating_asking import ask_for_ratings
from desk.rating_words import LEVELS, tags_for, tags_picked, to_the_assistant
from desk.ratings import rate
from desk.rectifications import work_case
from desk.takeover import Reply as Words
from desk.takeover import give_back, reply, take_over
from desk.values import Utterance
from staff.actors import Actor
from staff.roles import Role
from tests.desk.casework import move_ticket
from tests.desk.people import Somebody
from tests.fakes import HandClock, ScriptedDialogue
from tickets.life import Doing
from tickets.limits import Level
from tickets.models import Rectification, Ticket
from tickets.rectification import BAD_UP_TO
from tickets.rectification_states import CaseState, CaseStep
from tickets.states import MOVE_OF, Step

TO_CLOSED = (
    Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED, Step.DRAFTED, Step.RELEASED, Step.CALL_BACK_DUE, Step.CALLED_BACK,
)  # fmt: skip


@pytest.fixture(params=["web", "wechat", "telegram"])
def somebody(desk: Desk, request: pytest.FixtureRequest) -> Somebody:
    """Somebody of a channel."""
    return Somebody(desk, request.param, "address")


@pytest.fixture
def visitor(desk: Desk) -> Somebody:
    """Somebody of the web page."""
    return Somebody(desk, "web", "address")


async def takes(desk: Desk, ticket: Ticket, *steps: Step) -> None:
    for step in steps:
        actor = sorted(MOVE_OF[step].actors)[0]
        doing = Doing(
            actor.value,
            actor,
            desk.clock(),
            "情况",
            level=Level.GENERAL,
            department="water",
            text="已经恢复。",
        )
        await move_ticket(desk, ticket.id, step, doing)


async def closed(desk: Desk, somebody: Somebody) -> Ticket:
    """A ticket of theirs that is closed, and asked about."""
    ticket = await somebody.files()
    await takes(desk, ticket, *TO_CLOSED)
    assert await ask_for_ratings(desk) == 1
    return ticket


async def last_of(desk: Desk, somebody: Somebody) -> Message:
    """The last that was said to them."""
    async with desk.database.read() as session:
        found = await session.scalar(
            select(Message)
            .join(Thread, Thread.id == Message.thread_id)
            .where(Thread.channel == somebody.channel, Message.author.in_((Author.BOT, Author.SYSTEM)))
            .order_by(Message.id.desc())
            .limit(1)
        )
    assert found is not None
    return found


async def says(desk: Desk, somebody: Somebody, text: str) -> Message:
    await somebody.writes(text)
    return await last_of(desk, somebody)


async def ratings(desk: Desk) -> Sequence[Rating]:
    async with desk.database.read() as session:
        return (await session.scalars(select(Rating).order_by(Rating.owed_at))).all()


async def cases(desk: Desk) -> Sequence[Rectification]:
    async with desk.database.read() as session:
        return (await session.scalars(select(Rectification))).all()


def titles(message: Message) -> list[str]:
    return [str(button["title"]) for button in message.buttons]


async def test_a_closed_ticket_is_asked_about_once_in_its_channel(desk: Desk, somebody: Somebody) -> None:
    ticket = await closed(desk, somebody)
    asked = await last_of(desk, somebody)
    assert ticket.number in asked.text and "已经办结" in asked.text
    assert titles(asked) == [*LEVELS, "不评价"]
    assert asked.channel == somebody.channel and asked.detail["ticket"] == ticket.number
    assert await ask_for_ratings(desk) == 0


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


@pytest.mark.parametrize("ending", [Step.WITHDRAWN, Step.TERMINATED])
async def test_what_was_not_handled_to_its_end_is_not_asked_about(
    desk: Desk, visitor: Somebody, ending: Step
) -> None:
    ticket = await visitor.files()
    await takes(desk, ticket, Step.ACCEPTED, ending)
    assert await ask_for_ratings(desk) == 0


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


def test_several_tags_are_read_by_their_numbers() -> None:
    offered = tags_for(1, of_ticket=True)
    assert tags_picked("1、3", offered) == ("办事效率低", "政策解释不清")
    assert tags_picked("一 和 三", offered) == ("办事效率低", "政策解释不清")
    assert (
        tags_picked("1,9", offered) == tags_picked("13800001234", offered) == tags_picked("1", offered) == ()
    )


@pytest.mark.parametrize(
    "text", ["转人工", "我要投诉", "查进度", "催办一下", "PDS-20261123-0001", "你好", "绑定"]
)
def test_what_wants_something_of_the_assistant_is_no_comment(text: str) -> None:
    assert to_the_assistant(text)


@pytest.mark.parametrize("text", ["太慢了", "师傅很负责", "希望以后快一点", "没有人联系我"])
def test_what_says_how_it_was_is_a_comment(text: str) -> None:
    assert not to_the_assistant(text)
