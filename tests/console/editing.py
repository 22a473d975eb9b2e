"""An article in the editor and at the gate, for the tests of its pages."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from desk.desk import Desk
from knowledge import cards
from knowledge.article import Article
from knowledge.models import CardState
from tests.console.visit import Visit

KEY = "water-connection"

HERE = f"/console/knowledge/articles/{KEY}"

TEXT = "新的办法：先在营业网点申请。[^ours]"

SOURCE = {
    "source-id": "ours", "source-title": "通报", "source-issuer": "平顶山市", "source-number": "",
    "source-date": "2021-12-17", "source-link": "",
}  # fmt: skip


def filled(article: Article, **other: str) -> dict[str, Any]:
    """The form as somebody fills it in."""
    return {
        "base": "1", "title": article.title, "category": article.category, "audience": article.audience,
        "department": article.department, "valid_from": article.valid_from.isoformat(),
        "valid_until": "", "checked_on": article.checked_on.isoformat(), "why": "改了办法",
        "aliases": "\n".join(article.aliases), "questions": "\n".join(article.questions),
        "section-overview": TEXT, "action": "save", **SOURCE, **other,
    }  # fmt: skip


async def state(desk: Desk, key: str = KEY) -> tuple[CardState, int]:
    async with desk.database.read() as session:
        card = await cards.card_of(session, key)
    assert card is not None
    return card.state, card.revision


def run_of(page: str) -> str:
    """The run that a page of the gate shows to who may decide on it."""
    found = re.search(r'name="run" value="(\d+)"', page)
    assert found is not None, page
    return found[1]


async def gated(visit: Visit) -> str:
    """The page of the gate when it is done: the run goes on while pages are asked for."""
    await visit.post(f"{HERE}/gate")
    for _ in range(600):
        page = (await visit.get(f"{HERE}/gate")).text
        if "发布后答对" in page or "没有做完" in page:
            return page
        await asyncio.sleep(0.05)  # pages go first: asked for without a pause they would starve it
    raise AssertionError("the gate did not come to its end")
