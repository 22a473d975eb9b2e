"""A console with tickets in it, and the staff who work them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from sqlalchemy import select

from conversations.models import Thread
from conversations.threads import open_thread
from desk.casework import ring
from desk.complaints import submit
from desk.desk import Desk
from desk.dispatch import add_dispatch_rules
from staff.roles import Role
from tests.console.visit import House, Visit
from tests.fakes import HandClock
from tests.staff.people import account_of, employ
from tickets.models import Kind, Ticket
from tickets.states import State
from tickets.tickets import by_number

VALUES: Mapping[str, str] = {
    "enterprise": "平顶山某某商贸有限公司", "credit_code": "-", "contact": "李经理", "phone": "+8613800001234",
    "district": "新华区", "subject": "供水", "description": "停水三天没有人管", "wanted": "尽快恢复", "confidential": "否",
}  # fmt: skip


@dataclass
class Office:
    """The console, and who is in it by the name that they were called in with."""

    house: House
    desk: Desk
    staff: dict[str, Visit] = field(default_factory=dict)
    filed: int = 0

    async def call_in(self, username: str, *roles: Role, department: str | None = None) -> Visit:
        """Somebody new, signed in."""
        await employ(self.house.door, username, *roles, department=department)
        return await self._enter(username)

    async def next_day(self, clock: HandClock) -> None:
        """It is the next day: what time does is done, and everybody signs in again."""
        clock.advance(timedelta(days=1))
        await ring(self.desk)
        await self.enter_again()

    async def enter_again(self) -> None:
        """Everybody signs in again: sessions end with the day."""
        for username in self.staff:
            await self._enter(username)

    async def _enter(self, username: str) -> Visit:
        account = await account_of(self.desk.database, username)
        self.staff[username] = await self.house.signed_in(account)
        return self.staff[username]

    async def file(self, **values: str) -> str:
        """An enterprise files a complaint: its number."""
        self.filed += 1
        async with self.desk.database.write() as session:
            await add_dispatch_rules(session)
            address = f"somebody{self.filed}"
            thread: Thread = await open_thread(
                session, channel="web", address=address, at=self.desk.clock(), new_id=self.desk.new_id
            )
        await submit(
            self.desk,
            thread_id=thread.id,
            message_id=self.filed,
            kind=Kind.COMPLAINT,
            values={**VALUES, **values},
        )
        async with self.desk.database.read() as session:
            found = await session.scalars(select(Ticket.number).where(Ticket.thread_id == thread.id))
            return found.one()

    async def ticket(self, number: str) -> Ticket:
        """The ticket as it stands."""
        async with self.desk.database.read() as session:
            found = await by_number(session, number)
        assert found is not None
        return found

    async def state(self, number: str) -> State:
        """Where it stands."""
        return (await self.ticket(number)).state

    async def press(self, username: str, number: str, step: str, **fields: str) -> httpx.Response:
        """Open the ticket, fill in the form of a step, send it: the answer to that."""
        visit = self.staff[username]
        page = await visit.get(f"/console/tickets/{number}")
        assert step in steps_on(page), f"{username} is not offered {step}: {steps_on(page)}"
        return await visit.post(
            f"/console/tickets/{number}/steps/{step}", {"after": after_on(page), **fields}
        )


async def full_office(house: House, desk: Desk) -> Office:
    """Who dispatches (pai), handles water (ban) and gas (qi), reviews (shen), supervises (du) and calls back (zuo)."""
    office = Office(house, desk)
    await office.call_in("pai", Role.DISPATCHER)
    await office.call_in("ban", Role.HANDLER, department="water")
    await office.call_in("qi", Role.HANDLER, department="gas")
    await office.call_in("shen", Role.REVIEWER)
    await office.call_in("du", Role.SUPERVISOR)
    await office.call_in("zuo", Role.AGENT)
    return office


async def to_hand(office: Office, number: str, department: str = "water", handler: str = "ban") -> None:
    """Up to where a department has it in hand."""
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department=department)
    await office.press(handler, number, "signed")


def steps_on(page: httpx.Response) -> list[str]:
    """The steps that a ticket's page offers."""
    return re.findall(r'/steps/(\w+)"', page.text)


def after_on(page: httpx.Response) -> str:
    """What the page's forms say was seen."""
    found = re.search(r'name="after" value="(\d+)"', page.text)
    return found[1] if found else ""
