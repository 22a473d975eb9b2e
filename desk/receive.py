"""Someone writes: the message is stored once, before anybody is told that it arrived."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from conversations.messages import by_external_id, last_reply
from conversations.models import Author, Message, Thread, Turn
from conversations.outbox import release_held
from conversations.threads import open_thread
from desk.desk import Desk
from desk.erasure import starts_anew
from desk.values import WEB, InboundMessage

Also = Callable[[AsyncSession, Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Received:
    """The message's row. `repeated`: the channel had brought it before."""

    message: Message
    repeated: bool

    @property
    def thread_id(self) -> str:
        """The thread it went to."""
        return self.message.thread_id

    @property
    def message_id(self) -> int:
        """Its id: the order in which messages were stored."""
        return self.message.id


async def receive(desk: Desk, inbound: InboundMessage, also: Also | None = None) -> Received:
    """Store a message with its person and thread. The same (channel, external id) is stored once.

    `also`: what else is written of a message that is new, in the same transaction.
    """
    try:
        received = await _store(desk, inbound, also)
    except (IntegrityError, StaleDataError):
        # On PostgreSQL another process stored the same message, or the same new person, or erased the person at the
        # same time: what it stored is there now, and what it erased is not.
        received = await _store(desk, inbound, also)
    if inbound.channel != WEB:
        desk.to_send.set()  # what was held for the person may go out now
    return received


async def _store(desk: Desk, inbound: InboundMessage, also: Also | None) -> Received:
    async with desk.database.write() as session:
        known = await by_external_id(session, inbound.channel, inbound.external_id)
        if known is not None:
            return Received(known, repeated=True)
        thread = await _thread(desk, session, inbound)
        if thread.leaving is not None and await starts_anew(desk, session, thread):
            thread = await _thread(desk, session, inbound)
        await _resume(desk, session, thread, inbound.at)
        if inbound.channel != WEB:
            await release_held(session, thread.id)
        message = Message(
            thread_id=thread.id,
            author=Author.PERSON,
            channel=inbound.channel,
            external_id=inbound.external_id,
            text=inbound.text,
            turn=Turn.WAITING,
            created_at=inbound.at,
        )
        session.add(message)
        await session.flush()
        if also is not None:
            await also(session, message)
        return Received(message, repeated=False)


async def _thread(desk: Desk, session: AsyncSession, inbound: InboundMessage) -> Thread:
    return await open_thread(
        session, channel=inbound.channel, address=inbound.sender, at=inbound.at, new_id=desk.new_id
    )


async def _resume(desk: Desk, session: AsyncSession, thread: Thread, at: datetime) -> None:
    """Begin a new talk after a long silence, so that yesterday's matter does not colour today's question."""
    silence = at - thread.last_message_at
    thread.last_message_at = at
    if silence < desk.talk_idle:
        return
    last = await last_reply(session, thread.id)
    in_form = last is not None and last.detail.get("outcome") == "form"
    if not in_form or silence >= desk.form_idle:
        thread.talk += 1
