"""Ratings as rows: found, owed, kept apart from the person where a ticket keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Author, Holder, Message, Question, Rating, RatingStage, Thread
from store.ids import NewId

ASKING = (RatingStage.LEVEL, RatingStage.TAGS, RatingStage.COMMENT, RatingStage.AGAIN)
# Built once: it runs in every turn.
_ASKED = (
    select(Rating)
    .where(
        Rating.thread_id == bindparam("thread_id"),
        Rating.stage.in_(ASKING) | (Rating.heard == bindparam("message_id")),
    )
    .order_by(Rating.asked_at.desc())
    .limit(5)
)


async def asked_of(session: AsyncSession, thread_id: str, message_id: int) -> Sequence[Rating]:
    """The ratings that a thread is being asked for, and what that message was taken for; the newest question first."""
    rows = await session.scalars(_ASKED, {"thread_id": thread_id, "message_id": message_id})
    return rows.all()


async def of_talk(session: AsyncSession, thread_id: str, talk: int) -> Rating | None:
    """The rating of a talk."""
    return await session.scalar(select(Rating).where(Rating.thread_id == thread_id, Rating.talk == talk))


async def of_ticket(session: AsyncSession, ticket_id: str) -> Rating | None:
    """The rating of a ticket."""
    return await session.scalar(select(Rating).where(Rating.ticket_id == ticket_id))


async def owe(
    session: AsyncSession,
    thread_id: str,
    *,
    talk: int | None = None,
    ticket_id: str | None = None,
    at: datetime,
    new_id: NewId,
) -> Rating | None:
    """Note that a talk or a ticket is to be rated; None where it was noted before. Whoever calls holds its row's lock.

    A ticket that is closed once more is owed anew, where its enterprise has neither given a level nor declined to.
    """
    if ticket_id and await of_ticket(session, ticket_id) is not None:
        return await _owe_anew(session, ticket_id, at)
    if not ticket_id and await of_talk(session, thread_id, talk or 0) is not None:
        return None
    rating = Rating(
        id=new_id(), thread_id=thread_id, talk=talk, ticket_id=ticket_id, stage=RatingStage.OWED, owed_at=at
    )
    session.add(rating)
    await session.flush()
    return rating


async def free_of_ticket(session: AsyncSession, ticket_id: str) -> Rating | None:
    """The rating of a ticket, locked; None where there is none, or its enterprise is just giving it.

    Who rates may come to need the ticket's row, which whoever calls has: neither is to wait for the other.
    """
    found = select(Rating).where(Rating.ticket_id == ticket_id).with_for_update(skip_locked=True)
    return await session.scalar(found.execution_options(populate_existing=True))


async def _owe_anew(session: AsyncSession, ticket_id: str, at: datetime) -> Rating | None:
    rating = await free_of_ticket(session, ticket_id)
    if rating is None or rating.level is not None or rating.stage is RatingStage.DECLINED:
        return None
    rating.stage, rating.owed_at, rating.asked_at = RatingStage.OWED, at, None
    return rating


async def owed(session: AsyncSession, *, form_since: datetime, limit: int) -> Sequence[str]:
    """Ratings that can be asked for now, the oldest first: the bot has the thread, and no form of it since then waits."""
    last = (
        select(func.max(Message.id))
        .where(Message.thread_id == Rating.thread_id, Message.author == Author.BOT)
        .correlate(Rating)
        .scalar_subquery()
    )
    in_form = exists().where(
        Message.id == last, Message.detail["outcome"].as_string() == "form", Message.created_at > form_since
    )
    found = (
        select(Rating.id)
        .join(Thread, Thread.id == Rating.thread_id)
        .where(
            Rating.stage == RatingStage.OWED, Thread.holder == Holder.BOT, Thread.leaving.is_(None), ~in_form
        )
        .order_by(Rating.owed_at)
        .limit(limit)
    )
    return (await session.scalars(found)).all()


async def owed_too_long(session: AsyncSession, owed_before: datetime) -> bool:
    """Whether there are ratings that could not be asked for since that moment."""
    return bool(await session.scalar(select(exists().where(*_too_long(owed_before)))))


async def ask_no_more(session: AsyncSession, owed_before: datetime) -> None:
    """Give those up."""
    await session.execute(update(Rating).where(*_too_long(owed_before)).values(stage=RatingStage.DONE))


def _too_long(owed_before: datetime) -> tuple[ColumnElement[bool], ...]:
    return Rating.stage == RatingStage.OWED, Rating.owed_at < owed_before


async def unanswered(session: AsyncSession, asked_before: datetime, limit: int) -> Sequence[str]:
    """Ratings that were asked for before a moment and not given."""
    found = select(Rating.id).where(Rating.stage == RatingStage.LEVEL, Rating.asked_at < asked_before)
    return (await session.scalars(found.order_by(Rating.owed_at).limit(limit))).all()


async def quiet_talks(
    session: AsyncSession, *, since: datetime, until: datetime, asked_before: datetime, limit: int
) -> Sequence[str]:
    """Threads with the bot whose last message came in between, in which it answered something, and that were not asked
    for a rating of a talk since `asked_before`."""
    answered = exists().where(
        Question.thread_id == Thread.id, Question.outcome == "answered", Question.asked_at >= since
    )
    asked = exists().where(
        Rating.thread_id == Thread.id,
        Rating.talk.is_not(None),
        (Rating.talk == Thread.talk) | (Rating.owed_at >= asked_before),
    )
    found = (
        select(Thread.id)
        .where(
            Thread.last_message_at > since,
            Thread.last_message_at <= until,
            Thread.holder == Holder.BOT,
            Thread.leaving.is_(None),
            answered,
            ~asked,
        )
        .order_by(Thread.last_message_at)
        .limit(limit)
    )
    return (await session.scalars(found)).all()


async def part_from(session: AsyncSession, thread_id: str) -> None:
    """Take the ratings of tickets from their thread: they go on with the tickets, and nobody is asked any more."""
    of_tickets = (Rating.thread_id == thread_id, Rating.ticket_id.is_not(None))
    await session.execute(
        update(Rating)
        .where(*of_tickets, Rating.stage.in_((RatingStage.OWED, *ASKING)))
        .values(stage=RatingStage.DONE)
    )
    await session.execute(update(Rating).where(*of_tickets).values(thread_id=None, question_id=None))


async def clear_of_tickets(session: AsyncSession, tickets: Sequence[str]) -> None:
    """Take out what was written; the levels and tags stay for the figures."""
    await session.execute(update(Rating).where(Rating.ticket_id.in_(tickets)).values(comment=""))
