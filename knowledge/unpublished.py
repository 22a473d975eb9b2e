"""Articles that wait to be published: kept as revisions, beside what is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.article import Article
from knowledge.models import ArticleRevision, ArticleRow, ArticleState
from knowledge.rows import from_content, to_content


async def keep_draft(session: AsyncSession, article: Article, *, by: str, at: datetime) -> None:
    """Put an article as the newest revision without publishing it: what is published goes on being answered from."""
    row = await session.get(ArticleRow, article.key, with_for_update=True)
    content = to_content(article)
    if row is None:
        row = ArticleRow(
            key=article.key, state=ArticleState.DRAFT, content=content, revision=0, version=0, changed_by=by, changed_at=at
        )  # fmt: skip
        session.add(row)
    elif row.state == ArticleState.DRAFT:
        row.content, row.changed_by, row.changed_at = content, by, at
    row.revision += 1
    await session.flush()
    session.add(
        ArticleRevision(
            key=row.key, number=row.revision, state=ArticleState.DRAFT, content=content, changed_by=by, changed_at=at
        )
    )  # fmt: skip


async def standing(session: AsyncSession, keys: Iterable[str]) -> dict[str, tuple[Article, int]]:
    """The newest of these articles with its revision: a draft, if there is one, else what was published last."""
    rows = [row for some in batched(keys, 500) for row in await _with_newest(session, some)]
    return {key: (from_content(content), number) for key, content, number in rows}


async def _with_newest(session: AsyncSession, keys: Sequence[str]) -> Sequence[tuple[str, Any, int]]:
    query = (
        select(ArticleRow.key, ArticleRevision.content, ArticleRow.revision)
        .join(
            ArticleRevision,
            and_(ArticleRevision.key == ArticleRow.key, ArticleRevision.number == ArticleRow.revision),
        )
        .where(ArticleRow.key.in_(keys))
    )
    return [(key, content, number) for key, content, number in await session.execute(query)]


async def total(session: AsyncSession) -> int:
    """How many articles there are, in whatever state."""
    return await session.scalar(select(func.count()).select_from(ArticleRow)) or 0


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """The items in lists of that size: a database takes so many parameters in a statement and no more."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
