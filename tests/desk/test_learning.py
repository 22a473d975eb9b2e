"""What was not answered is collected once, grouped by meaning, and counted by enterprises."""

from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.circles import linked_to
from conversations.models import Person, Question, Thread
from desk.desk import Desk, Learning
from desk.erasure import confirm, erase_due
from desk.learning.collecting import Collector
from desk.learning.deciding import assign, begin_writing, dismiss, set_apart
from desk.learning.wording import DecisionRefused
from knowledge.article import Article
from knowledge.learning.likeness import Likeness
from knowledge.learning.models import GroupState, UnansweredGroup, UnansweredQuestion, Why
from staff.actors import COMMAND_LINE
from staff.models import AuditEntry
from store.database import Database
from tests.desk.asking import Asking
from tests.fakes import HandClock


@pytest.fixture
def asking(desk: Desk) -> Asking:
    """People who ask."""
    return Asking(desk)


async def reasons(database: Database) -> dict[int, Why]:
    async with database.read() as session:
        return {row.message_id: row.why for row in await session.scalars(select(UnansweredQuestion))}


async def test_every_way_of_not_answering_is_collected_with_its_reason(
    desk: Desk, asking: Asking, clock: HandClock
) -> None:
    unknown = await asking.ask("a", "厂房屋顶光伏怎么备案")
    clarified = await asking.ask("b", "水表换大的", "clarify", options=["water-connection"])
    await asking.ask("b", "停电了", "answered", article="electricity-connection")
    picked = await asking.ask("c", "接气", "clarify", options=["gas-connection"])
    await asking.ask("c", "用气报装", "answered", article="gas-connection")
    unsolved = await asking.ask("d", "公司注销要多久", "answered", article="company-deregistration")
    await asking.ask("d", "没有解决", "unknown", intent="unsolved")
    handed = await asking.ask("e", "环评要不要做", "answered", article="x")
    await asking.ask("e", "转人工", "handoff")
    rated = await asking.ask("f", "社保怎么开户", "answered", article="x")
    await asking.rate("f", 2)
    fine = await asking.ask("g", "发票怎么领", "answered", article="x")
    await asking.rate("g", 3)
    waiting = await asking.ask("h", "这个还没点选", "clarify", options=["gas-connection"])
    clock.advance(timedelta(minutes=2))
    await Collector(desk).round()
    assert await reasons(desk.database) == {
        unknown: Why.UNKNOWN, clarified: Why.CLARIFIED, unsolved: Why.UNSOLVED, handed: Why.HANDED_OVER,
        rated: Why.RATED,
    }  # fmt: skip
    assert picked not in await reasons(desk.database) and fine not in await reasons(desk.database)
    clock.advance(timedelta(hours=1))
    await Collector(desk).round()
    assert (await reasons(desk.database))[waiting] is Why.CLARIFIED


async def test_a_rating_given_days_after_the_talk_counts_for_its_last_question(
    desk: Desk, asking: Asking, clock: HandClock
) -> None:
    rated = await asking.ask("a", "社保怎么开户", "answered", article="x")
    owed_at = clock() + timedelta(hours=1)
    clock.advance(timedelta(days=5))
    later = await asking.ask("a", "发票怎么领", "answered", article="x")  # of another talk
    await asking.rate("a", 1, owed_at=owed_at)
    clock.advance(timedelta(minutes=2))
    await Collector(desk).round()
    assert await reasons(desk.database) == {rated: Why.RATED} and later != rated


async def test_collecting_again_or_by_two_processes_changes_nothing(desk: Desk, asking: Asking) -> None:
    await asking.ask("a", "厂房屋顶光伏怎么备案")
    await asking.ask("b", "厂房的屋顶光伏怎么备案呀", channel="wechat")
    one, other = Collector(desk), Collector(desk)
    assert await one.round() == 2
    before = [(g.id, g.questions, g.askers, g.revision) for g in await asking.groups()]
    assert await one.round() + await other.round() == 0
    assert [(g.id, g.questions, g.askers, g.revision) for g in await asking.groups()] == before
    await asking.ask("c", "屋顶光伏怎么备案", channel="telegram")
    assert await other.round() == 1
    assert [(g.questions, g.askers) for g in await asking.groups()] == [(3, 3)]


async def test_a_group_counts_enterprises_and_linked_people_as_one(desk: Desk, asking: Asking) -> None:
    for who in ("a", "a", "b"):
        await asking.ask(who, "危险化学品经营许可怎么办", channel="wechat")
    await asking.ask("c", "外地车能进城送货吗")
    await asking.ask("d", "外地货车能进城送货吗")
    await asking.ask("e", "外地车能不能进城送货")
    async with desk.database.write() as session:
        for person in await session.scalars(select(Person).where(Person.address.in_(("d", "e")))):
            person.circle = "one enterprise"
            assert await linked_to(session, person) is not None
    await Collector(desk).round()
    assert [(g.questions, g.askers) for g in await asking.groups()] == [(3, 2), (3, 2)]


async def test_a_decided_group_is_open_again_when_it_is_asked_often_enough(
    desk: Desk, asking: Asking, clock: HandClock
) -> None:
    assert desk.learning == Learning(tell_days=30, reopen_after=3)
    await asking.ask("a", "厂房屋顶光伏怎么备案")
    collector = Collector(desk)
    await collector.round()
    async with desk.database.write() as session:
        group = await session.get_one(UnansweredGroup, (await asking.groups())[0].id)
        group.state, group.decided_at, group.reason = (
            GroupState.DISMISSED,
            clock() + timedelta(minutes=5),
            "个别",
        )
    clock.advance(timedelta(hours=1))
    for number, who in enumerate("bcd", start=1):
        await asking.ask(who, "厂房屋顶光伏如何备案")
        await collector.round()
        state = (await asking.groups())[0].state
        assert state is (GroupState.OPEN if number == 3 else GroupState.DISMISSED)
    assert (await asking.groups())[0].reopened_at == clock()


async def test_who_is_erased_leaves_no_word_in_a_group(desk: Desk, asking: Asking, clock: HandClock) -> None:
    first = await asking.ask("a", "厂房屋顶光伏怎么备案")
    second = await asking.ask("b", "厂房屋顶光伏如何备案", channel="wechat")
    await asking.ask("a", "外地车能进城送货吗")
    collector = Collector(desk)
    await collector.round()
    async with desk.database.read() as session:
        thread = (await session.get_one(Question, first)).thread_id
    await confirm(desk, thread)
    clock.advance(timedelta(hours=1))
    await erase_due(desk)
    async with desk.database.read() as session:
        assert await session.get(Thread, thread) is None
    await collector.round()
    assert [(g.questions, g.askers, g.lead) for g in await asking.groups()] == [(1, 1, second)]
    await asking.ask("c", "屋顶光伏备案怎么弄")
    await collector.round()
    assert [g.questions for g in await asking.groups()] == [2]


async def test_what_a_person_parted_stays_apart_and_is_counted_anew(desk: Desk, asking: Asking) -> None:
    roof = [await asking.ask(who, "厂房屋顶光伏怎么备案") for who in ("a", "b")]
    other = [
        await asking.ask("a", "屋顶光伏发电的补贴怎么备案"),
        await asking.ask("c", "厂房屋顶光伏怎么备案领补贴"),
    ]
    collector = Collector(desk)
    await collector.round()
    (group,) = await asking.groups()
    await assign(desk, COMMAND_LINE, group.id, group.revision, "")
    with pytest.raises(DecisionRefused, match="已有别人处理过"):
        await set_apart(desk, COMMAND_LINE, group.id, group.revision, other)
    (group,) = await asking.groups()
    for chosen, why in (
        ([], "请选要分出去"),
        ([*roof, *other], "至少要有一个"),
        ([*other, 999_999], "已经不在"),
        (range(1, 60), "一次最多"),
    ):
        with pytest.raises(DecisionRefused, match=why):
            await set_apart(desk, COMMAND_LINE, group.id, group.revision, chosen)
    new = await set_apart(desk, COMMAND_LINE, group.id, group.revision, other)

    async def counts() -> dict[int, tuple[int, int, int]]:
        return {one.id: (one.lead, one.questions, one.askers) for one in await asking.groups()}

    parted = {group.id: (roof[0], 2, 2), new: (other[0], 2, 2)}
    assert await counts() == parted
    for one in (collector, Collector(desk)):
        await one.round()
        assert await counts() == parted
    # What was asked before, in whichever words, goes where a person has put it; also in a process that was not there.
    await asking.ask("d", "厂房屋顶光伏怎么备案领补贴")
    await asking.ask("e", "厂房屋顶光伏怎么备案")
    await collector.round()
    await asking.ask("f", "屋顶光伏发电的补贴怎么备案呀")
    await Collector(desk).round()
    assert await counts() == {group.id: (roof[0], 3, 3), new: (other[0], 4, 4)}
    async with desk.database.read() as session:
        entry = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()))).first()
    assert entry is not None
    assert entry.detail == {"未答问题": f"第 {group.id} 组", "单独成组": f"2 个问题成为第 {new} 组"}


async def test_only_an_open_group_is_parted(desk: Desk, asking: Asking) -> None:
    one = await asking.ask("a", "厂房屋顶光伏怎么备案")
    await asking.ask("b", "厂房屋顶光伏如何备案")
    await Collector(desk).round()
    (group,) = await asking.groups()
    await begin_writing(desk, COMMAND_LINE, group.id, group.revision, "rooftop-solar")
    with pytest.raises(DecisionRefused, match="先重新打开"):
        await set_apart(desk, COMMAND_LINE, group.id, group.revision + 1, [one])
    await dismiss(desk, COMMAND_LINE, group.id, group.revision + 1, "不收")
    with pytest.raises(DecisionRefused, match="已经处理过"):
        await set_apart(desk, COMMAND_LINE, group.id, group.revision + 2, [one])


def test_likeness_does_not_depend_on_chance_and_keeps_matters_apart(articles: dict[str, Article]) -> None:
    questions = [(key, question) for key, article in articles.items() for question in article.questions]
    random.Random(3).shuffle(questions)

    def grouped() -> list[int]:
        likeness, found = Likeness(), []
        for number, (_, text) in enumerate(questions):
            nearest = likeness.nearest(text)
            if nearest is None:
                likeness.add(number, text)
            found.append(number if nearest is None else nearest)
        return found

    found = grouped()
    assert found == grouped()
    right = sum(questions[leader][0] == key for leader, (key, _) in zip(found, questions, strict=True))
    assert right / len(questions) > 0.95


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_ten_thousand_questions_are_grouped_in_seconds(
    desk: Desk, asking: Asking, articles: dict[str, Article]
) -> None:
    texts = [question for article in articles.values() for question in article.questions]
    chance = random.Random(5)
    first = await asking.ask("a", texts[0])
    async with desk.database.write() as session:
        thread = (await session.get_one(Question, first)).thread_id
        await _copies(
            desk, session, thread, [chance.choice(texts) + chance.choice("呢吗呀啊") for _ in range(10_000)]
        )
    began = time.process_time()
    assert await Collector(desk).round() == 10_001
    assert time.process_time() - began < 60  # some 8 s on a free machine


async def _copies(desk: Desk, session: object, thread: str, texts: list[str]) -> None:
    from sqlalchemy import insert

    from conversations.models import Author, Message

    rows = [
        {"id": 1000 + n, "thread_id": thread, "author": Author.PERSON, "channel": "web", "external_id": f"x{n}",
         "text": text, "created_at": desk.clock()}
        for n, text in enumerate(texts)
    ]  # fmt: skip
    await session.execute(insert(Message), rows)  # type: ignore[attr-defined]
    questions = [
        {"message_id": row["id"], "thread_id": thread, "text": row["text"], "outcome": "unknown",
         "asked_at": row["created_at"]}
        for row in rows
    ]  # fmt: skip
    await session.execute(insert(Question), questions)  # type: ignore[attr-defined]
