"""A group's questions put into the draft of an article."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.knowledge import save_draft_in
from desk.learning.wording import DecisionRefused, first_clean, mark_of
from knowledge.article import Article
from knowledge.cards import card_of
from knowledge.check import MAX_TITLE_LETTERS
from knowledge.drafts import MOST_ROWS
from knowledge.errors import CardRefused
from knowledge.following import IN_WORK
from knowledge.learning.models import UnansweredGroup
from knowledge.rows import published, to_content
from knowledge.search.text import normalise
from staff.actors import Actor
from staff.models import Department


async def begin_draft(
    desk: Desk,
    session: AsyncSession,
    member: Actor,
    group: UnansweredGroup,
    key: str,
    seen: Sequence[int] | None,
) -> list[str]:
    """The marks by which its publication is known to answer the group; none where all of the article is for it."""
    asked = await first_clean(session, group, seen)
    department = await session.get(Department, group.department) if group.department else None
    card = await card_of(session, key)
    # Somebody may be writing it already: their words stay.
    content = _with(card.content, [asked] if asked else []) if card else wanted_article(asked, department)
    base = card.revision if card else 0
    await _draft(desk, session, member, key, content, f"答复第 {group.id} 组未答问题", base)
    return [mark_of(asked)] if card and asked else []


def wanted_article(question: str, department: Department | None) -> dict[str, Any]:
    """What is known of an article to be written, in the form of `knowledge.rows.to_content`."""
    return {
        "title": question[:MAX_TITLE_LETTERS],
        "department": department.name if department else "",
        "departments": [department.key] if department else [],
        "questions": [question] if question else [],
    }


async def new_to(session: AsyncSession, article: Article, texts: Sequence[str]) -> list[str]:
    """Those of the questions that an article does not have; none may be another's."""
    mine = {normalise(text) for text in (*article.questions, *article.aliases, article.title)}
    fresh = {normalise(text): text for text in texts if normalise(text) not in mine}
    for other in await published(session):
        taken = fresh.keys() & {normalise(text) for text in other.questions}
        if taken and other.key != article.key:
            raise DecisionRefused(f"“{fresh[min(taken)]}”已经是“{other.title}”的问法，请先到那篇文章里删除。")
    return list(fresh.values())


async def add_to_draft(
    desk: Desk, session: AsyncSession, member: Actor, article: Article, texts: Sequence[str], why: str
) -> None:
    """Put questions into the draft that somebody is at, else into one of what is published."""
    card = await card_of(session, article.key)
    content = dict(card.content) if card and card.state in IN_WORK else to_content(article)
    base = card.revision if card else 0
    await _draft(desk, session, member, article.key, _with(content, texts), why, base)


def _with(content: dict[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    have = {normalise(text) for text in content["questions"]}
    fresh = [text for text in texts if normalise(text) not in have]
    return {**content, "questions": [*content["questions"], *fresh]}


async def _draft(
    desk: Desk,
    session: AsyncSession,
    member: Actor,
    key: str,
    content: dict[str, Any],
    why: str,
    base: int | None = None,
) -> None:
    if len(content["questions"]) > MOST_ROWS:
        raise DecisionRefused(f"一篇文章最多 {MOST_ROWS} 个问法，请先在文章里删去一些。")
    try:
        await save_draft_in(desk, session, member, key, content, why=why, base=base)
    except CardRefused as refused:
        raise DecisionRefused(str(refused)) from refused
