"""Hearing the answer to a question about a rating, before the dialogue model does: what is none, goes on to that."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Message, Rating, RatingStage
from conversations.ratings import asked_of
from conversations.threads import lock
from desk.answers import Asked, answers_surely
from desk.desk import Desk
from desk.options import pick, titled
from desk.rating_words import (
    COMMENT_LETTERS,
    LEVEL_BUTTONS,
    LEVELS,
    NO_COMMENT,
    NO_RATING,
    NO_TAGS,
    tags_for,
    tags_picked,
    to_the_assistant,
)
from desk.ratings import about, comment_question, give, still_asked, tags_question
from desk.values import Button, Reply
from tickets.rectification import BAD_UP_TO, of_rating

_LEVEL_ASKED = (RatingStage.LEVEL, RatingStage.AGAIN)
_TITLES = [button.as_json() for button in LEVEL_BUTTONS]


async def hear(desk: Desk, message: Message, last: Message | None) -> Reply | None:
    """The reply to a message that answers a question about a rating; None: it is about something else.

    `last`: what the bot said last. The same message is taken once.
    """
    async with desk.database.read() as session:
        asked = await asked_of(session, message.thread_id, message.id)
    if not asked:
        return None
    # What looks like a comment may be a question to the knowledge base: asked before anything is locked.
    other = await _wants_other(desk, message.text)
    async with desk.database.write() as session:
        await lock(session, message.thread_id)
        for rating in await asked_of(session, message.thread_id, message.id):
            await session.refresh(rating, with_for_update=True)
            if reply := await _heard(desk, session, rating, message, last, other=other):
                return _beside_a_form(reply, last)
    return None


async def _heard(
    desk: Desk, session: AsyncSession, rating: Rating, message: Message, last: Message | None, *, other: bool
) -> Reply | None:
    if rating.heard == message.id:
        return await _again(desk, session, rating, message.id)
    ours = last is not None and last.detail.get("rating") == rating.id
    shown_last = ours or last is None or (rating.question_id or 0) > last.id
    if rating.stage in _LEVEL_ASKED and still_asked(desk, rating):
        return await _level(desk, session, rating, message, numbers=shown_last)
    if not ours or last is None:
        return None
    # Who changes their mind names another level.
    if reply := await _level(desk, session, rating, message, numbers=False):
        return reply
    if rating.stage is RatingStage.TAGS:
        found = await _tags(session, rating, message, last)
        if found is not None:
            return found
    picked = pick(message.text, last.buttons, None)
    if (picked is not None and picked.payload != NO_COMMENT.payload) or (picked is None and other):
        return None
    return await _comment(session, rating, message, "" if picked else message.text)


async def _level(
    desk: Desk, session: AsyncSession, rating: Rating, message: Message, *, numbers: bool
) -> Reply | None:
    picked = pick(message.text, _TITLES, None) if numbers else titled(message.text, _TITLES)
    if picked is None:
        return None
    if picked.title == NO_RATING.title:
        if rating.stage not in _LEVEL_ASKED:
            return None
        # 追评 that is declined leaves the rating as it was.
        declined = rating.stage is RatingStage.LEVEL
        rating.stage = RatingStage.DECLINED if declined else RatingStage.DONE
        rating.heard = message.id
        return await about(session, rating, "好的，不评价了。以后想评价，随时说“我要评价”。")
    return await give(desk, session, rating, LEVELS[picked.title], message.id)


async def _tags(session: AsyncSession, rating: Rating, message: Message, last: Message) -> Reply | None:
    """What was picked; None where it is none of the tags."""
    offered = tags_for(rating.level or 0, of_ticket=rating.ticket_id is not None)
    tags: Sequence[str] = tags_picked(message.text, offered)
    picked: Button | None = None if tags else pick(message.text, last.buttons, None)
    if picked is not None and picked.title in offered:
        tags = (picked.title,)
    if not tags and (picked is None or picked.title != NO_TAGS.title):
        return None
    rating.tags, rating.stage, rating.heard = list(tags), RatingStage.COMMENT, message.id
    if case := await of_rating(session, rating.id):
        case.tags = list(tags)
    return await comment_question(session, rating)


async def _comment(session: AsyncSession, rating: Rating, message: Message, text: str) -> Reply:
    rating.stage, rating.heard = RatingStage.DONE, message.id
    if text:
        rating.comment = text.strip()[:COMMENT_LETTERS]
        if case := await of_rating(session, rating.id):
            case.comment = rating.comment
    return await _thanks(session, rating)


async def _thanks(session: AsyncSession, rating: Rating) -> Reply:
    if (rating.level or 0) <= BAD_UP_TO:
        return await about(session, rating, "已经记下，工作人员会联系您。谢谢您让我们知道。")
    return await about(session, rating, "已经记下，谢谢您的评价。")


async def _again(desk: Desk, session: AsyncSession, rating: Rating, message_id: int) -> Reply:
    """What was said to this message before."""
    match rating.stage:
        case RatingStage.TAGS:
            return await tags_question(desk, session, rating)
        case RatingStage.COMMENT:
            return await comment_question(session, rating)
        case RatingStage.DECLINED:
            return await about(session, rating, "好的，不评价了。以后想评价，随时说“我要评价”。")
    if rating.again_level is not None:
        return await give(desk, session, rating, rating.again_level, message_id)
    return await _thanks(session, rating)


async def _wants_other(desk: Desk, text: str) -> bool:
    """Whether a text wants something else of the assistant, as who asks about water gets water."""
    return to_the_assistant(text) or await answers_surely(desk, Asked(text, confidence=1.0))


def _beside_a_form(reply: Reply, last: Message | None) -> Reply:
    """While a form waits for an answer, no further question is put in its place."""
    if last is None or last.detail.get("outcome") != "form":
        return reply
    asked = last.detail
    return Reply(
        "已收到您的评价，谢谢。请接着回答上面的问题。",
        outcome="form",
        buttons=tuple(Button(str(b["title"]), str(b["payload"])) for b in last.buttons),
        ticket=asked.get("ticket"),
        default=asked.get("default"),
        form=asked.get("form"),
        intake=asked.get("intake"),
        asks=asked.get("asks"),
    )
