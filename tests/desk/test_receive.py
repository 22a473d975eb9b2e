"""A message is stored once, with whatever else is written because of it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Message, Person
from conversations.quotas import Recipient, left, open_window
from desk.desk import Desk
from desk.receive import Handling, receive
from desk.values import InboundMessage
from tests.fakes import HandClock

WHO = Recipient("wechat", "oU1")


@pytest.fixture
def inbound(clock: HandClock) -> InboundMessage:
    return InboundMessage("wechat", "1", "oU1", "停水了", clock())


async def test_what_belongs_to_a_message_is_written_with_it_and_once(
    desk: Desk, inbound: InboundMessage
) -> None:
    written = []

    async def also(session: AsyncSession, message: Message) -> None:
        assert message.id
        written.append(await session.scalar(select(func.count()).select_from(Message)))
        await open_window(session, WHO, "message", messages=5, until=desk.clock() + desk.talk_idle)

    assert not (await receive(desk, inbound, Handling(also=also))).repeated
    assert (await receive(desk, inbound, Handling(also=also))).repeated
    assert written == [1]  # the message is there already: it is the same transaction
    async with desk.database.read() as session:
        assert (await left(session, WHO, now=desk.clock())).messages == 5


async def test_what_cannot_be_written_leaves_the_message_unstored(
    desk: Desk, inbound: InboundMessage
) -> None:
    async def also(session: AsyncSession, message: Message) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await receive(desk, inbound, Handling(also=also))
    async with desk.database.read() as session:
        counted = [
            await session.scalar(select(func.count()).select_from(table)) for table in (Message, Person)
        ]
    assert counted == [0, 0]
