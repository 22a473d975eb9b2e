"""A year of made-up talks and tickets."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from conversations.models import Rating, Thread
from desk.city import PINGDINGSHAN
from desk.desk import Desk
from knowledge.article import Article
from store.workdays import ANNOUNCED
from tests.fakes import HandClock
from tickets.limits import TimeLimits

SIZE = Size(tickets=150, messages=1_200)


@pytest.fixture
async def seeded(desk: Desk, articles: dict[str, Article], clock: HandClock) -> Desk:
    around = Surroundings(
        PINGDINGSHAN, list(articles.values()), ANNOUNCED, TimeLimits(), clock(), random.Random(7)
    )
    await seed(desk.database, SIZE, around, lambda _: None)
    async with desk.database.write() as session:
        for number, thread in enumerate(
            await session.scalars(select(Thread).order_by(Thread.id.desc()).limit(40))
        ):
            at = thread.last_message_at
            session.add(
                Rating(id=str(number), thread_id=thread.id, talk=1, level=number % 5 + 1, rated_at=at)
            )
    return desk
