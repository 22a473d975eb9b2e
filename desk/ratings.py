"""好差评: how content somebody is with a talk, in the five levels of 国办发〔2019〕51号."""

from __future__ import annotations

import re

from sqlalchemy import select

from conversations.models import Rating, Thread
from desk.announcing import announce_rating
from desk.articles import COMPLAINT, HUMAN
from desk.desk import Desk
from desk.values import Button, Reply

LEVELS = {"非常满意": 5, "满意": 4, "基本满意": 3, "不满意": 2, "非常不满意": 1}
_WORDS = (
    (r"非常不满|很不满|太差|极差|一星|1星|1分", 1),
    (r"不满意?|差评|二星|2星|2分", 2),
    (r"基本满意|一般|还行|三星|3星|3分", 3),
    (r"非常满意|很满意|特别满意|五星|5星|5分|好评|满分", 5),
    (r"满意|四星|4星|4分", 4),
)


def level_of(text: str) -> int | None:
    """5 to 1, or None where the text names no level."""
    return next((level for words, level in _WORDS if re.search(words, text)), None)


async def rate(desk: Desk, thread_id: str, text: str) -> Reply:
    """Keep the level that the text names for the present talk; a later one takes its place."""
    level = level_of(text)
    if level is None:
        return Reply(
            "请为这次服务评价：",
            outcome="smalltalk",
            buttons=tuple(Button(name, "/rate") for name in LEVELS),
        )
    async with desk.database.write() as session:
        thread = await session.get_one(Thread, thread_id)
        rating = await session.scalar(
            select(Rating).where(Rating.thread_id == thread_id, Rating.talk == thread.talk)
        )
        if rating is None:
            rating = Rating(id=desk.new_id(), thread_id=thread_id, talk=thread.talk)
            session.add(rating)
        changed = rating.level != level
        rating.level, rating.rated_at = level, desk.clock()
        if changed:  # the same again, as when a turn is taken twice, is no news
            await announce_rating(desk, session, level=level, channel=thread.channel, at=rating.rated_at)
    if level <= 2:
        return Reply(
            "已收到您的评价，很抱歉没有让您满意。可以说说哪里不好，登记成投诉会有人核实处理，也可以转人工。",
            outcome="smalltalk",
            buttons=(COMPLAINT, HUMAN),
        )
    return Reply("已收到您的评价，谢谢。", outcome="smalltalk")
