"""Looking for what was said: one find a thread, and none by words that the reader may not read."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.inbox import hits
from desk.belonging import Reader, closed, matters

_AT_ONCE = 200
# Of words that are in every other form, no more than so many are looked at.
_MOST_LOOKS = 10


async def find_threads(
    session: AsyncSession, text: str, reader: Reader, first: Sequence[str], *, limit: int
) -> list[str]:
    """`first` (found otherwise), then the threads in which the text was written, those of the newest hits before."""
    found = list(dict.fromkeys(first))[:limit]
    before: int | None = None
    for _ in range(_MOST_LOOKS):
        if len(found) >= limit:
            break
        looked = await hits(session, text, before=before, outside=found, limit=_AT_ONCE)
        if not looked:
            break
        why = await closed(session, looked, await matters(session, looked), reader)
        readable = (message.thread_id for message in looked if message.id not in why)
        found = list(dict.fromkeys((*found, *readable)))[:limit]
        before = looked[-1].id
    return found
