"""好差评: how content somebody is with a talk (一次一评) or a ticket (一事一评); the two lowest levels open a 差评 case.

A rating may be changed within `Desk.rating_window`. One that opened a case stands: it is looked into by people, and after that
the enterprise is asked once more (追评).
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.circles import people_of
from conversations.models import Holder, Rating, RatingStage, Thread
from conversations.ratings import asked_of, of_talk, of_ticket
from conversations.threads import lock
from desk.announcing import announce_rating
from desk.articles import COMPLAINT, HUMAN
from desk.desk import Desk
from desk.rating_words import (
    GOOD_FROM,
    LEVEL_BUTTONS,
    LEVEL_NAMES,
    LEVELS,
    NO_COMMENT,
    NO_TAGS,
    level_of,
    tags_for,
)
from desk.rules import rules
from desk.values import Button, Reply
from staff.accounts import department_of
from tickets.life import ENTERPRISE
from tickets.limits import Level, Timed
from tickets.models import Ticket
from tickets.rectification import BAD_UP_TO, CaseDoing, Rated, of_rating, open_case, take_case_step
from tickets.rectification_states import CaseStep
from tickets.states import Actor, State
from tickets.tickets import by_number

__all__ = ["LEVELS", "give", "level_of", "rate"]

_NUMBER = re.compile(r"([A-Za-z]{2,4})[\s-]*(\d{8})[\s-]*(\d{4,6})")
_AGAIN_TIMES = 4
# Where a ticket may be rated.
ENDED = (State.CLOSED, State.ARCHIVED)


async def rate(desk: Desk, thread_id: str, text: str, *, message_id: int | None = None) -> Reply:
    """Keep the level that the text names, or ask for one.

    It is of the ticket that the text names, else of what the thread is asked to rate, else of the present talk.
    """
    async with desk.database.write() as session:
        await lock(session, thread_id)
        thread = await session.get_one(Thread, thread_id)
        named = _NUMBER.search(text)
        if named:
            number = f"{named[1].upper()}-{named[2]}-{named[3]}"
            found = await _of_number(desk, session, thread, number)
            if isinstance(found, Reply):
                return found
            rating, text = found, text[: named.start()] + text[named.end() :]
        else:
            rating = await _meant(desk, session, thread, message_id)
        level = level_of(text)
        if level is None:
            return await _asked(desk, session, rating, message_id)
        return await give(desk, session, rating, level, message_id)


async def give(
    desk: Desk, session: AsyncSession, rating: Rating, level: int, message_id: int | None
) -> Reply:
    """Take a level for a rating whose row is locked, or say why it is not taken; what comes next."""
    now = desk.clock()
    if message_id is not None and rating.heard == message_id:  # a repeated turn says the same again
        again = rating.again_level is not None and rating.stage is RatingStage.DONE
        return await _thanks_again(session, rating) if again else await tags_question(desk, session, rating)
    if rating.stage is RatingStage.AGAIN:
        return await _given_again(desk, session, rating, level, message_id)
    begun = rating.rated_at or rating.asked_at or rating.owed_at
    if begun is not None and now > begun + desk.rating_window:
        days = desk.rating_window.days
        return await about(
            session,
            rating,
            f"评价和修改评价要在 {days} 天以内，现在已经过了。有问题可以转人工，或登记投诉。",
            (COMPLAINT, HUMAN),
        )
    if rating.level is not None and await of_rating(session, rating.id) is not None:
        return await about(
            session, rating,
            f"您评的“{LEVEL_NAMES[rating.level]}”已经在核实整改，不能再改，整改以后会请您再评一次。评错了的，请在工作人员联系时说明。",
            (HUMAN,),
        )  # fmt: skip
    changed = level != rating.level
    if changed:
        rating.tags = []
    rating.level, rating.rated_at, rating.heard, rating.stage = level, now, message_id, RatingStage.TAGS
    if changed:  # the same again is no news
        await _announce(desk, session, rating, level, now)
    if level <= BAD_UP_TO:
        await _open_case(desk, session, rating, level)
    await session.flush()
    return await tags_question(desk, session, rating)


async def _announce(desk: Desk, session: AsyncSession, rating: Rating, level: int, at: datetime) -> None:
    """Tell other systems. A ticket's rating is of the channel that it is given in."""
    thread = await session.get_one(Thread, rating.thread_id)
    ticket = await session.get(Ticket, rating.ticket_id) if rating.ticket_id else None
    await announce_rating(desk, session, rating.id, level=level, channel=thread.channel, at=at, ticket=ticket)


def still_asked(desk: Desk, rating: Rating) -> bool:
    """Whether the question for a level counts still. The second one waits longer: it brings news, which may have been held."""
    times = _AGAIN_TIMES if rating.stage is RatingStage.AGAIN else 1
    return rating.asked_at is not None and desk.clock() <= rating.asked_at + desk.rating_window * times


async def tags_question(desk: Desk, session: AsyncSession, rating: Rating) -> Reply:
    """What was good, or bad: asked after a level was given."""
    level = rating.level or 0
    tags = tags_for(level, of_ticket=rating.ticket_id is not None)
    said = f"已收到您的评价“{LEVEL_NAMES[level]}”"
    if level <= BAD_UP_TO:
        contact, rectify = (
            desk.limits.of(t, Level.GENERAL).limit.text() for t in (Timed.CONTACT, Timed.RECTIFY)
        )
        text = (
            f"{said}，很抱歉没有让您满意。工作人员会在{contact}内联系您核实，{rectify}内整改反馈。哪里不好？"
        )
        more: tuple[Button, ...] = (COMPLAINT, HUMAN)
    else:
        text = f"{said}，谢谢。{'哪里好？' if level >= GOOD_FROM else '哪里可以做得更好？'}"
        more = ()
    buttons = (*(Button(tag, "/rate") for tag in tags), NO_TAGS, *more)
    return await about(session, rating, f"{text}可以选一项，也可以回复几个序号，如“1、3”。", buttons)


async def comment_question(session: AsyncSession, rating: Rating) -> Reply:
    """Their own words: asked after the tags."""
    return await about(session, rating, "记下了。还有想说的吗？直接写在这里，不写也可以。", (NO_COMMENT,))


async def about(session: AsyncSession, rating: Rating, text: str, buttons: tuple[Button, ...] = ()) -> Reply:
    """A reply about a rating: of a ticket, it belongs to that."""
    ticket = await session.get(Ticket, rating.ticket_id) if rating.ticket_id else None
    return Reply(
        text, outcome="smalltalk", buttons=buttons, ticket=ticket.number if ticket else None, rating=rating.id
    )


async def _asked(desk: Desk, session: AsyncSession, rating: Rating, message_id: int | None) -> Reply:
    if rating.level is None and rating.stage is not RatingStage.AGAIN:
        rating.stage, rating.asked_at = RatingStage.LEVEL, rating.asked_at or desk.clock()
        rating.question_id = message_id
    what = await _name(session, rating)
    return await about(session, rating, f"请为{what}评价：", LEVEL_BUTTONS[:-1])


async def _name(session: AsyncSession, rating: Rating) -> str:
    ticket = await session.get(Ticket, rating.ticket_id) if rating.ticket_id else None
    return f"工单 {ticket.number} 的办理" if ticket else "这次服务"


async def _of_number(desk: Desk, session: AsyncSession, thread: Thread, number: str) -> Rating | Reply:
    """The rating of a ticket of the person's own, or what is in its way."""
    ticket = await by_number(session, number)
    if ticket is None or ticket.person_id not in await people_of(session, thread.person_id):
        return Reply(
            "没有找到您的这张工单，请核对编号。要评价的工单只能由提交它的企业评价。",
            outcome="smalltalk",
            buttons=(HUMAN,),
        )
    if ticket.state not in ENDED:
        return Reply(
            f"工单 {number} 还没有办结，办结以后会请您评价。",
            outcome="ticket",
            ticket=number,
            buttons=(HUMAN,),
        )
    await session.refresh(ticket, with_for_update={"key_share": True})
    rating = await of_ticket(session, ticket.id)
    if rating is None:
        rating = Rating(
            id=desk.new_id(),
            ticket_id=ticket.id,
            thread_id=thread.id,
            stage=RatingStage.DONE,
            tags=[],
            comment="",
        )
        session.add(rating)
        await session.flush()
    await session.refresh(rating, with_for_update=True)
    rating.thread_id = thread.id  # what is asked next is asked where it was rated
    return rating


async def _meant(desk: Desk, session: AsyncSession, thread: Thread, message_id: int | None) -> Rating:
    """What the thread is asked to rate, else its present talk; the row is locked."""
    found = None
    for asked in await asked_of(session, thread.id, message_id or 0):
        fresh = still_asked(desk, asked)
        if asked.heard == message_id or (fresh and asked.stage in (RatingStage.LEVEL, RatingStage.AGAIN)):
            found = asked
            break
    found = found or await of_talk(session, thread.id, thread.talk)
    if found is None:
        found = Rating(
            id=desk.new_id(),
            thread_id=thread.id,
            talk=thread.talk,
            stage=RatingStage.DONE,
            tags=[],
            comment="",
        )
        session.add(found)
        await session.flush()
    await session.refresh(found, with_for_update=True)
    return found


async def _open_case(desk: Desk, session: AsyncSession, rating: Rating, level: int) -> None:
    ticket = await session.get(Ticket, rating.ticket_id) if rating.ticket_id else None
    thread = await session.get(Thread, rating.thread_id) if rating.thread_id else None
    department = ticket.department if ticket else None
    if ticket is None and thread is not None and (agent := _agent_of(desk, thread)):
        department = await department_of(session, agent)
    rated = Rated(
        rating.id, level, desk.clock(), department=department,
        ticket_id=rating.ticket_id, thread_id=None if rating.ticket_id else rating.thread_id,
    )  # fmt: skip
    await open_case(session, rated, await rules(desk, session))


def _agent_of(desk: Desk, thread: Thread) -> str | None:
    """Who on the staff had the present talk; None where the bot had it alone."""
    if thread.holder is Holder.STAFF:
        return thread.staff
    ended = thread.ended_at
    return thread.staff if ended is not None and desk.clock() - ended < desk.talk_idle else None


async def _given_again(
    desk: Desk, session: AsyncSession, rating: Rating, level: int, message_id: int | None
) -> Reply:
    """追评: both levels are kept."""
    rating.again_level, rating.again_at, rating.heard = level, desk.clock(), message_id
    rating.stage = RatingStage.DONE
    case = await of_rating(session, rating.id)
    if case is not None and case.again_level is None:
        name = LEVEL_NAMES[level]
        doing = CaseDoing(ENTERPRISE, frozenset({Actor.ENTERPRISE}), desk.clock(), f"追评：{name}")
        await take_case_step(session, case, CaseStep.RATED_AGAIN, doing)
        case.again_level, case.again_at = level, desk.clock()
    return await _thanks_again(session, rating)


async def _thanks_again(session: AsyncSession, rating: Rating) -> Reply:
    level = rating.again_level or 0
    text = f"已收到您的追评“{LEVEL_NAMES[level]}”，谢谢。"
    if level <= BAD_UP_TO:
        return await about(
            session, rating, f"{text}很抱歉仍然没有让您满意，可以转人工，或者登记投诉。", (COMPLAINT, HUMAN)
        )
    return await about(session, rating, text)
