"""Talks and tickets that come to be rated."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from conversations.models import Author, Message, Rating, Thread
from desk.desk import Desk
from desk.rating_asking import ask_for_ratings
from tests.desk.casework import move_ticket
from tests.desk.people import Somebody
from tickets.life import Doing
from tickets.limits import Level
from tickets.models import Rectification, Ticket
from tickets.states import MOVE_OF, Step

TO_CLOSED = (
    Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED, Step.DRAFTED, Step.RELEASED, Step.CALL_BACK_DUE, Step.CALLED_BACK,
)  # fmt: skip


async def takes(desk: Desk, ticket: Ticket, *steps: Step) -> None:
    for step in steps:
        actor = sorted(MOVE_OF[step].actors)[0]
        doing = Doing(
            actor.value,
            actor,
            desk.clock(),
            "情况",
            level=Level.GENERAL,
            department="water",
            text="已经恢复。",
        )
        await move_ticket(desk, ticket.id, step, doing)


async def closed(desk: Desk, somebody: Somebody) -> Ticket:
    """A ticket of theirs that is closed, and asked about."""
    ticket = await somebody.files()
    await takes(desk, ticket, *TO_CLOSED)
    assert await ask_for_ratings(desk) == 1
    return ticket


async def last_of(desk: Desk, somebody: Somebody) -> Message:
    """The last that was said to them."""
    async with desk.database.read() as session:
        found = await session.scalar(
            select(Message)
            .join(Thread, Thread.id == Message.thread_id)
            .where(Thread.channel == somebody.channel, Message.author.in_((Author.BOT, Author.SYSTEM)))
            .order_by(Message.id.desc())
            .limit(1)
        )
    assert found is not None
    return found


async def says(desk: Desk, somebody: Somebody, text: str) -> Message:
    await somebody.writes(text)
    return await last_of(desk, somebody)


async def ratings(desk: Desk) -> Sequence[Rating]:
    async with desk.database.read() as session:
        return (await session.scalars(select(Rating).order_by(Rating.owed_at))).all()


async def cases(desk: Desk) -> Sequence[Rectification]:
    async with desk.database.read() as session:
        return (await session.scalars(select(Rectification))).all()


def titles(message: Message) -> list[str]:
    return [str(button["title"]) for button in message.buttons]
