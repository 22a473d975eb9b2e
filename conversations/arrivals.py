"""Words on the disk before they are in their thread: appended many at a time, placed in order, gone when they are placed.

So a push can be acknowledged after one insert, whatever the load. That nothing is doubled rests on the messages' own key:
whoever places a row a second time finds its message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Arrival, Holder, Person, Thread
from conversations.quotas import Window

Sender = tuple[str, str]  # channel, address

# Tables, not classes: the way of many rows at once, with nothing made of each. Built once.
_ROWS = cast(Table, Arrival.__table__)
_APPEND = {
    "sqlite": sqlite_insert(_ROWS).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(_ROWS).on_conflict_do_nothing(),
}
_OF_SENDERS = (
    select(_ROWS)
    .where(_ROWS.c.channel == bindparam("channel"), _ROWS.c.sender.in_(bindparam("senders", expanding=True)))
    .order_by(_ROWS.c.id)
    .limit(bindparam("limit"))
)
_SENDERS = (
    select(_ROWS.c.channel, _ROWS.c.sender)
    .where(_ROWS.c.arrived_at <= bindparam("before"))
    .order_by(_ROWS.c.id)
    .limit(bindparam("limit"))
)
_ANY_AND_HOLDER = select(
    exists().where(_ROWS.c.channel == bindparam("channel"), _ROWS.c.sender == bindparam("sender")),
    select(Thread.holder)
    .join(Person, Person.id == Thread.person_id)
    .where(
        Person.channel == bindparam("channel"),
        Person.address == bindparam("sender"),
        Thread.last_message_at > bindparam("since"),
    )
    .scalar_subquery(),
)
_DROP = delete(_ROWS).where(_ROWS.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A message in words as a channel brought it. `key`: the channel's id of it; `at`: when it was written.

    `window`: what it lets us send, where the channel counts that. `id`: of its row, once it has one.
    """

    channel: str
    sender: str
    key: str
    text: str
    at: datetime
    window: Window | None = None
    id: int = 0


async def append(session: AsyncSession, words: Sequence[Words], *, now: datetime) -> None:
    """Store what has just come, in this order. What is there already is left alone."""
    await session.execute(_APPEND[session.get_bind().dialect.name], [_row(one, now) for one in words])


async def of_senders(session: AsyncSession, channel: str, senders: Sequence[str], limit: int) -> list[Words]:
    """What waits of these people of a channel, in the order in which it came."""
    rows = await session.execute(_OF_SENDERS, {"channel": channel, "senders": senders, "limit": limit})
    return [_words(row) for row in rows]


async def senders_since(session: AsyncSession, before: datetime, limit: int) -> list[Sender]:
    """Whose words have waited since that moment or longer, the longest first."""
    rows = await session.execute(_SENDERS, {"before": before, "limit": limit})
    return list(dict.fromkeys((channel, sender) for channel, sender in rows))


async def any_and_holder(
    session: AsyncSession, channel: str, sender: str, since: datetime
) -> tuple[bool, Holder | None]:
    """Whether something of a person waits, and who holds their thread, if they have written in one since then."""
    of = {"channel": channel, "sender": sender, "since": since}
    waits, holder = (await session.execute(_ANY_AND_HOLDER, of)).one()
    return bool(waits), holder


async def drop(session: AsyncSession, ids: Sequence[int]) -> None:
    """These are placed."""
    await session.execute(_DROP, {"ids": ids})


def _row(words: Words, now: datetime) -> dict[str, Any]:
    window = words.window
    return {
        "channel": words.channel,
        "sender": words.sender,
        "key": words.key,
        "text": words.text.replace("\0", ""),  # PostgreSQL keeps none
        "at": words.at,
        "arrived_at": now,
        "window": window.kind if window else None,
        "window_messages": window.messages if window else None,
        "window_until": window.until if window else None,
    }


def _words(row: Any) -> Words:
    window = Window(row.window, row.window_messages, row.window_until) if row.window else None
    return Words(
        channel=row.channel,
        sender=row.sender,
        key=row.key,
        text=row.text,
        at=row.at,
        window=window,
        id=row.id,
    )
