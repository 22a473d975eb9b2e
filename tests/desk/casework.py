"""A step of somebody on the staff, for the tests that need a ticket to stand somewhere."""

from __future__ import annotations

from desk.casework import move
from desk.desk import Desk
from desk.rules import rules
from tickets.life import Doing
from tickets.models import Ticket
from tickets.states import Step


async def move_ticket(desk: Desk, ticket_id: str, step: Step, doing: Doing) -> None:
    """Take it, and tell the enterprise."""
    async with desk.database.write() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        await move(desk, session, ticket, step, doing, await rules(desk, session))
