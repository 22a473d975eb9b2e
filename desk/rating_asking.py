"""Asking for a rating: once for each ticket that is closed and each talk that is over, when it interrupts nobody."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.messages import last_reply
from conversations.models import Author, Holder, Message, Rating, RatingStage, Thread
from conversations.outbox import drop_unsent
from conversations.ratings import (
    ask_no_more,
    free_of_ticket,
    owe,
    owed,
    owed_too_long,
    quiet_talks,
    unanswered,
)
from conversations.threads import lock
from desk.desk import Desk
from desk.notices import at_first
from desk.rating_words import LEVEL_BUTTONS
from desk.ratings import ENDED
from tickets.models import KIND_NAMES, Ticket

_TALKS_WITHIN = timedelta(hours=24)
_LOCK = {"key_share": True, "skip_locked": True}
_TALK = "这次咨询就到这里。您对服务满意吗？请评价："
_LAST_TALK = "您上次的咨询已经结束。您对那次服务满意吗？请评价："


async def owe_ticket(desk: Desk, session: AsyncSession, ticket: Ticket) -> None:
    """A ticket is closed, its row locked: its enterprise is to rate it (一事一评)."""
    if ticket.thread_id is not None:
        await owe(session, ticket.thread_id, ticket_id=ticket.id, at=desk.clock(), new_id=desk.new_id)


async def put_off(session: AsyncSession, ticket: Ticket) -> None:
    """A closed ticket moves, its row locked: where it is taken up again, what was not asked yet waits for its next end."""
    if ticket.state in ENDED:
        return
    rating = await free_of_ticket(session, ticket.id)
    if rating is None:
        return
    unsent = rating.stage is RatingStage.LEVEL and await drop_unsent(session, rating.question_id or 0)
    if unsent or rating.stage is RatingStage.OWED:
        rating.stage = RatingStage.DONE


async def owe_talk(desk: Desk, session: AsyncSession, thread_id: str) -> None:
    """Staff gave a thread back in which they wrote something: the talk with them is to be rated (一次一评)."""
    await lock(session, thread_id)
    thread = await session.get_one(Thread, thread_id, populate_existing=True)
    wrote = exists().where(
        Message.thread_id == thread_id, Message.author == Author.STAFF, Message.created_at >= thread.taken_at
    )
    if thread.leaving is None and await session.scalar(select(wrote)):
        await owe(session, thread_id, talk=thread.talk, at=desk.clock(), new_id=desk.new_id)


async def ask_for_ratings(desk: Desk, *, limit: int = 100) -> int:
    """Ask for what is owed, of talks with the bot too that have fallen silent; how many were asked."""
    await _owe_quiet(desk, limit)
    await _expire(desk, limit)
    async with desk.database.read() as session:
        waiting = await owed(session, form_since=desk.clock() - desk.talk_idle, limit=limit)
    asked = 0
    for rating_id in waiting:
        async with desk.database.write() as session:
            asked += await _ask(desk, session, rating_id)
    if asked:
        desk.to_send.set()
    return asked


async def ask_again(desk: Desk, session: AsyncSession, rating_id: str, text: str) -> None:
    """What was rated badly is mended: tell so, and ask once more (追评). Nothing happens where nobody can be asked."""
    rating = await session.get(Rating, rating_id, with_for_update=True)
    if rating is None or rating.thread_id is None:
        return
    thread = await session.get_one(Thread, rating.thread_id)
    message = await _question(desk, session, rating, thread, text, times=2)
    rating.stage, rating.asked_at, rating.question_id = RatingStage.AGAIN, desk.clock(), message.id


async def _owe_quiet(desk: Desk, limit: int) -> None:
    if desk.rating_after is None:
        return
    now = desk.clock()
    async with desk.database.read() as session:
        quiet = await quiet_talks(
            session,
            since=now - desk.talk_idle,
            until=now - desk.rating_after,
            asked_before=now - _TALKS_WITHIN,
            limit=limit,
        )
    for thread_id in quiet:
        async with desk.database.write() as session:
            await lock(session, thread_id)
            thread = await session.get_one(Thread, thread_id, populate_existing=True)
            if thread.last_message_at <= now - desk.rating_after:
                await owe(session, thread_id, talk=thread.talk, at=now, new_id=desk.new_id)


async def _expire(desk: Desk, limit: int) -> None:
    """Questions whose time is over: those that a channel still holds back are not sent any more.

    What could not be asked for so long is not asked any more either: out of the blue nobody wants to be.
    """
    before = desk.clock() - desk.rating_window
    async with desk.database.read() as session:
        late = await unanswered(session, before, limit)
        too_long = await owed_too_long(session, before)
    if too_long:
        async with desk.database.write() as session:
            await ask_no_more(session, before)
    for rating_id in late:
        async with desk.database.write() as session:
            rating = await session.get(Rating, rating_id, with_for_update=True)
            if rating is not None and rating.stage is RatingStage.LEVEL:
                rating.stage = RatingStage.DONE
                await drop_unsent(session, rating.question_id or 0)


async def _ask(desk: Desk, session: AsyncSession, rating_id: str) -> bool:
    """Put the question into the outbox; not where staff have come to talk, or a form to wait, since `owed` looked.

    Nor of a ticket that is handled again: it is asked about when it is closed once more.
    """
    ticket_id = await session.scalar(select(Rating.ticket_id).where(Rating.id == rating_id))
    # The ticket first, as where it is closed: so nobody takes it up again before the question can be dropped.
    ticket = await session.get(Ticket, ticket_id, with_for_update=_LOCK) if ticket_id else None
    if ticket_id and ticket is None:
        return False  # somebody is moving it
    rating = await session.get(Rating, rating_id, with_for_update={"skip_locked": True})
    if rating is None or rating.stage is not RatingStage.OWED or rating.thread_id is None:
        return False
    if ticket is not None and ticket.state not in ENDED:
        rating.stage = RatingStage.DONE
        return False
    now = desk.clock()
    thread = await session.get_one(Thread, rating.thread_id)
    if thread.holder is not Holder.BOT or thread.leaving is not None:
        return False
    last = await last_reply(session, thread.id)
    in_form = last is not None and last.detail.get("outcome") == "form"
    if in_form and last is not None and now - last.created_at < desk.talk_idle:
        return False
    message = await _question(desk, session, rating, thread, await _asking(session, rating, thread))
    rating.stage, rating.asked_at, rating.question_id = RatingStage.LEVEL, now, message.id
    return True


async def _asking(session: AsyncSession, rating: Rating, thread: Thread) -> str:
    ticket = await session.get(Ticket, rating.ticket_id) if rating.ticket_id else None
    if ticket is None:
        return _TALK if rating.talk == thread.talk else _LAST_TALK
    return f"您的{KIND_NAMES[ticket.kind]}（工单 {ticket.number}，{ticket.subject}）已经办结。您对办理满意吗？请评价："


async def _question(
    desk: Desk, session: AsyncSession, rating: Rating, thread: Thread, text: str, *, times: int = 1
) -> Message:
    ticket = await session.get(Ticket, rating.ticket_id) if rating.ticket_id else None
    # Of a ticket that is closed once more it follows a question that nobody answered.
    again = f":{rating.question_id}" if times == 1 and rating.question_id else ""
    message = Message(
        thread_id=thread.id,
        author=Author.SYSTEM,
        channel=thread.channel,
        # A second question under the same key is refused by the database.
        external_id=f"rating:{rating.id}:{times}{again}",
        text=text,
        buttons=[button.as_json() for button in LEVEL_BUTTONS],
        detail={
            "outcome": "ticket" if ticket else "smalltalk",
            "ticket": ticket.number if ticket else None,
            "rating": rating.id if times == 1 else None,  # the second one tells news as well
        },
        delivery=at_first(thread.channel),
        created_at=desk.clock(),
    )
    session.add(message)
    await session.flush()
    return message
