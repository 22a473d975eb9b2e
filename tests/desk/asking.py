"""Questions as the turns leave them behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from conversations.models import Author, Message, Person, Question, Rating, Thread, Turn
from conversations.threads import open_thread
from desk.desk import Desk
from knowledge.learning.models import UnansweredGroup


@dataclass
class Asking:
    """Has people ask; each question a second after the one before."""

    desk: Desk
    count: int = field(default=0)

    async def ask(
        self, who: str, text: str, outcome: str = "unknown", *, channel: str = "web", article: str | None = None,
        options: Sequence[str] = (), intent: str | None = None, confidence: float | None = None,
        at: datetime | None = None, detail: dict[str, object] | None = None,
    ) -> int:  # fmt: skip
        """One question; the id of its message."""
        self.count += 1
        at = at or self.desk.clock() + timedelta(seconds=self.count)
        async with self.desk.database.write() as session:
            thread = await open_thread(session, channel=channel, address=who, at=at, new_id=self.desk.new_id)
            message = Message(
                thread_id=thread.id, author=Author.PERSON, channel=channel, external_id=self.desk.new_id(),
                text=text, turn=Turn.DONE, created_at=at,
            )  # fmt: skip
            session.add(message)
            await session.flush()
            session.add(
                Message(
                    thread_id=thread.id, author=Author.BOT, channel=channel, answers_id=message.id, text="……",
                    detail={"outcome": outcome, "article": article, **(detail or {})}, created_at=at,
                )
            )  # fmt: skip
            session.add(
                Question(
                    message_id=message.id, thread_id=thread.id, text=text, outcome=outcome, article=article,
                    options=list(options), intent=intent, confidence=confidence, asked_at=at,
                )
            )  # fmt: skip
            return message.id

    async def rate(
        self, who: str, level: int, *, channel: str = "web", owed_at: datetime | None = None
    ) -> None:
        """Rate the talk."""
        at = self.desk.clock() + timedelta(minutes=1)
        async with self.desk.database.write() as session:
            thread = await open_thread(session, channel=channel, address=who, at=at, new_id=self.desk.new_id)
            session.add(
                Rating(
                    id=self.desk.new_id(), thread_id=thread.id, talk=thread.talk, level=level, owed_at=owed_at,
                    rated_at=at,
                )
            )  # fmt: skip

    async def groups(self) -> list[UnansweredGroup]:
        """All groups, the widest asked first."""
        async with self.desk.database.read() as session:
            rows = await session.scalars(
                select(UnansweredGroup).order_by(UnansweredGroup.askers.desc(), UnansweredGroup.id)
            )
            return list(rows)


async def thread_of(desk: Desk, who: str) -> str:
    """The thread of somebody who asked."""
    async with desk.database.read() as session:
        found = await session.scalar(
            select(Thread.id).join(Person, Person.id == Thread.person_id).where(Person.address == who)
        )
    assert found is not None
    return found
