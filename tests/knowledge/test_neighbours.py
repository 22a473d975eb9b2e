"""Names that two articles have."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from desk.desk import Desk
from knowledge.article import Article
from knowledge.nearness import nearest
from knowledge.neighbours import MOST_TOLD, Names, shared_names
from knowledge.rows import archive, save, to_content
from knowledge.search.text import normalise

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


def draft(article: Article, **other: Any) -> dict[str, Any]:
    """A draft of a matter of its own."""
    own = {"key": "new-matter", "title": "新事项", "aliases": [], "questions": ["新事项怎么办"]}
    return {**to_content(article), **own, **other}


@pytest.mark.parametrize("field", ["title", "aliases", "questions"])
@pytest.mark.parametrize("theirs", ["title", "aliases", "questions"])
def test_a_name_of_another_article_stops_a_draft_whatever_it_is_there(
    articles: dict[str, Article], field: str, theirs: str
) -> None:
    water = articles["water-connection"]
    text = water.title if theirs == "title" else getattr(water, theirs)[0]
    written = f" {text}？"  # compared as the search compares
    content = draft(water, **{field: written if field == "title" else [written]})
    (problem,) = shared_names(content, TODAY, [water])
    assert (problem.field, problem.stops) == (field, True)
    assert f"“{written}”" in problem.text and f"“{water.title}”的" in problem.text


def test_its_own_live_version_and_what_nobody_else_has_stop_nothing(articles: dict[str, Article]) -> None:
    water, gas = articles["water-connection"], articles["gas-connection"]
    assert shared_names(to_content(water), TODAY, [water, gas]) == []
    assert shared_names(draft(water), TODAY, [water, gas]) == []


@pytest.mark.parametrize(
    ("mine", "theirs", "meet"),
    [
        ((TODAY, None), (TODAY - DAY, TODAY), True),
        ((TODAY, None), (TODAY - DAY, TODAY - DAY), False),  # over
        ((TODAY + DAY, None), (TODAY - DAY, TODAY), False),  # over before the draft begins
        ((TODAY + DAY, None), (TODAY - DAY, TODAY + DAY), True),
        ((TODAY, None), (TODAY + 9 * DAY, None), True),  # comes into force later
        ((TODAY, TODAY + 8 * DAY), (TODAY + 9 * DAY, None), False),
    ],
)
def test_only_articles_that_are_in_force_with_it_count(
    articles: dict[str, Article],
    mine: tuple[date, date | None],
    theirs: tuple[date, date | None],
    meet: bool,
) -> None:
    water = replace(articles["water-connection"], valid_from=theirs[0], valid_until=theirs[1])
    content = draft(
        water,
        title=water.title,
        valid_from=mine[0].isoformat(),
        valid_until=mine[1] and mine[1].isoformat(),
    )
    assert bool(shared_names(content, TODAY, [water])) is meet


def test_a_draft_without_dates_or_names_is_looked_at_all_the_same(articles: dict[str, Article]) -> None:
    water = articles["water-connection"]
    content = draft(water, title="", valid_from="", valid_until="明天", questions=["……", water.questions[0]])
    assert len(shared_names(content, TODAY, [water])) == 1


def test_a_copy_of_an_article_is_told_in_a_few_sentences(articles: dict[str, Article]) -> None:
    water = articles["water-connection"]
    copy = {**to_content(water), "key": "copy"}
    found = shared_names(copy, TODAY, [water])
    assert len(found) == MOST_TOLD + 1 and "还有别的重复" in found[-1].text
    assert all(problem.stops for problem in found)


def test_of_very_many_that_share_a_name_some_are_read_and_it_is_said(articles: dict[str, Article]) -> None:
    water = articles["water-connection"]
    many = [replace(water, key=f"matter-{number}") for number in range(200)]
    content = draft(water, title=water.title)
    one, more = shared_names(content, TODAY, iter(many))
    assert water.title in one.text and "还有别的重复" in more.text
    others = [replace(article, title="别的", aliases=(), questions=()) for article in many]
    (one,) = shared_names(content, TODAY, [*others, water])  # those that share nothing are not among them
    assert one.stops


def test_names_follow_what_is_replaced_and_removed(articles: dict[str, Article]) -> None:
    water, gas, names = articles["water-connection"], articles["gas-connection"], Names()
    names.replace(None, water)
    names.replace(None, gas)
    both = replace(gas, questions=(*gas.questions, water.questions[0]))
    names.replace(gas, both)
    asked = [normalise(water.questions[0])]
    assert names.keys(asked) == {water.key, gas.key}
    names.replace(both, gas)
    assert names.keys(asked) == {water.key}
    names.replace(water, None)
    names.replace(None, None)
    assert names.keys(asked) == set()
    names.replace(gas, None)
    assert names._keys == {}


async def test_the_library_knows_names_as_soon_as_it_is_refreshed_and_a_transaction_before(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    library, water = stocked_desk.library, articles["water-connection"]
    asked = {normalise("没有人问过的话")}
    assert library.named(asked) == []
    told = replace(water, aliases=("没有人问过的话",))
    async with stocked_desk.database.write() as session:
        await save(session, told, by="other", at=stocked_desk.clock())
        assert await library.named_in(session, asked) == [told]
    assert library.named(asked) == []
    await library.refresh()
    assert library.named(asked) == [told]
    async with stocked_desk.database.write() as session:
        await archive(session, water.key, by="other", at=stocked_desk.clock())
        assert await library.named_in(session, asked) == []
    await library.refresh()
    assert library.named(asked) == []


def test_the_nearest_questions_share_rare_pairs_with_the_names() -> None:
    many = [f"第{number}种执照怎么办" for number in range(50)]
    near = ["用水报装怎么办", "报装要什么材料"]
    found = nearest([*many, *near], ["用水报装", "用水报装怎么办"])
    assert found[:2] == near and sorted(found) == sorted([*many, *near])
    assert found == nearest([*reversed(many), *near], ["用水报装", "用水报装怎么办"])
    assert nearest([], ["x"]) == [] and nearest(["甲", ""], []) != []
