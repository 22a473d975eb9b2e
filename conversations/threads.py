"""People and their threads: found, begun, handed over, held for a turn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Holder, Message, Person, Thread, Turn
from store.ids import NewId

_OPEN = select(Thread).join(Person).where(
    Person.channel == bindparam("channel"), Person.address == bindparam("address")
)  # fmt: skip
_HOLD = (
    update(Thread)
    .where(
        Thread.id == bindparam("of"), or_(Thread.turn_until.is_(None), Thread.turn_until < bindparam("now"))
    )
    .values(turn_until=bindparam("until"))
    .execution_options(synchronize_session=False)
)
_RELEASE_IDLE = (
    update(Thread)
    .where(
        Thread.id == bindparam("of"),
        ~exists().where(Message.thread_id == bindparam("of"), Message.turn == Turn.WAITING),
    )
    .values(turn_until=None)
    .execution_options(synchronize_session=False)
)
_HOLDER_AND_TALK = select(Thread.holder, Thread.talk).where(Thread.id == bindparam("of")).with_for_update()


async def open_thread(
    session: AsyncSession, *, channel: str, address: str, at: datetime, new_id: NewId
) -> Thread:
    """The thread of a person of a channel, begun where there is none."""
    found = await session.scalar(_OPEN, {"channel": channel, "address": address})
    if found is not None:
        return found
    person = Person(id=new_id(), channel=channel, address=address, created_at=at)
    session.add(person)
    await session.flush()
    thread = Thread(
        id=new_id(), person_id=person.id, channel=channel, last_message_at=at, created_at=at, talk=1
    )
    session.add(thread)
    await session.flush()
    return thread


async def hold(session: AsyncSession, thread_id: str, *, now: datetime, until: datetime) -> bool:
    """Take the thread for a turn, unless another process has it. `until`, with which the hold ends, tells it from others."""
    taken = await session.execute(_HOLD, {"of": thread_id, "now": now, "until": until})
    return bool(taken.rowcount)  # type: ignore[attr-defined]


async def extend(session: AsyncSession, thread_id: str, *, held: datetime, until: datetime) -> bool:
    """Go on holding the thread. False where the hold had ended and another process has taken it."""
    return await _change_hold(session, thread_id, held, until)


async def release(session: AsyncSession, thread_id: str, *, held: datetime) -> None:
    """Give the thread back after a turn, unless another process has taken it meanwhile."""
    await _change_hold(session, thread_id, held, None)


async def release_idle(session: AsyncSession, thread_id: str) -> bool:
    """Give the thread back if no message of it waits; one statement, so that none can slip in unseen."""
    released = await session.execute(_RELEASE_IDLE, {"of": thread_id})
    return bool(released.rowcount)  # type: ignore[attr-defined]


async def holder_and_talk(session: AsyncSession, thread_id: str) -> tuple[Holder, int]:
    """Who holds the thread, locked until the transaction ends, and the number of its talk."""
    holder, talk = (await session.execute(_HOLDER_AND_TALK, {"of": thread_id})).one()
    return holder, talk


async def lock(session: AsyncSession, thread_id: str) -> Holder:
    """Lock the thread until the transaction ends, other than for news of its tickets; who holds it."""
    # Whoever moves a ticket has its row locked and adds a message here: FOR UPDATE would wait for that, and that for us.
    holder = await session.scalar(
        select(Thread.holder).where(Thread.id == thread_id).with_for_update(key_share=True)
    )
    assert holder is not None, "a thread is never deleted while it is in use"
    return holder


async def call_staff(session: AsyncSession, thread_id: str, *, at: datetime) -> bool:
    """Put the thread into the waiting queue. False where it waited or was held by staff already."""
    moved = await session.execute(
        update(Thread)
        .where(Thread.id == thread_id, Thread.holder == Holder.BOT)
        .values(holder=Holder.WAITING, waiting_since=at)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


async def _change_hold(session: AsyncSession, thread_id: str, held: datetime, until: datetime | None) -> bool:
    changed = await session.execute(
        update(Thread)
        .where(Thread.id == thread_id, Thread.turn_until == held)
        .values(turn_until=until)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]
