"""An article on its way into the answers, for the tests of its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from desk import knowledge
from desk.desk import Desk
from desk.knowledge_gate import Gates, gates
from knowledge import cards
from knowledge.article import Article
from knowledge.library import Library
from knowledge.models import Card
from knowledge.rows import to_content
from staff.actors import Actor
from staff.roles import Role

KEY = "water-connection"

EDITOR = Actor(None, "editor", "编辑", None, frozenset({Role.KNOWLEDGE_EDITOR}), "")

OTHER = Actor(None, "other", "另一位", None, frozenset({Role.KNOWLEDGE_EDITOR}), "")

REVIEWER = Actor(None, "reviewer", "审核", None, frozenset({Role.KNOWLEDGE_REVIEWER}), "")

TEXT = "新的办法：先在营业网点申请。[^ours]"


def shortened(articles: Mapping[str, Article]) -> dict[str, Article]:
    """The same with a few of their similar questions: the gate asks every one of them, twice."""
    return {key: replace(one, questions=one.questions[:12]) for key, one in articles.items()}


async def card(desk: Desk, key: str = KEY) -> Card:
    async with desk.database.read() as session:
        found = await cards.card_of(session, key)
    assert found is not None
    return found


def rewritten(article: Article, text: str = TEXT, **other: Any) -> dict[str, Any]:
    content = to_content(article)
    content["sources"] = [*content["sources"], SOURCE]
    content["sections"] = {**content["sections"], "overview": text}
    return {**content, **other}


SOURCE = {"id": "ours", "title": "通报", "issuer": "平顶山市", "number": "", "date": "2021-12-17"}


async def in_review(desk: Desk, content: dict[str, Any], key: str = KEY) -> int:
    """Written and submitted; the revision to be judged."""
    saved = await knowledge.save_draft(desk, EDITOR, key, content)
    await knowledge.submit(desk, EDITOR, key, saved.revision)
    return (await card(desk, key)).revision


async def in_review_by(member: Actor, desk: Desk, content: dict[str, Any]) -> int:
    """The same by somebody else."""
    saved = await knowledge.save_draft(desk, member, KEY, content)
    await knowledge.submit(desk, member, KEY, saved.revision)
    return (await card(desk)).revision


async def seen_by_gate(desk: Desk, key: str = KEY) -> Gates:
    found = gates(desk)
    await found.start("reviewer", key)
    await found.drain()
    return found


async def overview(desk: Desk, library: Library | None = None) -> str:
    library = library or desk.library
    await library.refresh()
    article = library.article(KEY, desk.today())
    return article.text("overview") if article else ""
