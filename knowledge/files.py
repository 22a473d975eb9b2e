"""Files that articles may carry, as rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.article import FILES
from knowledge.models import (
    ArticleFile,
    ArticleImport,
    ArticleRevision,
    ArticleRow,
    CardAutosave,
    CardContent,
    CardRevision,
)

# All that may name a file: what is published, what is written, whatever was before, and what nobody has saved yet.
_NAMING = (ArticleRow, ArticleRevision, CardContent, CardRevision, CardAutosave, ArticleImport)
_LINK = re.compile(re.escape(FILES) + "([0-9a-f]+)")


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of the keys of stored files that are articles'."""
    return set(await session.scalars(select(ArticleFile.key).where(ArticleFile.key.in_(keys))))


async def unused(session: AsyncSession, before: datetime) -> Sequence[ArticleFile]:
    """Files that were uploaded before a moment and that nothing names."""
    old = (await session.scalars(select(ArticleFile).where(ArticleFile.at < before))).all()
    used = await _named(session) if old else set[str]()
    return [file for file in old if file.id not in used]


async def _named(session: AsyncSession) -> set[str]:
    found: set[str] = set()
    for table in _NAMING:
        text = cast(table.content, Text)
        async for content in await session.stream_scalars(select(text).where(text.contains(FILES))):
            found.update(_LINK.findall(content))
    return found
