"""Who agreed to it is told the answer, once, where they asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.models import Author, Delivery, Leaving, Message, Thread
from desk.desk import Desk
from desk.knowledge import approve, save_draft, submit
from desk.knowledge_gate import gates
from desk.learning import telling
from desk.learning.collecting import Collector
from desk.learning.deciding import answer_with, begin_writing
from desk.learning.settling import settle
from desk.learning.telling import agree, take_back, tell_answered
from desk.systems import subscribe
from knowledge.article import Article, Aspect
from knowledge.cards import card_of
from knowledge.drafts import whole
from knowledge.errors import CardRefused
from knowledge.learning.models import GroupState
from knowledge.models import Card
from knowledge.rows import save, to_content
from staff.actors import COMMAND_LINE
from systems.models import WebhookDelivery
from systems.subscriptions import Wish
from tests.desk.asking import Asking, thread_of
from tests.desk.publishing import EDITOR, REVIEWER
from tests.fakes import HandClock

KEY = "water-connection"


async def wish(desk: Desk, asking: Asking, who: str, channel: str = "web") -> None:
    """Press the button: a message after the question."""
    thread = await thread_of(desk, who)
    async with desk.database.write() as session:
        pressed = Message(
            thread_id=thread, author=Author.PERSON, channel=channel, text="有答案时告诉我",
            created_at=desk.clock() + timedelta(minutes=1),
        )  # fmt: skip
        session.add(pressed)
        await session.flush()
    for _ in range(2):
        await agree(desk, thread, pressed.id)


async def publish(desk: Desk, key: str = KEY) -> None:
    """What is in the draft is published."""
    async with desk.database.write() as session:
        card = await session.get_one(Card, key)
        await save(session, whole(card.content), by="reviewer", at=desk.clock())
    assert await settle(desk) == 1


async def told(desk: Desk) -> Sequence[Message]:
    async with desk.database.read() as session:
        rows = await session.scalars(
            select(Message).where(Message.author == Author.SYSTEM).order_by(Message.id)
        )
        return rows.all()


async def test_those_who_agreed_are_told_once_in_their_own_channel(
    stocked_desk: Desk, asking: Asking, clock: HandClock
) -> None:
    desk = stocked_desk
    one = await asking.ask("wx", "临时用水的老厂房没有产权证能报装吗", channel="wechat")
    await wish(desk, asking, "wx", "wechat")
    await asking.ask("page", "老厂房没有产权证能报装临时用水吗")
    await asking.ask("page", "老厂房没有产权证临时用水能报装不")
    await wish(desk, asking, "page")
    await asking.ask("silent", "临时用水的老厂房没产权证能报装吗")
    clock.advance(timedelta(minutes=2))
    await Collector(desk).round()
    (group,) = await asking.groups()
    assert await tell_answered(desk) == 0
    assert await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [one]) == 1
    assert await tell_answered(desk) == 0
    await publish(desk)
    assert await tell_answered(desk) == 2
    assert await tell_answered(desk) == 0
    first, second = await told(desk)
    assert (first.channel, first.delivery) == ("wechat", Delivery.PENDING)
    assert (second.channel, second.delivery) == ("web", Delivery.SENT)
    assert first.text.startswith(
        "您在11月23日问过“临时用水的老厂房没有产权证能报装吗”，现在有答案了：\n【企业用水报装"
    )
    assert "依据：" in first.text and first.detail["article"] == KEY


async def test_who_was_not_helped_by_an_answer_is_told_it_only_when_it_is_published_anew(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    one = await asking.ask("first", "老厂房没有产权证能报装临时用水吗")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [one])
    clock.advance(timedelta(minutes=5))
    await publish(desk)
    clock.advance(timedelta(hours=1))
    await asking.ask("again", "老厂房没有产权证能报装临时用水吗", "answered", article=KEY)
    await asking.ask("again", "没有解决", intent="unsolved")
    await wish(desk, asking, "again")
    await asking.ask("unknown", "没有产权证的老厂房能报装临时用水吗")  # nobody has answered this one yet
    await wish(desk, asking, "unknown")
    clock.advance(timedelta(minutes=2))
    await Collector(desk).round()
    ((state, questions),) = [(group.state, group.questions) for group in await asking.groups()]
    assert (state, questions) == (GroupState.ANSWERED, 3)
    assert [await tell_answered(desk) for _ in range(2)] == [1, 0]
    better = replace(articles[KEY], sections={**articles[KEY].sections, "overview": "没有产权证也能报装。"})
    async with desk.database.write() as session:
        await save(session, better, by="editor", at=clock())
    assert [await tell_answered(desk) for _ in range(2)] == [1, 0]
    threads = [await thread_of(desk, who) for who in ("unknown", "again")]
    assert [message.thread_id for message in await told(desk)] == threads


async def test_nobody_is_told_who_took_it_back_left_or_asked_too_long_ago(
    stocked_desk: Desk, asking: Asking, clock: HandClock
) -> None:
    desk = stocked_desk
    old = await asking.ask("old", "老厂房没有产权证能报装临时用水吗")
    await wish(desk, asking, "old")
    clock.advance(timedelta(days=31))
    for who in ("back", "gone"):
        await asking.ask(who, "老厂房没有产权证能报装临时用水吗", channel="wechat")
        await wish(desk, asking, who, "wechat")
    await take_back(desk, await thread_of(desk, "back"))
    async with desk.database.write() as session:
        (await session.get_one(Thread, await thread_of(desk, "gone"))).leaving = Leaving.UNFOLLOWED
    clock.advance(timedelta(minutes=5))
    await Collector(desk).round()
    (group,) = await asking.groups()
    await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [old])
    await publish(desk)
    assert await tell_answered(desk) == 0
    assert not await told(desk)


async def test_the_new_question_is_found_from_its_publication_through_the_gate_on(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article]
) -> None:
    desk = replace(stocked_desk, knowledge_four_eyes=False)
    await subscribe(
        desk, COMMAND_LINE, Wish("督查平台", "https://hooks.example.cn/", frozenset({"article.published"}))
    )
    asked = await asking.ask("a", "拉闸限水咋弄")
    await Collector(desk).round()
    (group,) = await asking.groups()
    before = desk.library.search("拉闸限水咋弄", today=desk.today()).hits
    assert not before or before[0].confidence < desk.calibration.answer_at
    await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [asked], ["限水的时候怎么办"])
    await desk.library.refresh()
    assert desk.library.article(KEY, desk.today()) == articles[KEY] and await settle(desk) == 0
    # Nobody else has to look at it, but the gate has to.
    await submit(desk, COMMAND_LINE, KEY, 2)
    with pytest.raises(CardRefused, match="发布检验"):
        await approve(desk, COMMAND_LINE, KEY, 3)
    found = gates(desk)
    await found.start("reviewer", KEY)
    await found.drain()
    await approve(desk, COMMAND_LINE, KEY, 3, "好")
    assert await settle(desk) == 1
    await desk.library.refresh()
    hit = desk.library.search("拉闸限水咋弄", today=desk.today()).hits[0]
    assert hit.key == KEY and hit.confidence >= desk.calibration.answer_at
    async with desk.database.read() as session:
        assert await session.scalar(select(WebhookDelivery.topic)) == f"article:{KEY}"


async def test_with_four_eyes_the_questions_wait_in_the_draft_until_another_person_publishes_it(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    asked = await asking.ask("a", "拉闸限水咋弄")
    await wish(desk, asking, "a")
    await Collector(desk).round()
    (group,) = await asking.groups()
    in_work = to_content(replace(articles[KEY], title="用水报装（在写）"))
    await save_draft(desk, EDITOR, KEY, in_work)
    clock.advance(timedelta(minutes=2))
    assert await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [asked]) == 1
    (group,) = await asking.groups()
    assert (group.state, group.article) == (GroupState.WRITING, KEY)
    await desk.library.refresh()
    live = desk.library.article(KEY, desk.today())
    assert live == articles[KEY]
    async with desk.database.read() as session:
        card = await card_of(session, KEY)
    assert card is not None and card.content["title"] == "用水报装（在写）"
    assert card.content["questions"] == [*articles[KEY].questions, "拉闸限水咋弄"]
    # Again, the draft has it already, and still nobody has published it.
    assert await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [asked]) == 1
    (group,) = await asking.groups()
    assert group.state is GroupState.WRITING and await settle(desk) == 0 == await tell_answered(desk)
    clock.advance(timedelta(minutes=2))
    await submit(desk, EDITOR, KEY, card.revision)
    found = gates(desk)
    await found.start("reviewer", KEY)
    await found.drain()
    await approve(desk, REVIEWER, KEY, card.revision + 1, despite="好")
    assert await settle(desk) == 1
    assert await tell_answered(desk) == 1


async def test_a_group_is_answered_when_its_new_article_is_published(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    await asking.ask("a", "高新技术企业认定奖多少钱", channel="telegram")
    await wish(desk, asking, "a", "telegram")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await begin_writing(desk, COMMAND_LINE, group.id, group.revision, "high-tech-enterprise")
    clock.advance(timedelta(hours=1))
    assert await settle(desk) == 0
    article = next(a for key, a in articles.items() if key not in (KEY,) and "高新" in a.title)
    async with desk.database.write() as session:
        await save(session, replace(article, key="high-tech-enterprise"), by="editor", at=clock())
    assert await settle(desk) == 1
    assert await settle(desk) == 0
    assert await tell_answered(desk) == 1
    assert [message.channel for message in await told(desk)] == ["telegram"]


async def test_a_publication_without_the_question_leaves_the_group_to_be_answered(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    asked = await asking.ask("a", "拉闸限水咋弄")
    await wish(desk, asking, "a")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await answer_with(desk, EDITOR, group.id, group.revision, KEY, [asked], ["限水的时候怎么办"])
    clock.advance(timedelta(hours=1))
    other = replace(articles[KEY], questions=(*articles[KEY].questions, "别的问法"))
    async with desk.database.write() as session:
        await save(session, other, by="import", at=clock())
    assert await settle(desk) == 0 == await tell_answered(desk)
    async with desk.database.write() as session:
        await save(session, replace(other, aliases=("限水的时候怎么办？",)), by="import", at=clock())
    assert await settle(desk) == 1 == await tell_answered(desk)


async def test_an_article_that_is_not_in_force_keeps_nobody_else_waiting(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "_AT_ONCE", 1)
    desk = stocked_desk
    gas = articles["gas-connection"]
    ids = [await asking.ask("a", "拉闸限水咋弄"), await asking.ask("b", "屋顶光伏怎么备案")]
    for who in "ab":
        await wish(desk, asking, who)
    await Collector(desk).round()
    for group, key in zip(
        sorted(await asking.groups(), key=lambda one: one.lead), (gas.key, KEY), strict=True
    ):
        known = articles[key].questions[0]
        await answer_with(desk, COMMAND_LINE, group.id, group.revision, key, [], [known])
    over = replace(gas, valid_until=desk.today() - timedelta(days=1))
    async with desk.database.write() as session:
        await save(session, over, by="editor", at=desk.clock())
    assert [await tell_answered(desk) for _ in range(2)] == [1, 0]
    assert [message.detail["article"] for message in await told(desk)] == [KEY]
    assert ids


async def test_what_is_told_is_in_the_words_of_the_channel_and_without_an_excuse(
    stocked_desk: Desk, asking: Asking, articles: dict[str, Article]
) -> None:
    desk = stocked_desk
    only: Mapping[Aspect, str] = {"overview": articles[KEY].sections["overview"]}
    short = replace(articles[KEY], sections=only, variants={"wechat": {"overview": "微信里短一些。"}})
    async with desk.database.write() as session:
        await save(session, short, by="editor", at=desk.clock())
    await asking.ask("a", "拉闸限水的办理流程是什么", channel="wechat")
    await wish(desk, asking, "a", "wechat")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await answer_with(desk, COMMAND_LINE, group.id, group.revision, KEY, [], [short.questions[0]])
    assert await tell_answered(desk) == 1
    (message,) = await told(desk)
    assert "微信里短一些。" in message.text and "没有收录" not in message.text
