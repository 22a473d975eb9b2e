"""What happened to a ticket cannot be written anew: the database itself refuses it, but for words whose time is over."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from store.database import Database
from tests.tickets.test_tickets import MONDAY, opened
from tickets.models import TicketEvent
from tickets.retention import clear
from tickets.states import State
from tickets.tickets import events


@pytest.mark.parametrize(
    "change",
    [
        update(TicketEvent).values(after=State.CLOSED),
        update(TicketEvent).values(by="somebody else"),
        update(TicketEvent).values(at=MONDAY.replace(year=2020)),
        update(TicketEvent).values(note="改过的话"),
        update(TicketEvent).values(note="", by="somebody else"),
        delete(TicketEvent),
    ],
)
async def test_it_is_refused_by_the_database(change: object, database: Database) -> None:
    ticket = await opened(database, 1)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            await session.execute(change)  # type: ignore[call-overload]
    async with database.read() as session:
        (event,) = await events(session, ticket.id)
    assert (event.after, event.by) == (State.SUBMITTED, "enterprise")


async def test_words_whose_time_is_over_are_cleared(database: Database) -> None:
    ticket = await opened(database, 1)
    async with database.write() as session:
        await clear(session, [ticket.id], at=MONDAY)
    async with database.read() as session:
        assert [event.note for event in await events(session, ticket.id)] == [""]
