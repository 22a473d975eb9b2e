"""A form that is sent twice at once: one press does it, the other is told so or finds it done; nothing breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.workdays import set_day
from staff import canned_replies
from staff.actors import COMMAND_LINE
from staff.canned_replies import Written
from staff.models import CannedReply
from store.base import Base
from systems import subscriptions, tokens
from systems.errors import NameTaken
from systems.models import ApiToken, Subscription
from tickets.dispatching import add_rule
from tickets.models import CalendarDay, DispatchRule

Press = Callable[[AsyncSession], Awaitable[object]]


async def pressed_at_once(desk: Desk, press: Press) -> list[object]:
    """What came of it; each in a transaction of its own that ends only when the other has looked, too."""
    looked = asyncio.Barrier(2)

    async def one() -> object:
        async with desk.database.write() as session:
            if not desk.database.embedded:  # SQLite lets one write at a time
                await session.execute(select(1))
                await looked.wait()
            return await press(session)

    return list(await asyncio.gather(one(), one(), return_exceptions=True))


async def count(desk: Desk, kind: type[Base]) -> int:
    async with desk.database.read() as session:
        return await session.scalar(select(func.count()).select_from(kind)) or 0


async def test_a_token_is_made_once(desk: Desk) -> None:
    wish = tokens.Wish("信访平台", frozenset({tokens.Scope.TICKETS}), None)
    done = await pressed_at_once(
        desk, lambda session: tokens.add(session, wish, by="a", at=desk.clock(), new_id=desk.new_id)
    )
    assert sum(isinstance(one, NameTaken) for one in done) == 1 and await count(desk, ApiToken) == 1


async def test_a_subscription_is_made_once(desk: Desk) -> None:
    wish = subscriptions.Wish("信访平台", "https://example.cn/hook", frozenset({"ticket.*"}))
    done = await pressed_at_once(
        desk,
        lambda session: subscriptions.add(
            session, wish, desk.webhook_secrets(), known=["ticket.*"], by="a", at=desk.clock(), new_id=desk.new_id
        ),
    )  # fmt: skip
    assert sum(isinstance(one, NameTaken) for one in done) == 1 and await count(desk, Subscription) == 1


async def test_a_rule_is_added_once(desk: Desk) -> None:
    done = await pressed_at_once(
        desk,
        lambda session: add_rule(
            session, DispatchRule(subject="供水", district="", words="", department="water")
        ),
    )
    assert sorted(map(str, done)) == ["False", "True"] and await count(desk, DispatchRule) == 1


async def test_a_canned_reply_is_kept_once(desk: Desk) -> None:
    written = Written("问好", "", "您好，请讲。", shared=True)
    done = await pressed_at_once(
        desk,
        lambda session: canned_replies.add(session, COMMAND_LINE, "r1", written, at=desk.clock()),
    )
    assert done == [None, None] and await count(desk, CannedReply) == 1


async def test_a_day_is_set_once(desk: Desk) -> None:
    day = date(2026, 12, 31)
    done = await asyncio.gather(
        *(set_day(desk, COMMAND_LINE, day, works=False, note="通知") for _ in range(4)),
        return_exceptions=True,
    )
    assert not [one for one in done if isinstance(one, Exception)] and await count(desk, CalendarDay) == 1
