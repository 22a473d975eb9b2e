"""The figures of articles: counted from what was asked, and told as a page and as a table."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest

from conversations.models import Author, Message, Question, Rating, Turn
from conversations.threads import open_thread
from desk.article_statistics import HEAD, statistics
from desk.desk import Desk
from staff.roles import Role
from tests.conftest import HANDFUL
from tests.console.visit import House, said

WATER, GAS, PRICE = "water-connection", "gas-connection", "water-price"
PAGE = "/console/article-statistics"


async def ask(desk: Desk, address: str, text: str, outcome: str, article: str | None, **more: Any) -> int:
    """A question of somebody; the id of its message."""
    at = desk.clock() - more.pop("ago", timedelta())
    async with desk.database.write() as session:
        thread = await open_thread(session, channel="web", address=address, at=at, new_id=desk.new_id)
        message = Message(
            thread_id=thread.id, author=Author.PERSON, channel="web", external_id=desk.new_id(), text=text,
            turn=Turn.DONE, created_at=at,
        )  # fmt: skip
        session.add(message)
        await session.flush()
        question = Question(
            message_id=message.id, thread_id=thread.id, text=text, outcome=outcome, article=article, aspect=None,
            options=more.get("options", []), asked_at=at,
        )  # fmt: skip
        session.add(question)
        if level := more.get("level"):
            rating = Rating(id=desk.new_id(), thread_id=thread.id, talk=1, level=level, rated_at=desk.clock())
            session.add(rating)
    if more.get("called"):
        await ask(desk, address, "转人工", "handoff", None)
    return message.id


@pytest.fixture
async def asked_desk(stocked_desk: Desk) -> Desk:
    """Two enterprises and a few questions."""
    desk, day = stocked_desk, timedelta(days=1)
    await ask(desk, "a", "用水报装怎么办", "answered", WATER, level=5)
    await ask(desk, "b", "水费咋这么贵，电话13800001234", "answered", WATER)
    await ask(desk, "b", "没有解决", "unknown", WATER)
    await ask(desk, "c", "用气报装要几天", "answered", GAS, called=True)
    await ask(desk, "d", "用水报装怎么办", "answered", PRICE, level=1)
    await ask(desk, "a", "报装", "clarify", None, options=[WATER, GAS])
    await ask(desk, "b", "报装要多久", "clarify", None, options=[GAS, WATER])
    await ask(desk, "e", "问过就走了", "answered", GAS, ago=40 * day)
    await ask(desk, "f", "多年以后才转人工", "answered", PRICE, ago=3 * day, called=True, level=2)
    return desk


async def test_each_article_has_its_figures(asked_desk: Desk) -> None:
    today = asked_desk.today()
    found = await statistics(asked_desk, today - timedelta(days=29), today)
    rows = {row.article.key: row for row in found.asked}
    assert list(rows) == [WATER, PRICE, GAS]
    water, gas, price = rows[WATER], rows[GAS], rows[PRICE]
    assert (water.asked.answered, water.asked.threads, water.asked.unsolved, water.solved) == (2, 2, 1, 1)
    assert (water.mean, water.rated.count, water.rated.content) == (5.0, 1, 1)
    assert (gas.asked.answered, gas.handed_over, gas.solved, gas.mean) == (1, 1, 0, None)
    # What came days after the answer is not laid at its door.
    assert (price.asked.answered, price.handed_over, price.rated.count, price.rated.discontent) == (
        2,
        0,
        1,
        1,
    )
    assert {article.key for article in found.never} == HANDFUL - {WATER, GAS, PRICE}
    assert [(one.first.key, one.second.key, one.asked_back) for one in found.collisions] == [(GAS, WATER, 2)]
    assert [(text, [count for _, count in answers]) for text, answers in found.questions] == [
        ("用水报装怎么办", [1, 1])
    ]


async def test_the_days_are_the_citys_and_both_included(asked_desk: Desk) -> None:
    today = asked_desk.today()
    long_ago = today - timedelta(days=40)
    found = await statistics(asked_desk, long_ago, long_ago)
    assert [row.article.key for row in found.asked] == [GAS]
    assert (await statistics(asked_desk, today + timedelta(days=1), today + timedelta(days=2))).asked == []


async def test_the_page_and_the_table_tell_the_same(house: House, asked_desk: Desk) -> None:
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    page = (await visit.get(PAGE)).text
    assert re.search(r"企业用水报装</a></td>\s*<td[^>]*>2 次", page)
    assert "没有人问到的" in page and "容易混的文章" in page
    assert "13800001234" not in page  # one person's words are nobody else's
    table = await visit.get(f"{PAGE}/export")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert tuple(rows[0]) == HEAD
    assert len(rows) == 1 + len(HANDFUL)
    by_key = {row[0]: row for row in rows[1:]}
    assert by_key[WATER][3:] == ["2", "2", "1", "0", "1", "1", "5.0", "1", "0"]
    only = (await visit.get(f"{PAGE}?category=gas")).text
    assert "企业用气报装</a>" in only and "企业用水报装</a>" not in only


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday", "since=2026-11-30&until=2026-11-01", "since=0001-01-01", "until=9999-12-31",
        "since=2020-01-01&until=2026-01-01", "since=99999999999999999999",
    ],
)  # fmt: skip
async def test_a_period_that_is_none_is_told(query: str, house: House, asked_desk: Desk) -> None:
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    answer = await visit.get(f"{PAGE}?{query}")
    assert answer.status_code == 422 and "最近 30 天" in said(answer)
    assert (await visit.get(f"{PAGE}/export?{query}")).status_code == 200


async def test_nothing_asked_is_told(house: House, stocked_desk: Desk) -> None:
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    page = await visit.get(PAGE)
    assert page.status_code == 200 and "没有文章答复过" in page.text
