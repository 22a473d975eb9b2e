"""A tap on an item of a menu message: which of our messages showed it, and whether it still counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from connectors.wechat.conversation import CHANNEL
from conversations.messages import by_external_id, last_reply, next_waiting
from conversations.models import Message, Person, Thread
from desk.receive import ASKED_AGAIN

# Within these an attempt of the same push, or a second tap, gets what the first got; later it asks for nothing any more.
_SAME_TAP = timedelta(seconds=30)
_ITEM = re.compile(r"([0-9]{1,18}):[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Tap:
    """`key`: under which it is stored: a question of a form is answered once; None: it asks for nothing any more."""

    key: str | None


async def tapped(session: AsyncSession, item: str, openid: str, *, now: datetime) -> Tap | None:
    """What an item's id stands for; None where it is none of ours (some accounts tell `0`): its label counts as typed.

    Only the questions of a form are looked at: a second tap would answer the next one as well.
    """
    found = _ITEM.fullmatch(item)
    row = await _shown(session, int(found[1]), openid) if found else None
    if row is not None and (again := row.detail.get(ASKED_AGAIN)):
        row = await session.get(Message, again)
    if row is None or row.detail.get("outcome") != "form":
        return None
    key = f"option:{row.id}"
    if (first := await by_external_id(session, CHANNEL, key)) is not None:
        return Tap(key if now - first.created_at <= _SAME_TAP else None)
    last = await last_reply(session, row.thread_id)
    asked_now = last is not None and last.id == row.id
    return Tap(key if asked_now and await next_waiting(session, row.thread_id) is None else None)


async def _shown(session: AsyncSession, message_id: int, openid: str) -> Message | None:
    return await session.scalar(
        select(Message)
        .join(Thread, Thread.id == Message.thread_id)
        .join(Person, Person.id == Thread.person_id)
        .where(Message.id == message_id, Person.channel == CHANNEL, Person.address == openid)
    )
