"""A name that another article has keeps a draft from being submitted, approved and published."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk import exchange, knowledge
from desk.article_problems import article_problems
from desk.desk import Desk
from desk.knowledge_gate import gates
from desk.knowledge_scheduled import publish_due
from knowledge.article import Article
from knowledge.catalogue import catalogue
from knowledge.errors import CardRefused
from knowledge.exchange.csv_file import to_csv
from knowledge.models import ArticleRow, ArticleState, CardState
from knowledge.rows import save
from tests.desk.publishing import EDITOR, KEY, REVIEWER, card, in_review, rewritten, seen_by_gate
from tests.fakes import HandClock

NEW = "new-matter"


def new(article: Article, *questions: str, **other: Any) -> dict[str, Any]:
    """An article of its own matter with these questions."""
    return rewritten(article, title="新事项", aliases=[], questions=list(questions), **other)


async def taken_by(desk: Desk, article: Article, question: str) -> None:
    """Another article gets the question, and is published with it."""
    async with desk.database.write() as session:
        told = replace(article, questions=(*article.questions, question))
        await save(session, told, by="other", at=desk.clock())


async def test_a_draft_with_a_question_of_another_article_is_not_submitted(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    taken = articles[KEY].questions[0]
    saved = await knowledge.save_draft(stocked_desk, EDITOR, NEW, new(articles[KEY], f"{taken}？"))
    (told,) = [one for one in await article_problems(stocked_desk, saved.content) if one.stops]
    assert articles[KEY].title in told.text and taken in told.text
    with pytest.raises(CardRefused, match=f"还不能提交审核.*{articles[KEY].title}"):
        await knowledge.submit(stocked_desk, EDITOR, NEW, saved.revision)
    assert (await card(stocked_desk, NEW)).state == CardState.DRAFT


async def test_a_new_version_of_an_article_is_no_neighbour_of_what_is_live(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await in_review(stocked_desk, rewritten(articles[KEY]))
    assert not [one for one in await article_problems(stocked_desk, rewritten(articles[KEY])) if one.stops]


async def test_what_another_article_took_meanwhile_is_not_approved(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    base = await in_review(stocked_desk, new(articles[KEY], "新事项怎么办"), NEW)
    await seen_by_gate(stocked_desk, NEW)
    await taken_by(stocked_desk, articles["gas-connection"], "新事项怎么办")
    for at in (None, clock() + timedelta(hours=1)):
        with pytest.raises(CardRefused, match=f"还不能发布.*{articles['gas-connection'].title}"):
            await knowledge.approve(stocked_desk, REVIEWER, NEW, base, publish_at=at, despite="好")
    assert (await card(stocked_desk, NEW)).state == CardState.IN_REVIEW


async def test_of_two_that_are_approved_at_once_with_the_same_question_one_is_published(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    desk, bases = stocked_desk, {}
    for key, title in (("first-matter", "第一件"), ("other-matter", "另一件")):
        bases[key] = await in_review(desk, {**new(articles[KEY], "两件事都这样问"), "title": title}, key)
        await seen_by_gate(desk, key)
    approvals = [knowledge.approve(desk, REVIEWER, key, base, despite="好") for key, base in bases.items()]
    (refused,) = [one for one in await asyncio.gather(*approvals, return_exceptions=True) if one]
    assert isinstance(refused, CardRefused) and "“两件事都这样问”已经是" in str(refused)
    async with desk.database.read() as session:
        live = select(ArticleRow.key).where(
            ArticleRow.key.in_(bases), ArticleRow.state == ArticleState.PUBLISHED
        )
        assert len((await session.scalars(live)).all()) == 1


async def test_what_another_article_took_meanwhile_goes_back_at_its_time(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    base = await in_review(stocked_desk, new(articles[KEY], "新事项怎么办"), NEW)
    await seen_by_gate(stocked_desk, NEW)
    at = clock() + timedelta(hours=1)
    await knowledge.approve(stocked_desk, REVIEWER, NEW, base, publish_at=at, despite="好")
    await taken_by(stocked_desk, articles["gas-connection"], "新事项怎么办")
    clock.advance(timedelta(hours=1))
    assert await publish_due(stocked_desk, gates(stocked_desk)) == []
    found = await card(stocked_desk, NEW)
    assert (found.state, found.live) == (CardState.DRAFT, False)


async def test_an_import_tells_of_it_before_anything_is_kept(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    desk, water = stocked_desk, articles[KEY]
    incoming = replace(water, key=NEW, title="新事项", aliases=(), questions=(water.questions[0],))
    file = await exchange.upload(desk, EDITOR, "文章.csv", to_csv([incoming], catalogue().categories))
    assert not isinstance(file, exchange.Wrong), file
    (line,) = (await exchange.preview(desk, EDITOR, file.id)).lines
    assert water.title in "".join(line.hints) and water.questions[0] in "".join(line.hints)
    await exchange.apply(desk, EDITOR, file.id)
    with pytest.raises(CardRefused, match=water.title):
        await knowledge.submit(desk, EDITOR, NEW, 1)
