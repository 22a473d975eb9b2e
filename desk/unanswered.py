"""The list of questions that nobody could answer: what staff put into it from a talk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import NotedQuestion
from conversations.questions import NOTED, asked_of_staff
from staff.masks import masked_text
from store.inserts import insert_into
from tickets.lists import names_of

MOST_LETTERS = 500
REASONS = ("知识库里没有", "回答得不对", "回答得不全", "听不懂这种说法", "其他")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a thread, by the message that asked it. `reason`: one of `REASONS`, or what else is to be said."""

    thread_id: str
    message_id: int
    text: str
    reason: str


async def note_question(session: AsyncSession, asked: Asked, *, noted_by: str, at: datetime) -> bool:
    """Put the question into the list, without names and numbers. False: its message is in it already."""
    names = (await names_of(session, [asked.thread_id])).get(asked.thread_id, set())
    added = await session.scalar(
        insert_into(session, NotedQuestion)
        .values(
            thread_id=asked.thread_id,
            message_id=asked.message_id,
            text=masked_text(asked.text.strip(), names)[:MOST_LETTERS],
            reason=asked.reason,
            noted_by=noted_by,
            at=at,
        )
        .on_conflict_do_nothing()
        .returning(NotedQuestion.id)
    )
    if added is not None:
        await asked_of_staff(session, _question(asked, at))
    return added is not None


def _question(asked: Asked, at: datetime) -> dict[str, Any]:
    """Where staff held the thread, the bot never saw the question; the list is made of those in `questions`."""
    return {
        "message_id": asked.message_id, "thread_id": asked.thread_id, "text": asked.text.strip()[:MOST_LETTERS],
        "outcome": NOTED, "options": [], "asked_at": at,
    }  # fmt: skip
