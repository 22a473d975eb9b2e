"""A group of unanswered questions is decided: once, by a draft and not past the reviewers, and without anybody's words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from desk.desk import Desk
from desk.knowledge import archive, give_up, save_draft
from desk.learning.collecting import Collector
from desk.learning.deciding import answer_with, begin_writing, dismiss, reopen
from desk.learning.settling import settle
from desk.learning.wording import DecisionRefused
from knowledge.article import Article
from knowledge.cards import card_of
from knowledge.learning.models import GroupState
from knowledge.models import ArticleRow, CardState
from staff.actors import COMMAND_LINE, Actor
from staff.audit import Action
from staff.models import AuditEntry
from tests.desk.asking import Asking, thread_of
from tests.desk.publishing import EDITOR, OTHER, REVIEWER
from tests.fakes import HandClock
from tickets.models import Kind, Ticket
from tickets.states import State

KEY = "water-connection"


async def test_what_an_article_says_already_needs_nobody_to_publish_it(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article]
) -> None:
    await asking.ask("a", "屋顶光伏怎么备案")
    await Collector(stocked_desk).round()
    (group,) = await asking.groups()
    known = articles[KEY].questions[0]
    assert await answer_with(stocked_desk, EDITOR, group.id, group.revision, KEY, [], [known]) == 0
    (group,) = await asking.groups()
    assert group.state is GroupState.ANSWERED


async def test_a_group_whose_draft_is_given_up_is_open_again(
    stocked_desk: Desk, asking: Asking, clock: HandClock
) -> None:
    desk = stocked_desk
    asked = await asking.ask("a", "拉闸限水咋弄")
    await asking.ask("b", "屋顶光伏怎么备案")
    await Collector(desk).round()
    water, solar = sorted(await asking.groups(), key=lambda group: group.lead)
    await answer_with(desk, EDITOR, water.id, water.revision, KEY, [asked])
    await begin_writing(desk, EDITOR, solar.id, solar.revision, "rooftop-solar")
    assert await settle(desk) == 0
    assert {group.state for group in await asking.groups()} == {GroupState.WRITING}
    clock.advance(timedelta(minutes=2))
    await give_up(desk, EDITOR, KEY, 2)
    await archive(desk, REVIEWER, "rooftop-solar", 1, "不写了")
    for _ in range(2):
        assert await settle(desk) == 0
        found = [(group.state, group.article, group.added, group.revision) for group in await asking.groups()]
        assert found == [(GroupState.OPEN, None, [], 2)] * 2


async def test_writing_begins_with_what_is_known_and_keeps_what_somebody_wrote(
    stocked_desk: Desk, asking: Asking
) -> None:
    desk = stocked_desk
    await asking.ask("a", "屋顶光伏怎么备案")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await begin_writing(desk, EDITOR, group.id, group.revision, "rooftop-solar")
    async with desk.database.read() as session:
        card = await card_of(session, "rooftop-solar")
    assert card is not None and card.state == CardState.DRAFT and not card.live
    assert (card.title, card.content["questions"]) == ("屋顶光伏怎么备案", ["屋顶光伏怎么备案"])
    await save_draft(desk, OTHER, "rooftop-solar", {"title": "光伏备案", "questions": ["光伏咋备案"]})
    (group,) = await asking.groups()
    await begin_writing(desk, EDITOR, group.id, group.revision, "rooftop-solar")
    async with desk.database.read() as session:
        card = await card_of(session, "rooftop-solar")
    assert card is not None and card.title == "光伏备案"
    assert card.content["questions"] == ["光伏咋备案", "屋顶光伏怎么备案"]


async def test_two_at_once_decide_once_and_the_other_is_told(stocked_desk: Desk, asking: Asking) -> None:
    desk = stocked_desk
    asked = await asking.ask("a", "屋顶光伏怎么备案")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await dismiss(desk, COMMAND_LINE, group.id, group.revision, "不是企业事项")
    with pytest.raises(DecisionRefused, match="已有别人处理过"):
        await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [asked])
    (group,) = await asking.groups()
    with pytest.raises(DecisionRefused, match="已经处理过"):
        await dismiss(desk, COMMAND_LINE, group.id, group.revision, "再来一次")
    await reopen(desk, COMMAND_LINE, group.id, group.revision)
    (group,) = await asking.groups()
    assert (group.state, group.reason) == (GroupState.OPEN, "")


async def test_words_about_a_person_and_questions_of_other_articles_are_refused(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article]
) -> None:
    desk = stocked_desk
    private = await asking.ask("a", "我电话13800001111，光伏怎么备案")
    await Collector(desk).round()
    (group,) = await asking.groups()
    taken = articles["gas-connection"].questions[0]
    for chosen, written, why in (
        ([private], [], "不能公开"),
        ([], ["打13800001111问"], "个人信息"),
        ([], [taken], "已经是"),
        ([], ["长" * 101], "不超过"),
        ([], ["？？"], "要有文字"),
        ([], [], "至少选一个"),
        ([999_999], [], "不在这一组"),
        (list(range(60)), [], "一次最多"),
    ):
        with pytest.raises(DecisionRefused, match=why):
            await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, chosen, written)
    with pytest.raises(DecisionRefused, match="已发布的文章"):
        await answer_with(desk, COMMAND_LINE, group.id, group.revision, "nowhere", [], ["光伏备案"])
    async with desk.database.read() as session:
        assert await session.scalar(select(func.sum(ArticleRow.revision))) == 7  # as they were imported


@pytest.mark.parametrize("four_eyes", [True, False])
@pytest.mark.parametrize("member", [EDITOR, COMMAND_LINE], ids=["editor", "publisher"])
async def test_whoever_answers_writes_a_draft_and_publishes_nothing(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article], member: Actor, four_eyes: bool
) -> None:
    desk = replace(stocked_desk, knowledge_four_eyes=four_eyes)
    asked = await asking.ask("a", "拉闸限水咋弄")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await answer_with(desk, member, group.id, group.revision, KEY, [asked])
    (group,) = await asking.groups()
    assert group.state is GroupState.WRITING
    await desk.library.refresh()
    assert desk.library.article(KEY, desk.today()) == articles[KEY]
    async with desk.database.read() as session:
        steps = await session.scalars(select(AuditEntry).where(AuditEntry.action == Action.KNOWLEDGE_CHANGED))
        assert [(one.who, one.detail["步骤"]) for one in steps] == [(member.username, "保存")]


async def test_a_draft_begins_with_a_question_that_tells_of_nobody(
    stocked_desk: Desk, asking: Asking
) -> None:
    desk = stocked_desk
    first = await asking.ask("a", "宏光商贸的屋顶光伏怎么备案")
    second = await asking.ask("b", "屋顶光伏怎么备案")
    await Collector(desk).round()
    (group,) = await asking.groups()
    async with desk.database.write() as session:
        session.add(
            Ticket(
                id="t", number="20261123000001", kind=Kind.REQUEST, state=State.SUBMITTED, confirmed_by=first,
                thread_id=await thread_of(desk, "a"), enterprise="宏光商贸", contact="", phone="", district="",
                subject="", description="", wanted="", confidential=False, submitted_at=desk.clock(),
                enter_by=desk.today(), decide_by=desk.today(),
            )
        )  # fmt: skip
    for key, seen, questions in (
        ("rooftop-one", None, ["屋顶光伏怎么备案"]),
        ("rooftop-two", [first], []),
        ("rooftop-three", [first, second], ["屋顶光伏怎么备案"]),
        ("rooftop-four", [], []),
    ):
        (group,) = await asking.groups()
        await begin_writing(desk, EDITOR, group.id, group.revision, key, seen)
        async with desk.database.read() as session:
            card = await card_of(session, key)
        assert card is not None and card.content["questions"] == questions, key
        assert "宏光" not in str(card.content), key
