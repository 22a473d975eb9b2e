"""Who is told of what: the staff as they are at this moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.accounts import who_may
from staff.models import Account, StaffSession
from staff.roles import Permission
from tickets.limits import Timed
from tickets.models import Officer, Rectification, Ticket
from tickets.rectification_states import CaseState

# Who has done nothing for so long is not taken to be at the desk.
_SEEN_WITHIN = timedelta(minutes=30)
_DISPATCHER_OF = frozenset({Timed.DECIDE, Timed.DISPATCH})
_HANDLER_OF = frozenset({Timed.SIGN, Timed.HANDLE})


@dataclass(frozen=True, slots=True)
class Recipients:
    """The active accounts by what they may do, and those at the desk now. Officers: enterprise's code -> account."""

    handlers: Sequence[Account]
    dispatchers: Sequence[Account]
    reviewers: Sequence[Account]
    supervisors: Sequence[Account]
    arbiters: Sequence[Account]
    agents: Sequence[Account]
    present: Collection[str]
    officers: Mapping[str, str]

    def working(self, ticket: Ticket) -> list[str]:
        """Who has the ticket in hand: who signed, else the department, else who dispatches."""
        if ticket.department is None:
            return _ids(self.dispatchers)
        of_it = [one.id for one in self.handlers if one.department == ticket.department]
        if ticket.handler in of_it:
            return [str(ticket.handler)]
        # A confidential one that somebody has signed for is shown to no colleague.
        return [] if ticket.confidential and ticket.handler else of_it

    def heading(self, ticket: Ticket) -> list[str]:
        """Who answers for the department: its reviewers, else those of no department, else who supervises."""
        return self.heading_department(ticket.department)

    def heading_department(self, department: str | None) -> list[str]:
        """The same by the department's key."""
        own = [one.id for one in self.reviewers if department and one.department == department]
        return own or [one.id for one in self.reviewers if not one.department] or _ids(self.supervisors)

    def dispatching(self) -> list[str]:
        """Who accepts and dispatches."""
        return _ids(self.dispatchers)

    def supervising(self) -> list[str]:
        """Who supervises."""
        return _ids(self.supervisors)

    def arbitrating(self) -> list[str]:
        """Who says whose a ticket is that departments keep returning: who was named for it, else who supervises."""
        return _ids(self.arbiters) or self.supervising()

    def mending(self, case: Rectification, ticket: Ticket | None) -> list[str]:
        """Who deals with a bad rating: who got in touch, else the department; of a talk, or where nobody is, supervisors."""
        above = _ids(self.supervisors)
        of_it = [one.id for one in self.handlers if ticket and one.department == case.department]
        if ticket and ticket.confidential:  # shown to no colleague of who signed for it
            of_it = [one for one in of_it if one == ticket.handler]
        if case.handler in {*of_it, *above}:
            return [str(case.handler)]
        return of_it or above

    def deciding(self, case: Rectification) -> list[str]:
        """Who decides about what was proposed for a bad rating; nobody of their own proposal."""
        appealed = case.state is CaseState.APPEALED
        found = _ids(self.supervisors) if appealed else self.heading_department(case.department)
        return [one for one in found if one != case.proposed_by]

    def responsible(self, timed: Timed, ticket: Ticket) -> list[str]:
        """Who has to keep a limit; those above them where nobody is left."""
        if timed in _DISPATCHER_OF:
            found = _ids(self.dispatchers)
        elif timed in _HANDLER_OF:
            found = self.working(ticket)
        elif timed is Timed.REVIEW:
            found = self.heading(ticket)
        elif timed is Timed.CALL_BACK:
            found = self.calling_back()
        else:
            found = _ids(self.supervisors)
        return found or self.heading(ticket)

    def calling_back(self) -> list[str]:
        """Who asks the enterprise whether the answer helped."""
        return _ids(self.agents)

    def on_duty(self) -> list[str]:
        """Agents at the desk; all of them where nobody is."""
        return [one.id for one in self.agents if one.id in self.present] or _ids(self.agents)

    def officer_of(self, ticket: Ticket) -> str | None:
        """Who looks after the enterprise, unless it asked for confidence."""
        return None if ticket.confidential else self.officers.get(ticket.credit_code or "")


async def recipients(session: AsyncSession, now: datetime, codes: Collection[str]) -> Recipients:
    """Everybody; officers of the enterprises with those codes."""
    return Recipients(
        handlers=await who_may(session, Permission.TICKETS_HANDLE),
        dispatchers=await who_may(session, Permission.TICKETS_DISPATCH),
        reviewers=await who_may(session, Permission.TICKETS_REVIEW),
        supervisors=await who_may(session, Permission.TICKETS_SUPERVISE),
        arbiters=await who_may(session, Permission.TICKETS_ARBITRATE),
        agents=await who_may(session, Permission.CONVERSATIONS_ANSWER),
        present=await _present(session, now),
        officers=await _officers(session, codes),
    )


async def _present(session: AsyncSession, now: datetime) -> set[str]:
    rows = await session.scalars(
        select(StaffSession.account_id).where(
            StaffSession.expires_at > now, StaffSession.seen_at > now - _SEEN_WITHIN
        )
    )
    return set(rows)


async def _officers(session: AsyncSession, codes: Collection[str]) -> dict[str, str]:
    if not codes:
        return {}
    rows = (await session.scalars(select(Officer).where(Officer.credit_code.in_(codes)))).all()
    ids = {row.officer for row in rows} | {row.deputy for row in rows if row.deputy}
    active = set(await session.scalars(select(Account.id).where(Account.id.in_(ids), Account.active)))
    return {
        row.credit_code: who
        for row in rows
        if (who := next((one for one in (row.officer, row.deputy) if one in active), None))
    }


def _ids(accounts: Sequence[Account]) -> list[str]:
    return [account.id for account in accounts]
