"""The bot's turn: each message of a thread in order, asked of the dialogue model, its replies stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.messages import last_reply, next_waiting, threads_waiting
from conversations.models import Author, Delivery, Holder, Message, Question, Thread, Turn
from conversations.threads import hold, release
from desk.desk import Desk
from desk.options import pick, plain
from desk.values import Utterance
from knowledge.search.text import normalise

_ASKED = {"answered", "clarify", "unknown"}


@dataclass(frozen=True, slots=True)
class _Work:
    """A message whose turn it is. `by_bot`: not left to staff; `last`: what the bot said before."""

    message: Message
    talk: str
    by_bot: bool
    last: Message | None


async def take_turns(desk: Desk, thread_id: str) -> None:
    """Answer every waiting message of a thread, unless another process is at it.

    Raises `DialogueDown`; the message then goes on waiting.
    """
    async with desk.database.write() as session:
        if not await hold(session, thread_id, now=desk.clock(), lease=desk.turn_lease):
            return
        work = await _next_or_release(session, thread_id)
    try:
        while work is not None:
            uttered = await _ask(desk, work) if work.by_bot else ()
            async with desk.database.write() as session:
                await _store(desk, session, work, uttered)
                work = await _next_or_release(session, thread_id)
    except BaseException:
        async with desk.database.write() as session:
            await release(session, thread_id)
        raise


async def waiting_threads(desk: Desk, limit: int = 100) -> Sequence[str]:
    """Threads whose turn nobody took: what a process left behind when it died."""
    async with desk.database.read() as session:
        return await threads_waiting(session, limit)


async def _next_or_release(session: AsyncSession, thread_id: str) -> _Work | None:
    """The oldest waiting message; where none waits, the thread is given back in the same transaction.

    The thread's row is locked, so that no message can slip in between the look and the release unseen.
    """
    thread = await session.get_one(Thread, thread_id, with_for_update=True)
    message = await next_waiting(session, thread_id)
    if message is None:
        thread.turn_until = None
        return None
    by_bot = thread.holder != Holder.STAFF
    last = await last_reply(session, thread_id) if by_bot else None
    return _Work(message, f"{thread_id}.{thread.talk}", by_bot, last)


async def _ask(desk: Desk, work: _Work) -> Sequence[Utterance]:
    message, last = work.message, work.last
    picked = pick(message.text, last.buttons, last.detail.get("default")) if last else None
    return await desk.dialogue.ask(
        work.talk,
        picked.payload if picked else plain(normalise(message.text)),
        message_id=message.id,
        written=picked.title if picked else message.text,
    )


async def _store(desk: Desk, session: AsyncSession, work: _Work, uttered: Sequence[Utterance]) -> None:
    thread = await session.get_one(Thread, work.message.thread_id, with_for_update=True)
    asked = await session.get_one(Message, work.message.id)
    if asked.turn != Turn.WAITING:  # another process was faster
        return
    asked.turn = Turn.DONE if work.by_bot else Turn.STAFF
    silenced = thread.holder == Holder.STAFF
    for utterance in uttered:
        session.add(_reply_row(asked, utterance, desk, silenced=silenced))
        if utterance.detail.get("outcome") in _ASKED:
            await session.merge(_question_row(asked, utterance, desk))
    await session.flush()


def _reply_row(message: Message, utterance: Utterance, desk: Desk, *, silenced: bool) -> Message:
    # The web page reads the rows themselves: to store is to deliver. Other channels send what is pending.
    ready = Delivery.SENT if message.channel == "web" else Delivery.PENDING
    return Message(
        thread_id=message.thread_id,
        author=Author.BOT,
        channel=message.channel,
        external_id=None,
        answers_id=message.id,
        text=utterance.text,
        buttons=[dict(button) for button in utterance.buttons],
        detail=dict(utterance.detail),
        delivery=Delivery.DROPPED if silenced else ready,
        created_at=desk.clock(),
    )


def _question_row(message: Message, utterance: Utterance, desk: Desk) -> Question:
    detail = utterance.detail
    return Question(
        message_id=message.id,
        thread_id=message.thread_id,
        text=message.text,
        outcome=str(detail["outcome"]),
        article=detail.get("article"),
        aspect=detail.get("aspect"),
        options=list(detail.get("options") or ()),
        asked_at=desk.clock(),
    )
