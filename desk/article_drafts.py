"""Where imported articles go: the one place that knows how a draft is kept and how it is published afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from knowledge import unpublished
from knowledge.article import Article
from staff.actors import Actor


async def standing(session: AsyncSession, keys: Iterable[str]) -> dict[str, tuple[Article, int]]:
    """What there is of these articles, with the number of its revision: a draft before what is published."""
    return await unpublished.standing(session, keys)


async def total(session: AsyncSession) -> int:
    """How many articles there are, in whatever state."""
    return await unpublished.total(session)


async def keep(desk: Desk, session: AsyncSession, member: Actor, article: Article, *, why: str) -> None:
    """Keep an article as a draft: nothing is answered from it until it is published in the usual way."""
    await unpublished.keep_draft(session, article, by=member.username, at=desk.clock())
