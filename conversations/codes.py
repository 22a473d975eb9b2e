"""One-time codes for linking, kept as digests; and the wrong ones, counted over all people and for each."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import LinkCode, WrongCode

# So long it can be told that a code was right once.
_REMEMBERED = timedelta(days=1)


async def end_others(session: AsyncSession, person_id: str, *, made_by: int, now: datetime) -> None:
    """Let a person have one code: what an earlier message asked for ends, and what is long over is forgotten."""
    await session.execute(delete(LinkCode).where(LinkCode.expires_at < now - _REMEMBERED))
    await session.execute(
        update(LinkCode)
        .where(LinkCode.person_id == person_id, LinkCode.made_by != made_by, LinkCode.expires_at > now)
        .values(expires_at=now)
        .execution_options(synchronize_session=False)
    )


async def use(session: AsyncSession, digest: str, message_id: int, now: datetime) -> bool:
    """Use a code up. False where it is over, or another message was faster."""
    used = await session.execute(
        update(LinkCode)
        .where(LinkCode.digest == digest, LinkCode.used_by.is_(None), LinkCode.expires_at > now)
        .values(used_by=message_id)
        .execution_options(synchronize_session=False)
    )
    return bool(used.rowcount)  # type: ignore[attr-defined]


async def note_wrong(session: AsyncSession, message_id: int, guesser: str, now: datetime) -> None:
    """Keep a wrong code, once for each message, for a day."""
    await session.execute(delete(WrongCode).where(WrongCode.at < now - _REMEMBERED))
    await session.merge(WrongCode(message_id=message_id, guesser=guesser, at=now))


async def wrong_since(session: AsyncSession, since: datetime, guesser: str | None = None) -> int:
    """How many wrong codes there were after a moment: of one person, or of all."""
    count = select(func.count()).select_from(WrongCode).where(WrongCode.at > since)
    if guesser is not None:
        count = count.where(WrongCode.guesser == guesser)
    return await session.scalar(count) or 0
