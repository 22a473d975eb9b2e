"""What enterprises lately asked near an article is suggested as its similar questions."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from conversations.models import Question
from desk.desk import Desk
from desk.learning.collecting import Collector
from desk.learning.suggesting import MOST, decline, suggestions
from knowledge.article import Article
from knowledge.rows import to_content
from staff.actors import COMMAND_LINE
from tests.console.talks import Talks
from tests.console.test_plans import GROWING, asked, whole_tables
from tests.desk.asking import Asking
from tests.fakes import HandClock

KEY = "water-connection"


async def suggested(desk: Desk, articles: dict[str, Article]) -> list[str]:
    return [one.text for one in await suggestions(desk, KEY, to_content(articles[KEY]))]


async def test_what_fell_near_comes_with_those_first_that_most_enterprises_asked(
    stocked_desk: Desk, articles: dict[str, Article], asking: Asking
) -> None:
    await asking.ask("a", "车间要开个口子用水", "clarify", options=[KEY, "gas-connection"])
    for who in "bcd":
        await asking.ask(who, "自来水公司那边怎么递单子", "unknown", options=[KEY])
    await asking.ask("b", "自来水公司那边怎么递单子", "unknown", options=[KEY])
    await asking.ask("e", "停电了找谁", "unknown", options=["electricity-connection"])
    await asking.ask("f", articles[KEY].questions[0], "clarify", options=[KEY])
    found = await suggestions(stocked_desk, KEY, to_content(articles[KEY]))
    assert [(one.text, one.askers) for one in found] == [
        ("自来水公司那边怎么递单子", 3),
        ("车间要开个口子用水", 1),
    ]


async def test_what_means_the_same_is_suggested_once_in_the_widest_words(
    stocked_desk: Desk, articles: dict[str, Article], asking: Asking
) -> None:
    await asking.ask("a", "自来水公司那边怎么递单子呀？", "unknown", options=[KEY])
    for who in "bc":
        await asking.ask(who, "自来水公司那边怎么递单子", "unknown", options=[KEY])
    (one,) = await suggestions(stocked_desk, KEY, to_content(articles[KEY]))
    assert (one.text, one.askers, len(one.digests)) == ("自来水公司那边怎么递单子", 3, 2)


async def test_an_unanswered_group_that_the_search_finds_near_counts_however_it_was_offered(
    stocked_desk: Desk, articles: dict[str, Article], asking: Asking
) -> None:
    question = "老厂房没有产权证能报装临时用水吗"
    await asking.ask("a", question, "answered", article="gas-connection")
    await asking.ask("a", "没有解决", "unknown", intent="unsolved")
    assert await suggested(stocked_desk, articles) == []
    await Collector(stocked_desk).round()
    assert await suggested(stocked_desk, articles) == [question]


async def test_who_picked_another_article_meant_that_one(
    stocked_desk: Desk, articles: dict[str, Article], asking: Asking
) -> None:
    await asking.ask("a", "车间要开个口子", "clarify", options=[KEY, "gas-connection"])
    await asking.ask("a", "用气报装", "answered", article="gas-connection")
    await asking.ask("b", "车间里加个表", "clarify", options=[KEY, "gas-connection"])
    await asking.ask("b", "用水报装", "answered", article=KEY)
    assert await suggested(stocked_desk, articles) == ["车间里加个表"]


async def test_nothing_of_persons_forms_and_tickets_is_suggested(
    stocked_desk: Desk, articles: dict[str, Article], asking: Asking
) -> None:
    await asking.ask("a", "水表坏了打我电话13837512345", "unknown", options=[KEY])
    await asking.ask("b", "水压低了一个礼拜没人来", "unknown", options=[KEY], detail={"form": "complaint"})
    await asking.ask("c", "接水的单子办到哪里了呢", "unknown", options=[KEY], detail={"ticket": "PDS-1"})
    await asking.ask("d", "恒昌五金厂能不能接水", "unknown", options=[KEY])
    async with stocked_desk.database.read() as session:
        thread = await session.scalar(select(Question.thread_id).where(Question.text.contains("恒昌")))
    await Talks(stocked_desk).ticket(str(thread), 999, enterprise="恒昌五金厂")
    assert await suggested(stocked_desk, articles) == []


async def test_what_is_old_declined_short_or_another_articles_is_not(
    stocked_desk: Desk, articles: dict[str, Article], asking: Asking, clock: HandClock
) -> None:
    long_ago = clock() - timedelta(days=91)
    await asking.ask("a", "九十多天以前问的开口子", "unknown", options=[KEY], at=long_ago)
    await asking.ask("b", "水呢", "unknown", options=[KEY])
    await asking.ask("c", articles["gas-connection"].questions[0], "clarify", options=[KEY, "gas-connection"])
    await asking.ask("d", "自来水公司那边怎么递单子", "unknown", options=[KEY])
    (one,) = await suggestions(stocked_desk, KEY, to_content(articles[KEY]))
    assert one.text == "自来水公司那边怎么递单子"
    for _ in range(2):
        await decline(stocked_desk, COMMAND_LINE, KEY, [*one.digests, "no digest"])
    assert await suggested(stocked_desk, articles) == []


async def test_of_very_many_a_few_are_suggested_and_no_table_is_read_to_its_end(
    stocked_desk: Desk, articles: dict[str, Article], asking: Asking
) -> None:
    for number in range(30):
        a, b = chr(0x4E00 + 40 * number), chr(0x6E00 + 40 * number)
        await asking.ask("a", f"{a}{b}{b}{a}{a}", "unknown", options=[KEY])
    with asked(stocked_desk.database) as statements:
        assert len(await suggested(stocked_desk, articles)) == MOST
    assert statements
    for statement, parameters in statements:
        assert not await whole_tables(stocked_desk.database, statement, parameters) & GROWING, statement
