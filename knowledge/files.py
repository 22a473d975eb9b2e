"""Files that articles may carry, as rows."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.models import ArticleFile


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of the keys of stored files that are articles'."""
    return set(await session.scalars(select(ArticleFile.key).where(ArticleFile.key.in_(keys))))
