"""删除我的信息: asked, confirmed once, and done when the farewell is out; an unsubscribe begins the same.

The confirmation is answered like any message, and the person's rows go a minute later, so that a client which lost the
answer can still ask for it again; or at once when the person writes anew, who is a new person then. What is still
being sent is waited for, ten minutes at most. Tickets stay without the way back to the person.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import ColumnElement, FromClause, and_, delete
from sqlalchemy.ext.asyncio import AsyncSession

from conversations import attachments, ratings
from conversations.circles import linked_to
from conversations.leaving import due, erased_talks, follow_again, in_turn, quiet, unfollow
from conversations.models import ErasedTalks, Leaving, Person, Thread
from desk.desk import Desk
from desk.linking import names_of, part, person_of
from desk.values import CHANNEL_NAMES, Button, Reply
from store.base import Base
from tickets.models import Ticket
from tickets.retention import clear, closed_before, open_of, part_from

log = logging.getLogger(__name__)

# So long an answer can be asked for again, and so long at most it may take to be sent.
AFTER_FAREWELL = timedelta(minutes=1)
AT_LATEST = timedelta(minutes=10)
# FOR NO KEY UPDATE: whoever moves a ticket holds its row while adding a message to the thread, and we go on to tickets.
_LOCK = {"key_share": True}
WITHDRAW = Button("先撤回工单", "/withdraw")


async def explain(desk: Desk, thread_id: str) -> Reply:
    """What would go and what would stay, and the question whether it is meant."""
    async with desk.database.read() as session:
        person = await person_of(session, thread_id)
        others = await linked_to(session, person)
        numbers = [ticket.number for ticket in await open_of(session, person.id)]
    here = CHANNEL_NAMES.get(person.channel, person.channel)
    lines = [
        f"会删除：您在{here}里发的内容、图片、文件和我们的答复、提问记录、评价、与其他渠道的绑定，以及您在{here}的账号标识。删除后不能恢复。",
        "会保留：已经提交的工单，里面有办理要用的企业名称、联系人、电话、内容和附件，"
        f"办结满 {desk.keep_tickets.days} 天后清除。工单不再与您的{here}关联，查询时要报编号和电话后四位。",
    ]
    if numbers:
        lines.append(
            f"工单 {'、'.join(numbers)} 还在办理，删除后照常办理，但答复只能打电话告诉您。不想办了，请先撤回。"
        )
    if others:
        lines.append(
            f"只删除{here}这一边的。与这里绑定的{names_of(others)}，请到那边也说一次“删除我的信息”。"
        )
    sure = Button("确定删除", "/erase_surely")
    return Reply(
        "\n".join([*lines, "确定删除吗？"]),
        outcome="smalltalk",
        buttons=(sure, *((WITHDRAW,) if numbers else ()), Button("不删除", "/deny")),
        default=sure.payload,
    )


async def confirm(desk: Desk, thread_id: str) -> Reply:
    """Have all of it erased, and say farewell. Confirmed again, it is put off by as much as that takes."""
    async with desk.database.write() as session:
        thread = await session.get_one(Thread, thread_id)
        thread.leaving, thread.erase_at = Leaving.ASKED, desk.clock() + AFTER_FAREWELL
        numbers = [ticket.number for ticket in await open_of(session, thread.person_id)]
    here = CHANNEL_NAMES.get(thread.channel, thread.channel)
    goes_on = f"工单 {'、'.join(numbers)} 照常办理，答复会打电话告诉您。" if numbers else ""
    return Reply(
        f"已确认，您在{here}的信息马上删除，十分钟内全部删完，不再另行通知。{goes_on}"
        "以后再来消息，会当作新的用户。感谢使用，再见。",
        outcome="smalltalk",
    )


async def unfollowed(desk: Desk, channel: str, address: str, grace: timedelta) -> None:
    """Somebody wants no more of us: erase after `grace`, without a word. Told again, it changes nothing."""
    async with desk.database.write() as session:
        await unfollow(session, channel, address, desk.clock() + grace)


async def followed(desk: Desk, channel: str, address: str) -> None:
    """They are back."""
    async with desk.database.write() as session:
        await follow_again(session, channel, address)


async def starts_anew(desk: Desk, session: AsyncSession, thread: Thread) -> bool:
    """Somebody who was leaving writes: whether they were erased just now and begin as a new person."""
    # As it is now: another process may be at it, or done with it.
    if await session.get(Thread, thread.id, with_for_update=_LOCK, populate_existing=True) is None:
        session.expunge(thread)
        return True
    if thread.leaving == Leaving.UNFOLLOWED:
        thread.leaving = thread.erase_at = None
        return False
    # What they confirmed is being answered still: the new message is answered too, and goes with the rest.
    if not await quiet(session, thread, desk.clock()):
        return False
    await _erase(desk, session, thread)
    return True


async def erase_due(desk: Desk) -> None:
    """Erase whom it is time for."""
    async with desk.database.read() as session:
        threads = await due(session, desk.clock())
    for thread_id in threads:
        async with desk.database.write() as session:
            thread = await session.get(Thread, thread_id, with_for_update=_LOCK)
            if thread is not None and await _ripe(desk, session, thread):
                await _erase(desk, session, thread)


async def forget_talks(desk: Desk) -> None:
    """Have the dialogue model forget what was erased. Raises `DialogueDown`: it is asked again later."""
    async with desk.database.read() as session:
        waiting = await erased_talks(session)
    for gone in waiting:
        for talk in range(1, gone.talks + 1):
            await desk.dialogue.forget(f"{gone.thread_id}.{talk}")
        async with desk.database.write() as session:
            await session.execute(delete(ErasedTalks).where(ErasedTalks.thread_id == gone.thread_id))


async def clear_tickets(desk: Desk) -> None:
    """Clear the tickets whose time is over."""
    now = desk.clock()
    async with desk.database.read() as session:
        tickets = await closed_before(session, now - desk.keep_tickets)
    if tickets:
        async with desk.database.write() as session:
            await clear(session, tickets, at=now)
            await attachments.drop_of_tickets(session, tickets)
            await ratings.clear_of_tickets(session, tickets)


async def _ripe(desk: Desk, session: AsyncSession, thread: Thread) -> bool:
    now = desk.clock()
    if thread.erase_at is None or thread.erase_at > now or in_turn(thread, now):
        return False
    if thread.leaving == Leaving.UNFOLLOWED:  # nothing can be sent to them
        return True
    return thread.erase_at + AT_LATEST - AFTER_FAREWELL <= now or await quiet(session, thread, now)


async def _erase(desk: Desk, session: AsyncSession, thread: Thread) -> None:
    """Every row that leads to the person, but for tickets."""
    person = await session.get_one(Person, thread.person_id)
    thread_id, talks = thread.id, thread.talk
    await part(desk, session, person, key=f"erased:{desk.new_id()}")
    await part_from(session, person.id)
    await attachments.part_from(session, thread_id)
    await ratings.part_from(session, thread_id)
    await session.flush()
    for table in reversed(Base.metadata.sorted_tables):
        of_them = _of(table, person, thread_id)
        if of_them is not None and table is not Ticket.__table__:
            await session.execute(delete(table).where(of_them))
    session.expunge_all()
    session.add(ErasedTalks(thread_id=thread_id, talks=talks))
    await session.flush()
    log.info("erased a person of %s", person.channel)


def _of(table: FromClause, person: Person, thread_id: str) -> ColumnElement[bool] | None:
    """The rows of a table that belong to a person, by the columns that lead to one."""
    columns = table.c
    if "thread_id" in columns:
        return columns.thread_id == thread_id
    if "person_id" in columns:
        return columns.person_id == person.id
    if "channel" in columns and "address" in columns:
        return and_(columns.channel == person.channel, columns.address == person.address)
    return None
