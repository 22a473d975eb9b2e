"""People who write, for tests of what staff see of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from conversations.models import Message, Thread
from desk.complaints import submit
from desk.desk import Desk
from desk.handoff import hand_off
from desk.receive import receive
from desk.turns import take_turns
from desk.values import InboundMessage
from tickets.models import Kind

VALUES = {
    "enterprise": "平顶山市瑞丰机械有限公司", "credit_code": "-", "contact": "王建国", "phone": "+8613837512345",
    "district": "新华区", "subject": "供水", "description": "停水三天没有人管", "wanted": "尽快恢复", "confidential": "否",
}  # fmt: skip
INBOX = "/console/inbox"


@dataclass
class Talks:
    """People who write, and what becomes of it."""

    desk: Desk

    async def write(self, text: str, *, sender: str = "a", channel: str = "wechat") -> str:
        """The thread, in which the bot has repeated the text."""
        inbound = InboundMessage(channel, f"{sender}:{text}", sender, text, self.desk.clock())
        thread_id = (await receive(self.desk, inbound)).thread_id
        await take_turns(self.desk, thread_id)
        return thread_id

    async def waiting(self, sender: str = "a", channel: str = "wechat") -> str:
        """A thread that waits for somebody."""
        thread_id = await self.write("转人工", sender=sender, channel=channel)
        await hand_off(self.desk, thread_id)
        return thread_id

    async def ticket(self, thread_id: str, message_id: int = 1, **values: str) -> None:
        """A ticket of the thread."""
        await submit(
            self.desk, thread_id=thread_id, message_id=message_id, kind=Kind.COMPLAINT, values={**VALUES, **values}
        )  # fmt: skip

    async def thread(self, thread_id: str) -> Thread:
        async with self.desk.database.read() as session:
            return await session.get_one(Thread, thread_id)

    async def last(self, thread_id: str, **values: object) -> int:
        """The id of the newest message, which is given those values."""
        async with self.desk.database.write() as session:
            newest = await session.scalar(select(func.max(Message.id)).where(Message.thread_id == thread_id))
            message = await session.get_one(Message, newest)
            for name, value in values.items():
                setattr(message, name, value)
            return message.id
