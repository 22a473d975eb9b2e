"""Examples for the dialogue model: suggested from real messages, confirmed by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Message, Question
from desk.desk import Desk
from desk.learning.intents import TOPIC, intent_names
from knowledge.learning.models import (
    GroupState,
    TrainingDecision,
    TrainingExample,
    UnansweredGroup,
    UnansweredQuestion,
)
from knowledge.models import ArticleRow
from knowledge.search.text import normalise
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from staff.masks import masked_text
from tickets.lists import names_of

UNSURE = 0.6
LONGEST = 100
MOST_EXAMPLES = 5_000
_LATELY = timedelta(days=90)


class ExampleRefused(ValueError):
    """It cannot be an example; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A message that would teach the model something. `intent`: what it probably means; `corrected`: staff said so."""

    question: Question
    message: Message
    intent: str
    corrected: bool


async def unsure(
    desk: Desk, session: AsyncSession, after: tuple[float, int] | None, limit: int
) -> list[Suggestion]:
    """Questions of the last 90 days that the model was not sure about, the least sure first."""
    query = (
        select(Question, Message)
        .join(Message, Message.id == Question.message_id)
        .outerjoin(TrainingDecision, TrainingDecision.message_id == Question.message_id)
        .where(
            Question.confidence < UNSURE,
            Question.asked_at >= desk.clock() - _LATELY,
            TrainingDecision.message_id.is_(None),
        )
        .order_by(Question.confidence, Question.message_id)
        .limit(limit)
    )
    if after is not None:
        sure, last = after
        query = query.where(
            or_(Question.confidence > sure, and_(Question.confidence == sure, Question.message_id > last))
        )
    known = intent_names()
    return [
        Suggestion(row[0], row[1], row[0].intent or "" if row[0].intent in known else "", corrected=False)
        for row in await session.execute(query)
    ]


async def corrected(desk: Desk, session: AsyncSession, limit: int) -> list[Suggestion]:
    """Questions for which staff named the article, and that the model took for something else."""
    rows = await session.execute(
        select(Question, Message, ArticleRow)
        .join(UnansweredQuestion, UnansweredQuestion.message_id == Question.message_id)
        .join(UnansweredGroup, UnansweredGroup.id == UnansweredQuestion.group_id)
        .join(ArticleRow, ArticleRow.key == UnansweredGroup.article)
        .join(Message, Message.id == Question.message_id)
        .outerjoin(TrainingDecision, TrainingDecision.message_id == Question.message_id)
        .where(
            UnansweredGroup.state == GroupState.ANSWERED,
            UnansweredQuestion.asked_at >= desk.clock() - _LATELY,
            TrainingDecision.message_id.is_(None),
        )
        .order_by(UnansweredGroup.askers.desc(), UnansweredGroup.id.desc(), Question.message_id)
        .limit(limit)
    )
    known, found = intent_names(), []
    for question, message, article in rows:
        intent = f"{TOPIC}{article.content['category']}"
        if intent in known and question.intent != intent:
            found.append(Suggestion(question, message, intent, corrected=True))
    return found


async def examples(
    session: AsyncSession, before: int | None = None, limit: int = 0
) -> Sequence[TrainingExample]:
    """The confirmed ones, the newest first; without a limit all of them."""
    query = select(TrainingExample).order_by(TrainingExample.id.desc())
    if before is not None:
        query = query.where(TrainingExample.id < before)
    return (await session.scalars(query.limit(limit) if limit else query)).all()


async def confirm(desk: Desk, member: Actor, message_id: int, text: str, intent: str) -> None:
    """A suggested message is an example, in these words. Confirmed again it stays one. Raises `ExampleRefused`."""
    async with desk.database.write() as session:
        question = await session.get(Question, message_id)
        if question is None:
            raise ExampleRefused("这条消息已经不在了（提问的人删除了信息）。")
        names = await names_of(session, [question.thread_id])
        told = [name for name in names.get(question.thread_id, ()) if len(name) > 1]
        await _add(desk, session, member, text, intent, told)
        await _decide(session, question, taken=True)


async def decline(desk: Desk, message_id: int) -> None:
    """A suggested message is no example: it is not suggested again. Raises `ExampleRefused`."""
    async with desk.database.write() as session:
        question = await session.get(Question, message_id)
        if question is not None:
            await _decide(session, question, taken=False)


async def add_example(desk: Desk, member: Actor, text: str, intent: str) -> None:
    """An example that somebody made up. Raises `ExampleRefused`."""
    async with desk.database.write() as session:
        await _add(desk, session, member, text, intent, ())


async def remove_example(desk: Desk, member: Actor, example_id: int) -> None:
    """The next training goes without it; nothing happens where it is gone."""
    async with desk.database.write() as session:
        example = await session.get(TrainingExample, example_id)
        if example is not None:
            await session.delete(example)
            _record(desk, session, member, "删除", example)


async def _add(
    desk: Desk, session: AsyncSession, member: Actor, text: str, intent: str, names: Sequence[str]
) -> None:
    plain = normalise(text)
    if intent not in intent_names():
        raise ExampleRefused("请在列表里选择这句话的意思。")
    if not plain or len(text.strip()) > LONGEST:
        raise ExampleRefused(f"例句要有文字，不超过 {LONGEST} 字。")
    if masked_text(text, names) != text:
        raise ExampleRefused("例句里有姓名、电话或企业名称，请改写以后再加。")
    known = await session.scalar(select(TrainingExample).where(TrainingExample.text == plain))
    if known is not None and known.intent != intent:
        meaning = intent_names().get(known.intent, known.intent)
        raise ExampleRefused(f"已有同样的例句，意思是“{meaning}”。要改，请先删除那一句。")
    if known is None:
        newest = await session.scalar(
            select(TrainingExample.id).order_by(TrainingExample.id.desc()).offset(MOST_EXAMPLES - 1).limit(1)
        )
        if newest is not None:
            raise ExampleRefused(f"例句最多 {MOST_EXAMPLES} 句，请先删除一些。")
        known = TrainingExample(text=plain, intent=intent, added_by=member.username, added_at=desk.clock())
        await _put(session, known, "这句话刚刚由别人加入，请刷新后再看。")
        _record(desk, session, member, "新增", known)


async def _decide(session: AsyncSession, question: Question, *, taken: bool) -> None:
    decision = await session.get(TrainingDecision, question.message_id)
    if decision is None:
        decision = TrainingDecision(message_id=question.message_id, thread_id=question.thread_id, taken=taken)
        await _put(session, decision, "这条消息刚刚由别人处理了，请刷新后再看。")
    else:
        decision.taken = decision.taken or taken


async def _put(session: AsyncSession, row: TrainingExample | TrainingDecision, otherwise: str) -> None:
    """Add a row. Raises `ExampleRefused` where somebody else has added it at this moment."""
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise ExampleRefused(otherwise) from None


def _record(desk: Desk, session: AsyncSession, member: Actor, what: str, example: TrainingExample) -> None:
    # Not its words: nobody can clear the audit log.
    detail = {what: f"第 {example.id} 句", "意思": intent_names().get(example.intent, example.intent)}
    audit.record(session, member, Action.TRAINING_EXAMPLE_CHANGED, at=desk.clock(), detail=detail)
