"""The outbox: what is to be sent, claimed by one process at a time.

A claim is taken under the lock of the thread's row, so that a thread has one message on its way. It ends as
`conversations.outcomes` has it, or with its lease where the process died.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from conversations.models import Author, ChannelPause, Delivery, Holder, Message, Person, Thread
from conversations.threads import holder_and_talk
from store.inserts import insert_into

# What stands before the later messages of its thread. A result that stays unknown does not.
_UNSENT = (Delivery.PENDING, Delivery.SENDING, Delivery.HELD)
_WAITING = (Delivery.PENDING, Delivery.HELD)
# Built once, as it runs with each message that comes.
_RELEASE = (
    update(Message)
    .where(
        Message.thread_id.in_(bindparam("of", expanding=True)),
        Message.delivery.in_(_WAITING),
        or_(Message.delivery == Delivery.HELD, Message.attempts > 0),
    )
    .values(delivery=Delivery.PENDING, attempts=0, due_at=None, tried_since=None, reason="")
    .execution_options(synchronize_session=False)
)
_TOO_OLD = "过了时间，没有再发"
_TAKEN_OVER = "工作人员已接入，机器人的这条回复不再发送。"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the outbox is for: a channel, now. Replies to what came within `grace` are the quick path's."""

    channel: str
    now: datetime
    grace: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours to send. `seen`: the newest message of its thread when it was claimed."""

    message: Message
    address: str
    seen: int


async def due_threads(session: AsyncSession, look: Look, limit: int) -> Sequence[str]:
    """Threads whose first unsent message is due, the oldest message first. Locks nothing."""
    found = await session.scalars(
        select(Message.thread_id).where(_due(look), ~_paused(look)).order_by(Message.id).limit(limit)
    )
    return found.all()


async def claim_due(
    session: AsyncSession, look: Look, *, threads: Sequence[str], lease: timedelta, limit: int
) -> list[Claim]:
    """Claim the first unsent message of up to `limit` of the threads that no other process is at, where it is due."""
    locked = await session.execute(
        select(Thread.id, Thread.holder)
        .where(Thread.id.in_(threads))
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    holders = dict(locked.all())
    await drop_overtaken(
        session, [thread_id for thread_id, holder in holders.items() if holder == Holder.STAFF]
    )
    # A statement of its own, so that it sees what was committed before the lock was ours.
    heads = select(Message.id).where(Message.thread_id.in_(holders), _due(look), ~_paused(look))
    return await _claim(session, heads.scalar_subquery(), look.now, look.now + lease)


async def claim_replies(
    session: AsyncSession, message_id: int, *, now: datetime, lease: timedelta
) -> list[Message]:
    """Claim every pending reply to a message for the quick path, in order; all of them or none.

    None where one is on its way already, or where something of the thread has to go out before.
    """
    thread_id = await session.scalar(select(Message.thread_id).where(Message.id == message_id))
    if thread_id is None:
        return []
    unsent = await _unsent_of(session, thread_id)
    last = max((id_ for id_, answers_id, _ in unsent if answers_id == message_id), default=0)
    wanted = [row for row in unsent if row[0] <= last]
    if not all(answers == message_id and delivery == Delivery.PENDING for _, answers, delivery in wanted):
        return []
    return await _claim_all(session, [id_ for id_, *_ in wanted], now, now + lease)


async def claim_unsent(
    session: AsyncSession, thread_id: str, *, now: datetime, lease: timedelta
) -> list[Message] | None:
    """Claim everything of a thread that is not out, in order, also what is held: for an account that can only reply.

    None where something of it is on its way already: then it may be had in a moment.
    """
    unsent = await _unsent_of(session, thread_id)
    if any(delivery == Delivery.SENDING for *_, delivery in unsent):
        return None
    await release_held(session, thread_id)
    return await _claim_all(session, [id_ for id_, *_ in unsent], now, now + lease)


async def overtaken(session: AsyncSession, look: Look) -> Sequence[str]:
    """Threads that staff hold and in which something of the bot is still to be sent."""
    found = await session.scalars(
        select(Thread.id).where(
            Thread.holder == Holder.STAFF,
            Thread.channel == look.channel,
            exists().where(Message.thread_id == Thread.id, _of_the_bot()),
        )
    )
    return found.all()


async def drop_overtaken(session: AsyncSession, threads: Sequence[str]) -> None:
    """Drop what the bot had still to say there: staff speak now."""
    if threads:
        await session.execute(
            update(Message)
            .where(Message.thread_id.in_(threads), _of_the_bot())
            .values(delivery=Delivery.DROPPED, reason=_TAKEN_OVER)
            .execution_options(synchronize_session=False)
        )


async def drop_unsent(session: AsyncSession, message_id: int) -> bool:
    """Drop a message that has not begun to go out: it is of no use any more. False: it has."""
    dropped = await session.execute(
        update(Message)
        .where(Message.id == message_id, Message.delivery.in_((Delivery.PENDING, Delivery.HELD)))
        .values(delivery=Delivery.DROPPED, reason=_TOO_OLD)
        .execution_options(synchronize_session=False)
    )
    return bool(dropped.rowcount)  # type: ignore[attr-defined]


async def release_held(session: AsyncSession, thread_id: str) -> bool:
    """The person writes again: what was held for it goes out, and what is being retried does so now. Whether any was.

    What waits because the channel named a time keeps it.
    """
    return await release_held_of(session, [thread_id])


async def release_held_of(session: AsyncSession, threads: Sequence[str]) -> bool:
    """The same of several people."""
    released = await session.execute(_RELEASE, {"of": threads})
    return bool(released.rowcount)  # type: ignore[attr-defined]


async def resend(session: AsyncSession, thread_id: str, message_id: int) -> bool:
    """Have a message sent once more that failed, or of which nobody knows whether it arrived. False: it is neither."""
    found = await session.execute(
        update(Message)
        .where(
            Message.id == message_id,
            Message.thread_id == thread_id,
            Message.delivery.in_((Delivery.FAILED, Delivery.UNKNOWN)),
        )
        .values(
            delivery=Delivery.PENDING,
            attempts=0,
            due_at=None,
            tried_since=None,
            claimed_until=None,
            reason="",
        )
        .execution_options(synchronize_session=False)
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


async def replace(session: AsyncSession, thread_id: str, message_id: int, *, reason: str) -> bool:
    """Drop a message of the bot's that failed or is in doubt, as something else is sent for it. False: it is no such."""
    found = await session.execute(
        update(Message)
        .where(
            Message.id == message_id,
            Message.thread_id == thread_id,
            Message.author == Author.BOT,
            Message.delivery.in_((Delivery.FAILED, Delivery.UNKNOWN)),
        )
        .values(delivery=Delivery.DROPPED, claimed_until=None, reason=reason)
        .execution_options(synchronize_session=False)
    )
    return bool(found.rowcount)  # type: ignore[attr-defined]


async def pause(session: AsyncSession, channel: str, *, until: datetime, reason: str) -> None:
    """Send nothing through a channel before that moment, in any process."""
    await session.execute(
        insert_into(session, ChannelPause)
        .values(channel=channel, until=until, reason=reason)
        .on_conflict_do_update(
            index_elements=[ChannelPause.channel],
            set_={"until": until, "reason": reason},
            where=ChannelPause.until < until,
        )
    )


async def paused(session: AsyncSession, now: datetime) -> Sequence[ChannelPause]:
    """The channels through which nothing is sent at this moment, and why."""
    query = select(ChannelPause).where(ChannelPause.until > now).order_by(ChannelPause.channel)
    return (await session.scalars(query)).all()


def _due(look: Look) -> ColumnElement[bool]:
    before, question = aliased(Message), aliased(Message)
    # The connection that brought the message may still be open, and its reply on the way there.
    left_alone = and_(
        Message.attempts == 0,
        exists().where(question.id == Message.answers_id, question.created_at > look.now - look.grace),
    )
    return and_(
        Message.delivery == Delivery.PENDING,
        Message.channel == look.channel,
        or_(Message.due_at.is_(None), Message.due_at <= look.now),
        ~left_alone,
        ~exists().where(
            before.thread_id == Message.thread_id, before.delivery.in_(_UNSENT), before.id < Message.id
        ),
    )


def _paused(look: Look) -> ColumnElement[bool]:
    return exists().where(ChannelPause.channel == look.channel, ChannelPause.until > look.now)


async def _unsent_of(session: AsyncSession, thread_id: str) -> Sequence[tuple[int, int | None, Delivery]]:
    """Id, what it answers and state of each unsent message, under the lock of the thread."""
    holder, _ = await holder_and_talk(session, thread_id)
    if holder == Holder.STAFF:
        await drop_overtaken(session, [thread_id])
    rows = await session.execute(
        select(Message.id, Message.answers_id, Message.delivery)
        .where(Message.thread_id == thread_id, Message.delivery.in_(_UNSENT))
        .order_by(Message.id)
    )
    return [(id_, answers_id, delivery) for id_, answers_id, delivery in rows]


async def _claim_all(session: AsyncSession, ids: list[int], now: datetime, until: datetime) -> list[Message]:
    return [claim.message for claim in await _claim(session, ids, now, until)] if ids else []


def _of_the_bot() -> ColumnElement[bool]:
    return and_(Message.author == Author.BOT, Message.delivery.in_(_WAITING))


async def _claim(
    session: AsyncSession, wanted: ScalarSelect[int] | list[int], now: datetime, until: datetime
) -> list[Claim]:
    claimed = await session.scalars(
        update(Message)
        .where(Message.id.in_(wanted), Message.delivery == Delivery.PENDING)
        .values(
            delivery=Delivery.SENDING,
            claimed_until=until,
            tried_since=func.coalesce(Message.tried_since, literal(now, Message.tried_since.type)),
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    ids = claimed.all()
    if not ids:
        return []
    newest = aliased(Message)
    seen = select(func.max(newest.id)).where(newest.thread_id == Message.thread_id).scalar_subquery()
    rows = await session.execute(
        select(Message, Person.address, seen)
        .join(Thread, Thread.id == Message.thread_id)
        .join(Person, Person.id == Thread.person_id)
        .where(Message.id.in_(ids))
        .order_by(Message.id)
        .execution_options(populate_existing=True)
    )
    return [Claim(*row) for row in rows]
