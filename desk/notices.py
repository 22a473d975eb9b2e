"""What the desk tells somebody who has not just written: a message of the system in their own thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.messages import by_external_id
from conversations.models import Author, Delivery, Message, Person, Thread
from desk.desk import Desk
from desk.values import WEB


def at_first(channel: str) -> Delivery:
    """What becomes of a message when it is stored: the web page reads the rows themselves, other channels send."""
    return Delivery.SENT if channel == WEB else Delivery.PENDING


async def tell(
    desk: Desk,
    session: AsyncSession,
    person: Person,
    text: str,
    *,
    key: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Put a text into a person's thread, to be sent where the channel sends. The same key tells it once."""
    thread_id = await session.scalar(select(Thread.id).where(Thread.person_id == person.id))
    if thread_id is None or await by_external_id(session, person.channel, key) is not None:
        return
    session.add(
        Message(
            thread_id=thread_id,
            author=Author.SYSTEM,
            channel=person.channel,
            external_id=key,
            text=text,
            detail=dict(detail or {}),
            delivery=at_first(person.channel),
            created_at=desk.clock(),
        )
    )
