"""What people have in the editor and have not saved yet: it outlives a closed window and shows who is at an article."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.drafts import KEY, MOST_KEY, Content, tidy
from knowledge.models import CardAutosave

WRITING = timedelta(minutes=10)


async def autosave(
    session: AsyncSession, key: str, by: str, content: Content, *, base: int, at: datetime
) -> None:
    """Keep it in place of what the same person had there before. A key that is none is not kept."""
    if len(key) > MOST_KEY or not KEY.fullmatch(key):
        return
    row = await session.get(CardAutosave, (key, by))
    if row is None:
        row = CardAutosave(key=key, by=by)
    row.base, row.content, row.at = base, tidy(content, key), at
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return  # the other window of the same person was faster; the next one comes in seconds


async def autosaves(session: AsyncSession, key: str) -> Sequence[CardAutosave]:
    """Everybody's, the newest first."""
    query = select(CardAutosave).where(CardAutosave.key == key).order_by(CardAutosave.at.desc())
    return (await session.scalars(query)).all()


async def writing_now(session: AsyncSession, key: str, besides: str, now: datetime) -> Sequence[str]:
    """The user names of the others who have written in it in the last minutes and not saved, the latest first."""
    query = select(CardAutosave.by).where(
        CardAutosave.key == key, CardAutosave.by != besides, CardAutosave.at > now - WRITING
    )
    return (await session.scalars(query.order_by(CardAutosave.at.desc(), CardAutosave.by))).all()


async def forget_autosave(session: AsyncSession, key: str, by: str) -> None:
    """It has been saved, or is not wanted."""
    await session.execute(delete(CardAutosave).where(CardAutosave.key == key, CardAutosave.by == by))
