"""Where imported articles go: they are drafts like those of the editor, beside what is published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.knowledge import save_draft_in
from knowledge import cards
from knowledge.article import Article
from knowledge.drafts import as_if_whole, tidy, whole
from knowledge.errors import ArticleInvalid
from knowledge.models import CardState, Step
from knowledge.rows import from_content, to_content
from staff.actors import Actor


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of an article, with the number of its revision: a draft before what is published."""

    article: Article
    revision: int
    archived: bool


async def standing(session: AsyncSession, keys: Iterable[str], today: date) -> dict[str, Standing]:
    """What there is of these articles."""
    return {
        card.key: Standing(_article(card.content, today), card.revision, card.state == CardState.ARCHIVED)
        for card in await cards.cards_of(session, keys)
    }


def as_kept(article: Article) -> Article:
    """The article as a draft will hold it: blanks tidied, repeated lines once."""
    return from_content(tidy(to_content(article), article.key))


async def keep(
    desk: Desk, session: AsyncSession, member: Actor, article: Article, *, why: str, base: int
) -> None:
    """Keep an article as a draft: nothing is answered from it until it is published in the usual way.

    `base`: the revision that it was compared with, 0 for a new one. Raises `CardRefused`.
    """
    content = to_content(article)
    await save_draft_in(desk, session, member, article.key, content, why=why, base=base, step=Step.IMPORTED)


def _article(content: Mapping[str, Any], today: date) -> Article:
    try:
        return whole(content)
    except ArticleInvalid:  # somebody is still writing it
        return as_if_whole(content, today)
