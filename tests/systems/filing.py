"""Enterprises that file complaints, and staff who move them, for the tests of other systems."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from conversations.threads import open_thread
from desk.complaints import submit
from desk.desk import Desk
from tests.console.ticket_office import VALUES
from tests.desk.casework import move_ticket
from tickets.life import Doing
from tickets.limits import Level
from tickets.models import Kind, Ticket
from tickets.states import Actor, Step


async def file(desk: Desk, message_id: int = 1, channel: str = "web", **values: str) -> Ticket:
    """A complaint of somebody."""
    async with desk.database.write() as session:
        thread = await open_thread(
            session, channel=channel, address=f"{channel}{message_id}", at=desk.clock(), new_id=desk.new_id
        )
    filled = {**VALUES, **values}
    await submit(desk, thread_id=thread.id, message_id=message_id, kind=Kind.COMPLAINT, values=filled)
    async with desk.database.read() as session:
        found = await session.scalar(select(Ticket).where(Ticket.confirmed_by == message_id))
    assert found is not None
    return found


async def accept(desk: Desk, ticket: Ticket, at: datetime | None = None) -> None:
    """A dispatcher accepts it."""
    doing = Doing("d1", Actor.DISPATCHER, at or desk.clock(), level=Level.GENERAL)
    await move_ticket(desk, ticket.id, Step.ACCEPTED, doing)


async def dispatch(desk: Desk, ticket: Ticket, department: str = "water") -> None:
    """A dispatcher sends it to a department."""
    doing = Doing("d1", Actor.DISPATCHER, desk.clock(), department=department)
    await move_ticket(desk, ticket.id, Step.DISPATCHED, doing)
