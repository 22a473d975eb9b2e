"""People who write, in one channel or several, for the tests of what the desk does about them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from sqlalchemy import select

from conversations.models import Message, Person, Thread
from desk.complaints import submit
from desk.desk import Desk
from desk.receive import Received, receive
from desk.turns import take_turns
from desk.values import InboundMessage
from tickets.models import Kind, Ticket

VALUES = {
    "description": "门店停水三天了没有人来修", "wanted": "尽快恢复供水", "subject": "供水", "enterprise": "宏达商贸有限公司",
    "credit_code": "91410400MA3X1ABC2D", "contact": "李经理", "phone": "+8613800001234", "district": "新华区",
    "confidential": "是",
}  # fmt: skip
_NUMBERS = count(1)


@dataclass(frozen=True)
class Somebody:
    """A person of a channel."""

    desk: Desk
    channel: str
    address: str

    async def receives(self, text: str, id: str = "") -> Received:
        """Their message, stored."""
        id = id or f"{self.address}:{next(_NUMBERS)}"
        return await receive(
            self.desk, InboundMessage(self.channel, id, self.address, text, self.desk.clock())
        )

    async def writes(self, text: str, id: str = "") -> Received:
        """Their message, stored and answered."""
        received = await self.receives(text, id)
        await take_turns(self.desk, received.thread_id)
        return received

    async def files(self) -> Ticket:
        """A ticket of theirs."""
        received = await self.writes("确认提交")
        await submit(
            self.desk,
            thread_id=received.thread_id,
            message_id=received.message_id,
            kind=Kind.COMPLAINT,
            values=VALUES,
        )
        async with self.desk.database.read() as session:
            ticket = await session.scalar(select(Ticket).where(Ticket.confirmed_by == received.message_id))
        assert ticket is not None
        return ticket

    async def row(self) -> Person | None:
        """Their row."""
        async with self.desk.database.read() as session:
            return await session.scalar(
                select(Person).where(Person.channel == self.channel, Person.address == self.address)
            )

    async def heard(self) -> list[str]:
        """What the system has told them of itself."""
        async with self.desk.database.read() as session:
            rows = await session.scalars(
                select(Message.text)
                .join(Thread, Thread.id == Message.thread_id)
                .join(Person, Person.id == Thread.person_id)
                .where(
                    Person.channel == self.channel,
                    Person.address == self.address,
                    Message.author == "system",
                )
                .order_by(Message.id)
            )
            return list(rows.all())
