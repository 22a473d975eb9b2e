"""A subscription with its receiver and what pushes to it, for the tests of webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from connectors.webhooks.addresses import Allowed
from connectors.webhooks.posting import Postman
from desk.desk import Desk
from desk.pushing import Pusher, push_due
from desk.systems import subscribe
from staff.actors import COMMAND_LINE
from systems.models import Push, Subscription, WebhookDelivery
from systems.subscriptions import Wish
from tests.connectors.receiving import Receiver, receiving
from tests.fakes import HandClock

LOOPBACK = Allowed.parse("127.0.0.0/8")
WEEK = timedelta(days=7)


@dataclass
class Line:
    """A subscription, its receiver and what pushes to it."""

    desk: Desk
    receiver: Receiver
    pusher: Pusher
    id: str = ""
    secret: str = ""

    async def subscribe(self, *events: str, name: str = "督查平台", confidential: bool = False) -> None:
        """Have these events pushed."""
        wish = Wish(name, self.receiver.url, frozenset(events or ("ticket.*",)), confidential)
        row, self.secret = await subscribe(self.desk, COMMAND_LINE, wish)
        self.id = row.id

    async def push(self) -> None:
        """Push what is due."""
        await push_due(self.pusher)

    async def later(self, by: timedelta) -> None:
        """Time passes, and what is due then is pushed."""
        assert isinstance(self.desk.clock, HandClock)
        self.desk.clock.advance(by)
        await self.push()

    async def subscription(self) -> Subscription:
        """The row."""
        async with self.desk.database.read() as session:
            return await session.get_one(Subscription, self.id)

    async def deliveries(self) -> list[WebhookDelivery]:
        """The rows, in order."""
        async with self.desk.database.read() as session:
            return list(await session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))

    async def states(self) -> list[Push]:
        """What became of them."""
        return [row.state for row in await self.deliveries()]


@asynccontextmanager
async def connected(desk: Desk) -> AsyncIterator[Line]:
    """A receiver, and a pusher whose pauses are always the longest."""
    postman = Postman(LOOPBACK, desk.clock)
    async with receiving() as receiver:
        yield Line(desk, receiver, Pusher(desk, postman, lambda: 1.0))
    await postman.close()
