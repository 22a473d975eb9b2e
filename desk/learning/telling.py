"""有答案时告诉我: agreed to with a button, and kept once the answer is published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Message, Person, Question, Thread
from conversations.questions import asked_before
from desk.articles import article_reply
from desk.desk import Desk
from desk.notices import tell
from desk.values import Button, Reply
from knowledge.article import Article
from knowledge.learning.models import AnswerWish, GroupState, UnansweredGroup, UnansweredQuestion
from knowledge.models import ArticleRow
from knowledge.search.aspect import asked_aspect
from store.clock import CITY_ZONE

_SHOWN = 60  # letters of the question that is answered
_AT_ONCE = 200
NOT_ANY_MORE = Button("不用告诉我了", "/tell_me_not")


async def agree(desk: Desk, thread_id: str, message_id: int) -> Reply:
    """Note the wish for the question before this message. Said again, it changes nothing."""
    async with desk.database.write() as session:
        question = await _last_question(desk, session, thread_id, message_id)
        if question is None:
            return Reply("没有找到要等答案的问题。请把问题再问一次。", outcome="smalltalk")
        wish = await session.get(AnswerWish, question.message_id)
        if wish is None:
            session.add(
                AnswerWish(message_id=question.message_id, thread_id=thread_id, agreed_at=desk.clock())
            )
        elif wish.told_at is None:
            wish.open = True
    return Reply(
        f"好的，记下了。{desk.learning.tell_days} 天内有了可靠的答案，我会在这里告诉您。着急的话，可以转人工，或拨打 12345。",
        outcome="smalltalk",
        buttons=(NOT_ANY_MORE,),
    )


async def take_back(desk: Desk, thread_id: str) -> Reply:
    """Forget all wishes of the thread that are open."""
    async with desk.database.write() as session:
        await session.execute(
            update(AnswerWish)
            .where(AnswerWish.thread_id == thread_id, AnswerWish.open.is_(True))
            .values(open=False)
        )
    return Reply("好的，不再告诉您。以后想知道，随时来问。", outcome="smalltalk")


async def tell_answered(desk: Desk) -> int:
    """Tell those who agreed and whose question is answered now, each once; how many were told."""
    await desk.library.refresh()
    async with desk.database.read() as session:
        due = await _due(desk, session)
    told = 0
    for message_id, key in due:
        article = desk.library.article(key, desk.today())
        if article is not None:
            async with desk.database.write() as session:
                told += await _tell_one(desk, session, message_id, article)
    if told:
        desk.to_send.set()
    return told


async def _due(desk: Desk, session: AsyncSession) -> Sequence[tuple[int, str]]:
    """(message, article) of the oldest that can be told now: what cannot keeps nobody else waiting.

    Who was answered from that very article waits until somebody decides about the group, or publishes it anew: what it
    said did not help them.
    """
    since = desk.clock() - timedelta(days=desk.learning.tell_days)
    asked_at = UnansweredQuestion.asked_at
    news = or_(
        Question.article.is_(None),
        Question.article != UnansweredGroup.article,
        UnansweredGroup.decided_at > asked_at,
        ArticleRow.changed_at > asked_at,
    )
    answered = (
        select(AnswerWish.message_id, UnansweredGroup.article)
        .join(UnansweredQuestion, UnansweredQuestion.message_id == AnswerWish.message_id)
        .join(UnansweredGroup, UnansweredGroup.id == UnansweredQuestion.group_id)
        .join(Thread, Thread.id == AnswerWish.thread_id)
        .join(Question, Question.message_id == AnswerWish.message_id)
        .join(ArticleRow, ArticleRow.key == UnansweredGroup.article)
        .where(
            AnswerWish.open.is_(True),
            UnansweredGroup.state == GroupState.ANSWERED,
            asked_at >= since,
            news,
            Thread.leaving.is_(None),
        )
    )
    keys = await session.scalars(answered.with_only_columns(UnansweredGroup.article).distinct())
    in_force = [key for key in keys if key and desk.library.article(key, desk.today()) is not None]
    rows = await session.execute(
        answered.where(UnansweredGroup.article.in_(in_force)).order_by(AnswerWish.message_id).limit(_AT_ONCE)
    )
    return [(row[0], row[1] or "") for row in rows]


async def _tell_one(desk: Desk, session: AsyncSession, message_id: int, article: Article) -> int:
    wish = await session.get(AnswerWish, message_id, with_for_update=True, populate_existing=True)
    if wish is None or not wish.open:
        return 0  # taken back, or another process was faster
    thread = await session.get_one(Thread, wish.thread_id)
    if thread.leaving is not None:
        return 0  # they want no more of us
    question = await session.get_one(Question, message_id)
    person = await session.get_one(Person, thread.person_id)
    wish.open, wish.told_at = False, desk.clock()
    # Who asked the same several times hears it once.
    group = (await session.get_one(UnansweredQuestion, message_id)).group_id
    same = select(UnansweredQuestion.message_id).where(UnansweredQuestion.group_id == group)
    await session.execute(
        update(AnswerWish)
        .where(AnswerWish.thread_id == thread.id, AnswerWish.open.is_(True), AnswerWish.message_id.in_(same))
        .values(open=False, told_at=desk.clock())
        .execution_options(synchronize_session=False)
    )
    # What is not in it was asked for long ago: what there is comes without an excuse before it.
    aspect = asked_aspect(question.text)
    known = aspect if aspect in article.sections else None
    reply = article_reply(article, known, person.channel, root=desk.public_url)
    day = question.asked_at.astimezone(CITY_ZONE)
    asked = question.text if len(question.text) <= _SHOWN else f"{question.text[:_SHOWN]}……"
    text = f"您在{day.month}月{day.day}日问过“{asked}”，现在有答案了：\n{reply.text}"
    detail = {"outcome": "answered", "article": article.key, "aspect": reply.aspect}
    await tell(desk, session, person, text, key=f"answer:{message_id}", detail=detail)
    return 1


async def _last_question(
    desk: Desk, session: AsyncSession, thread_id: str, message_id: int
) -> Question | None:
    message = await session.get_one(Message, message_id)
    at = max(message.created_at, desk.clock())  # the channel's clock may be ahead of ours
    since = message.created_at - desk.talk_idle
    return await asked_before(session, thread_id, at, since, before_id=message_id)
