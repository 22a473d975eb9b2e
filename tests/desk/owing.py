"""Something to be sent, the ways to look at it, and several processes that send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy import func, select

from app.loops import deliver_pending
from conversations.models import Author, Delivery, Message
from conversations.threads import open_thread
from desk.desk import Desk
from desk.receive import Received, receive
from desk.values import InboundMessage
from store.database import Database
from tests.fakes import ScriptedChannel


def latest() -> float:
    return 1.0


async def owe(
    desk: Desk, *texts: str, sender: str = "a", channel: str = "wechat", author: Author = Author.BOT
) -> None:
    """Have texts to send to somebody."""
    async with desk.database.write() as session:
        thread = await open_thread(
            session, channel=channel, address=sender, at=desk.clock(), new_id=desk.new_id
        )
        session.add_all(
            Message(
                thread_id=thread.id,
                author=author,
                channel=channel,
                text=one,
                delivery=Delivery.PENDING,
                created_at=desk.clock(),
            )
            for one in texts
        )


async def write(desk: Desk, said: str, *, sender: str = "a") -> Received:
    return await receive(desk, InboundMessage("wechat", said, sender, said, desk.clock()))


async def row(desk: Desk, said: str) -> Message:
    async with desk.database.read() as session:
        return (await session.scalars(select(Message).where(Message.text == said))).one()


async def state(desk: Desk, said: str) -> Delivery:
    return (await row(desk, said)).delivery


async def left(desk: Desk) -> int:
    async with desk.database.read() as session:
        waiting = select(func.count()).where(Message.delivery.in_((Delivery.PENDING, Delivery.SENDING)))
        return await session.scalar(waiting) or 0


@asynccontextmanager
async def processes(desk: Desk, count: int) -> AsyncIterator[list[Desk]]:
    """The same desk in several processes: each with its own connections and wake-ups."""
    desks = [
        replace(desk, database=Database(desk.database.url), to_send=asyncio.Event()) for _ in range(count)
    ]
    yield desks
    for one in desks:
        await one.database.close()


@asynccontextmanager
async def running(
    desk: Desk, channel: ScriptedChannel
) -> AsyncIterator[tuple[asyncio.Task[None], Callable[[], None]]]:
    """The delivery loop, and the way to stop it."""
    stopping = asyncio.Event()
    loop = asyncio.create_task(deliver_pending(desk, [channel], latest, stopping))

    def stop() -> None:
        stopping.set()
        desk.to_send.set()

    yield loop, stop
    stop()
    await loop
