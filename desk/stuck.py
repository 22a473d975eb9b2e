"""Confidential tickets that nobody can work any more: who signed for them is disabled, elsewhere, or handles no tickets."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.accounts import who_may
from staff.roles import Permission
from tickets.models import Ticket
from tickets.states import IN_HAND


async def stuck(session: AsyncSession) -> frozenset[str]:
    """Their ids. Others are worked by any colleague of the department; these only their handler sees."""
    signed = await session.execute(
        select(Ticket.id, Ticket.handler, Ticket.department).where(
            Ticket.confidential, Ticket.state.in_(IN_HAND), Ticket.handler.is_not(None)
        )
    )
    there = {(one.id, one.department) for one in await who_may(session, Permission.TICKETS_HANDLE)}
    return frozenset(id for id, handler, department in signed if (handler, department) not in there)
