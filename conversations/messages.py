"""Messages of a thread: stored once, read in order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Author, Delivery, Message, Person, Thread, Turn

# What the other side gets to see, from the moment that it is stored or sent.
_VISIBLE = (Delivery.PENDING, Delivery.SENT)


# Built once: to put a statement together costs as much as to run it, and these run in every turn.
_BY_EXTERNAL_ID = select(Message).where(
    Message.channel == bindparam("channel"), Message.external_id == bindparam("external_id")
)
_NEXT_WAITING = (
    select(Message)
    .where(Message.thread_id == bindparam("thread_id"), Message.turn == Turn.WAITING)
    .order_by(Message.id)
    .limit(1)
)
_END_TURN = (
    update(Message)
    .where(Message.id == bindparam("message_id"), Message.turn == Turn.WAITING)
    .values(turn=bindparam("ended"))
    .execution_options(synchronize_session=False)
)
_REPLIES_TO = (
    select(Message)
    .where(Message.answers_id == bindparam("message_id"), Message.delivery != Delivery.DROPPED)
    .order_by(Message.id)
)
_LAST_REPLY = (
    select(Message)
    .where(Message.thread_id == bindparam("thread_id"), Message.author == Author.BOT)
    .order_by(Message.id.desc())
    .limit(1)
)
_LAST_TOLD = (
    select(Message)
    .where(
        Message.thread_id == bindparam("thread_id"),
        Message.id < bindparam("before"),
        Message.author.in_((Author.BOT, Author.SYSTEM)),
        Message.delivery != Delivery.DROPPED,
    )
    .order_by(Message.id.desc())
    .limit(1)
)


async def by_external_id(session: AsyncSession, channel: str, external_id: str) -> Message | None:
    """The message that a channel delivered under this id."""
    return await session.scalar(_BY_EXTERNAL_ID, {"channel": channel, "external_id": external_id})


async def next_waiting(session: AsyncSession, thread_id: str) -> Message | None:
    """The oldest message of a thread whose turn has not been taken."""
    return await session.scalar(_NEXT_WAITING, {"thread_id": thread_id})


async def end_turn(session: AsyncSession, message_id: int, ended: Turn) -> bool:
    """Say what became of a waiting message. False where it waits no longer."""
    found = await session.execute(_END_TURN, {"message_id": message_id, "ended": ended})
    return bool(found.rowcount)  # type: ignore[attr-defined]


async def threads_waiting(session: AsyncSession, limit: int) -> Sequence[str]:
    """Threads with a message whose turn has not been taken, the oldest first."""
    rows = await session.execute(
        select(Message.thread_id).where(Message.turn == Turn.WAITING).order_by(Message.id).limit(limit)
    )
    return list(dict.fromkeys(rows.scalars()))


async def replies_to(session: AsyncSession, message_id: int) -> Sequence[Message]:
    """What was answered to a message and may be read, in order."""
    rows = await session.scalars(_REPLIES_TO, {"message_id": message_id})
    return rows.all()


async def last_reply(session: AsyncSession, thread_id: str) -> Message | None:
    """The last thing that the bot said in a thread."""
    return await session.scalar(_LAST_REPLY, {"thread_id": thread_id})


async def last_told(session: AsyncSession, thread_id: str, before: int) -> Message | None:
    """The last thing that was told of itself before a message: a reply of the bot, or news."""
    return await session.scalar(_LAST_TOLD, {"thread_id": thread_id, "before": before})


async def history(
    session: AsyncSession, *, channel: str, address: str, after: int = 0, limit: int = 200
) -> Sequence[Message]:
    """What a person may see of their thread, after an id, in order."""
    rows = await session.scalars(
        select(Message)
        .join(Thread, Thread.id == Message.thread_id)
        .join(Person, Person.id == Thread.person_id)
        .where(
            Person.channel == channel,
            Person.address == address,
            Message.id > after,
            (Message.author == Author.PERSON) | Message.delivery.in_(_VISIBLE),
        )
        .order_by(Message.id)
        .limit(limit)
    )
    return rows.all()
