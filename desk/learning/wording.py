"""The words of a group that may become public: none that tell of a person, and by what a question is known without them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Question
from knowledge.learning.models import UnansweredGroup, UnansweredQuestion
from knowledge.search.text import normalise
from staff.masks import masked_text
from tickets.lists import names_of

MOST_QUESTIONS = 50
LONGEST_QUESTION = 100
_SHORTEST_NAME = 2


class DecisionRefused(ValueError):
    """It cannot be done; the message says why, for a person."""


async def clean_texts(session: AsyncSession, group_id: int, chosen: Collection[int]) -> list[str]:
    """The words of those questions of the group. Raises `DecisionRefused` where they tell of a person."""
    if len(chosen) > MOST_QUESTIONS:
        raise DecisionRefused(f"一次最多选 {MOST_QUESTIONS} 个问法。")
    rows = (
        await session.scalars(
            select(Question)
            .join(UnansweredQuestion, UnansweredQuestion.message_id == Question.message_id)
            .where(UnansweredQuestion.group_id == group_id, Question.message_id.in_(list(chosen)))
            .order_by(Question.message_id)
        )
    ).all()
    if len(rows) != len(set(chosen)):
        raise DecisionRefused("选中的问法里有的已经不在这一组，请刷新页面再选。")
    clean = await _clean(session, rows)
    if len(clean) != len(rows):
        raise DecisionRefused("选中的问法里有姓名、电话或企业名称，不能公开。请改写成自己的话再加。")
    return list(dict.fromkeys(worded(row.text) for row in rows))


async def _clean(session: AsyncSession, rows: Sequence[Question]) -> list[Question]:
    """Those that tell of nobody."""
    names = await names_of(session, {row.thread_id for row in rows})

    def told(row: Question) -> list[str]:
        return [name for name in names.get(row.thread_id, ()) if len(name) >= _SHORTEST_NAME]

    return [row for row in rows if masked_text(row.text, told(row)) == row.text]


async def first_clean(session: AsyncSession, group: UnansweredGroup, seen: Sequence[int] | None) -> str:
    """The question that stands for the group, else the next that tells of nobody; "" where there is none."""
    query = (
        select(Question)
        .join(UnansweredQuestion, UnansweredQuestion.message_id == Question.message_id)
        .where(UnansweredQuestion.group_id == group.id)
        .order_by(Question.message_id != group.lead, Question.message_id)
        .limit(MOST_QUESTIONS)
    )
    if seen is not None:
        query = query.where(Question.message_id.in_(list(seen)))
    clean = await _clean(session, (await session.scalars(query)).all())
    return next((text for row in clean if (text := " ".join(row.text.split())) and normalise(text)), "")


def worded(text: str) -> str:
    """A question as it is kept. Raises `DecisionRefused`."""
    plain = " ".join(text.split())
    if len(plain) > LONGEST_QUESTION:
        raise DecisionRefused(f"每个问法不超过 {LONGEST_QUESTION} 字，太长的请改写。")
    if plain and not normalise(plain):
        raise DecisionRefused("问法里要有文字。")
    if masked_text(plain, ()) != plain:
        raise DecisionRefused("问法里不能有电话、证件号码、邮箱这类个人信息。")
    return plain


def mark_of(text: str) -> str:
    """What a question is known by, without its words: the group keeps none."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:16]


def marks_of(content: Mapping[str, Any]) -> set[str]:
    """The marks of all by which an article is asked for."""
    return {mark_of(text) for text in (content["title"], *content["aliases"], *content["questions"])}
