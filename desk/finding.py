"""Looking for what was said: one find a thread, and none by words that the reader may not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.inbox import hits, newest_message
from desk.belonging import Reader, closed, matters

_AT_ONCE = 200
# Of words that are in every other form, no more than so many are looked at.
_MOST_LOOKS = 10
# So many messages are looked through at one go, however many there are: no index holds parts of Chinese words, and with
# an embedded database everybody waits while one searches.
SPAN = 200_000


@dataclass(frozen=True, slots=True)
class Found:
    """Threads, and the message before which the search goes on; None where all was looked through."""

    threads: list[str]
    older: int | None


async def find_threads(
    session: AsyncSession,
    text: str,
    reader: Reader,
    first: Sequence[str],
    *,
    limit: int,
    before: int | None = None,
) -> Found:
    """`first` (found otherwise), then the threads in which the text was written, those of the newest hits before.

    `before`: looks for what was written before that message.
    """
    found = list(dict.fromkeys(first))[:limit]
    at = before if before is not None else await newest_message(session) + 1
    floor = max(0, at - 1 - SPAN)
    for _ in range(_MOST_LOOKS):
        if len(found) >= limit:
            return Found(found, at)
        looked = await hits(session, text, after=floor, before=at, outside=found, limit=_AT_ONCE)
        why = await closed(session, looked, await matters(session, looked), reader)
        for message in looked:
            if message.id not in why and message.thread_id not in found:
                found.append(message.thread_id)
            if len(found) >= limit:
                return Found(found, message.id)
        if len(looked) < _AT_ONCE:
            return Found(found, floor + 1 if floor else None)
        at = looked[-1].id
    return Found(found, at)
