"""The people of the kill test at their phones."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from conversations.models import Arrival, Message, Turn
from store.database import Database
from tests.product.people import THANKS, Line, Person
from tests.product.senders import Said, Sender

ANSWER_SECONDS = 600.0
_LOOK_SECONDS = 0.4
_SURELY_STORED_SECONDS = 6.0  # later than the last push that may still be on its way


class Crowd:
    """The people, and what they have said so far. While `talking` is cleared nobody begins anything new."""

    def __init__(self, database: Database, senders: Mapping[str, Sender]) -> None:
        self._database = database
        self._senders = senders
        self.talking = asyncio.Event()
        self.talking.set()
        self.said: list[Said] = []
        self.repeated = 0

    async def live(self, people: Sequence[Person]) -> None:
        """Everybody says everything."""
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(self._complain(person) if person.enterprise else self._ask(person))
        for sender in self._senders.values():
            await sender.rest()

    async def thank(self, channel: str, address: str) -> None:
        """Somebody writes once more, so that what is held for them goes out."""
        await self._say(channel, address, Line(THANKS, 0, ()))

    async def _ask(self, person: Person) -> None:
        """Says one thing after the other and waits for no answer, as Telegram keeps a chat in order."""
        async with asyncio.TaskGroup() as group:
            before: asyncio.Task[Said] | None = None
            for line in person.lines:
                await self._pause(line)
                if before is not None and person.channel == "telegram":
                    await before
                before = group.create_task(self._say(person.channel, person.address, line))

    async def _complain(self, person: Person) -> None:
        """Waits for each answer; what did not arrive is written again."""
        for line in person.lines:
            await self._pause(line)
            while not await self._answered(await self._say(person.channel, person.address, line)):
                self.repeated += 1

    async def _pause(self, line: Line) -> None:
        await self.talking.wait()
        await asyncio.sleep(line.pause)

    async def _say(self, channel: str, address: str, line: Line) -> Said:
        said = Said(channel, address, line.text, line.again)
        self.said.append(said)
        await self._senders[channel].send(said)
        return said

    async def _answered(self, said: Said) -> bool:
        """Wait for the turn; False where the message was never stored."""
        if not said.acknowledged:
            await asyncio.sleep(_SURELY_STORED_SECONDS)
        async with asyncio.timeout(ANSWER_SECONDS):
            while (turn := await self._turn(said)) == Turn.WAITING or (turn is None and said.acknowledged):
                await asyncio.sleep(_LOOK_SECONDS)
        return turn is not None

    async def _turn(self, said: Said) -> Turn | None:
        # In this order: what leaves the journal is a message with the same commit.
        async with self._database.read() as session:
            waits = select(Arrival.id).where(Arrival.channel == said.channel, Arrival.key == said.id)
            if await session.scalar(waits) is not None:
                return Turn.WAITING
        async with self._database.read() as session:
            return await session.scalar(
                select(Message.turn).where(Message.channel == said.channel, Message.external_id == said.id)
            )
