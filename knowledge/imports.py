"""Files that wait for a yes: kept for a while under a key that is used once, by who uploaded them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.models import ArticleImport


async def waiting(session: AsyncSession, id: str, account_id: str) -> ArticleImport | None:
    """The file, taken or not; None where it is not this account's."""
    found = await session.get(ArticleImport, id)
    return found if found is not None and found.account_id == account_id else None


async def take(session: AsyncSession, file: ArticleImport, keys: Sequence[str], *, at: datetime) -> bool:
    """Use the key up; False where it is used or over. One statement: of two presses one gets it."""
    found = await session.execute(
        update(ArticleImport)
        .where(ArticleImport.id == file.id, ArticleImport.taken_at.is_(None), ArticleImport.expires_at > at)
        .values(taken_at=at, keys=list(keys), content={})
        .execution_options(synchronize_session=False)
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


async def clear_over(session: AsyncSession, now: datetime) -> None:
    """Forget files that nobody said yes to in time."""
    await session.execute(
        delete(ArticleImport).where(ArticleImport.expires_at <= now, ArticleImport.taken_at.is_(None))
    )


async def give_up(session: AsyncSession, id: str, account_id: str) -> None:
    """Forget a file that is not taken yet."""
    await session.execute(
        delete(ArticleImport).where(
            ArticleImport.id == id, ArticleImport.account_id == account_id, ArticleImport.taken_at.is_(None)
        )
    )


async def latest(session: AsyncSession, limit: int) -> Sequence[ArticleImport]:
    """What was imported last, newest first: ids are in order of time."""
    query = (
        select(ArticleImport)
        .where(ArticleImport.taken_at.is_not(None))
        .order_by(ArticleImport.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()
