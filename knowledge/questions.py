"""Questions that are kept to try the knowledge base with, each with the article that should answer it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.errors import CardRefused
from knowledge.models import ArticleRow, StoredQuestion
from knowledge.search.text import normalise

MOST_LETTERS = 200


async def keep_question(
    session: AsyncSession, text: str, article: str, *, by: str, at: datetime, relabel: bool = True
) -> tuple[StoredQuestion, str | None]:
    """Keep a question, and what answered it before: None where it is new.

    One that is there already gets the article that was given now, if whoever asks for it may `relabel`. Raises `CardRefused`.
    """
    text = " ".join(text.split())[:MOST_LETTERS]
    folded = normalise(text)
    if not folded:
        raise CardRefused("请填写问题。")
    if article and await session.get(ArticleRow, article) is None:
        raise CardRefused("应答的文章还没有发布，不能设为测试问题。")
    row = await session.scalar(select(StoredQuestion).where(StoredQuestion.folded == folded))
    before = row.article if row is not None else None
    if row is not None and before == article:
        return row, before
    if row is not None and not relabel:
        raise CardRefused("已有这个测试问题，应答的文章不同。要改，请联系知识审核。")
    row = row or StoredQuestion(folded=folded)
    row.text, row.article, row.by, row.at = text, article, by, at
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise CardRefused("这个问题刚刚由别人保存，请刷新后再看。") from None
    return row, before


async def drop_question(session: AsyncSession, id: int) -> StoredQuestion | None:
    """Forget a question, which is given back; None where it is gone."""
    row = await session.get(StoredQuestion, id)
    if row is not None:
        await session.execute(delete(StoredQuestion).where(StoredQuestion.id == id))
    return row


async def kept_questions(
    session: AsyncSession, *, before: int | None = None, limit: int | None = None
) -> Sequence[StoredQuestion]:
    """The newest with an id below `before`, newest first."""
    query = select(StoredQuestion).order_by(StoredQuestion.id.desc())
    if before is not None:
        query = query.where(StoredQuestion.id < before)
    return (await session.scalars(query.limit(limit) if limit else query)).all()
