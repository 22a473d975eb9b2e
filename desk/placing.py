"""Words that were acknowledged get into their threads, many at a time where nothing about them is special."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.arrivals import Words, drop
from conversations.models import Author, Holder, Message, Person, Thread, Turn
from conversations.outbox import release_held_of
from conversations.quotas import Recipient, open_window, open_windows
from desk.desk import Desk
from desk.receive import Handling, receive
from desk.values import InboundMessage

# Tables, not classes: of these rows nothing is made. Built once.
_MESSAGES, _THREADS, _PEOPLE = (cast(Table, kind.__table__) for kind in (Message, Thread, Person))
# In one order for all processes, so that two of them wait for each other in one direction. FOR NO KEY UPDATE: whoever
# moves a ticket holds its row while adding a message to the thread.
_OF_SENDERS = (
    select(
        _THREADS.c.id, _PEOPLE.c.address, _THREADS.c.holder, _THREADS.c.leaving, _THREADS.c.last_message_at
    )
    .join(_PEOPLE, _PEOPLE.c.id == _THREADS.c.person_id)
    .where(
        _PEOPLE.c.channel == bindparam("channel"), _PEOPLE.c.address.in_(bindparam("senders", expanding=True))
    )
    .order_by(_THREADS.c.id)
    .with_for_update(key_share=True, of=_THREADS)
)
_KNOWN = select(_MESSAGES.c.external_id).where(
    _MESSAGES.c.channel == bindparam("channel"),
    _MESSAGES.c.external_id.in_(bindparam("keys", expanding=True)),
)
_ADD = insert(_MESSAGES)
_WROTE = update(_THREADS).where(_THREADS.c.id == bindparam("of")).values(last_message_at=bindparam("last"))


@dataclass(slots=True)
class Placed:
    """What became of a batch. `turns`: thread -> sender where the bot is to answer; `held`: senders left to staff.

    `special`: untouched, to be taken one by one; `to_send`: something may go out now.
    """

    turns: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    special: list[Words] = field(default_factory=list)
    to_send: bool = False


async def place(desk: Desk, channel: str, words: Sequence[Words]) -> Placed:
    """Put words of one channel into the threads of their senders, in their order, in one transaction.

    Special is who has no thread yet, is leaving, or comes back after so long that a new talk may begin.
    """
    placed = Placed()
    async with desk.database.write() as session:
        threads = await _threads(session, channel, sorted({one.sender for one in words}))
        usual: list[Words] = []
        aside: set[str] = set()  # what they wrote after something special is special, too
        for one in words:
            if one.sender in aside or _special(desk, threads.get(one.sender), one):
                aside.add(one.sender)
                placed.special.append(one)
            else:
                usual.append(one)
        if usual:
            await _store(session, channel, usual, threads, placed)
    return placed


async def place_alone(desk: Desk, words: Words) -> str:
    """Put one message into the thread of its sender, whatever is special about it; the thread's id."""

    async def also(session: AsyncSession, _: Message) -> None:
        if words.window is not None:
            window, recipient = words.window, Recipient(words.channel, words.sender)
            await open_window(session, recipient, window.kind, messages=window.messages, until=window.until)

    inbound = InboundMessage(words.channel, words.key, words.sender, words.text, words.at)
    received = await receive(desk, inbound, Handling(also=also))
    async with desk.database.write() as session:
        await drop(session, [words.id])
    return received.thread_id


async def _threads(session: AsyncSession, channel: str, senders: Sequence[str]) -> dict[str, Any]:
    rows = await session.execute(_OF_SENDERS, {"channel": channel, "senders": senders})
    return {row.address: row for row in rows}


def _special(desk: Desk, thread: Any | None, words: Words) -> bool:
    return thread is None or thread.leaving is not None or words.at - thread.last_message_at >= desk.talk_idle


async def _store(
    session: AsyncSession, channel: str, usual: Sequence[Words], threads: dict[str, Any], placed: Placed
) -> None:
    # After the lock: what another process has placed meanwhile is seen.
    known = await session.scalars(_KNOWN, {"channel": channel, "keys": [one.key for one in usual]})
    seen = set(known)
    new = [one for one in usual if one.key not in seen]
    touched = {one.sender: threads[one.sender] for one in usual}
    if new:
        await session.execute(_ADD, [_row(one, threads[one.sender]) for one in new])
        last = {threads[one.sender].id: one.at for one in new}
        await session.execute(_WROTE, [{"of": id_, "last": at} for id_, at in sorted(last.items())])
        windows = [(Recipient(channel, one.sender), one.window) for one in new if one.window is not None]
        if windows:
            await open_windows(session, windows)
        placed.to_send = await release_held_of(session, list(last))
    await drop(session, [one.id for one in usual])
    placed.held = {sender for sender, thread in touched.items() if thread.holder == Holder.STAFF}
    # Also of those that were known: whoever placed them may be gone.
    placed.turns = {thread.id: sender for sender, thread in touched.items() if sender not in placed.held}


def _row(words: Words, thread: Any) -> dict[str, Any]:
    return {
        "thread_id": thread.id,
        "author": Author.PERSON,
        "channel": words.channel,
        "external_id": words.key,
        "text": words.text,
        "turn": Turn.STAFF if thread.holder == Holder.STAFF else Turn.WAITING,
        "created_at": words.at,
    }
