"""Two processes of the app, each with its own Rasa, on one database: what is published is what both say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.prepare import ARTICLES
from knowledge import rows
from knowledge.article import Article
from knowledge.markdown import read_folder
from store.clock import utc_now
from store.database import Database
from tests.product.served import Caller, Served

QUESTION = "用水报装要多久"
WITHIN_SECONDS = 1.0


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[tuple[Served, Served]]:
    """The second is started when the first has made its beginning on the empty database."""
    products = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        products.append(Served(folder, database_url))
        products[-1].start()
    yield products[0], products[1]
    for product in products:
        product.stop()


def article() -> Article:
    return next(one for one in read_folder(ARTICLES) if one.key == "water-connection")


def changed(database_url: str, to: Article | None) -> None:
    """Publish a text, or take the article out, as whoever does it in a third process."""

    async def write() -> None:
        database = Database(database_url)
        async with database.write() as session:
            await _change(session, to)
        await database.close()

    asyncio.run(write())


async def _change(session: AsyncSession, to: Article | None) -> None:
    if to is None:
        await rows.archive(session, "water-connection", by="editor", at=utc_now(), why="不再办理")
    else:
        await rows.save(session, to, by="editor", at=utc_now(), why="改了时限")


def test_what_is_published_is_said_by_every_process_within_a_second(
    both: tuple[Served, Served], database_url: str
) -> None:
    callers = [Caller(product.url) for product in both]
    for caller in callers:
        assert "1个工作日" in caller.last(QUESTION)["text"]

    new = article()
    sections = {**new.sections, "time": new.sections["time"].replace("1个工作日", "77个工作日")}
    changed(database_url, replace(new, sections=sections))
    time.sleep(WITHIN_SECONDS)
    for caller in callers:
        answer = caller.last(QUESTION)
        assert (answer["article"], answer["aspect"]) == ("water-connection", "time")
        assert "77个工作日" in answer["text"]

    changed(database_url, None)
    time.sleep(WITHIN_SECONDS)
    for caller in callers:
        assert caller.last(QUESTION)["article"] != "water-connection"
