"""The bot's turn: each message of a thread in order, asked of the dialogue model, its replies stored."""

from __future__ import annotations

from collections.abc import Sequence

from conversations.messages import last_reply, next_waiting, threads_waiting
from conversations.models import Author, Delivery, Holder, Message, Question, Thread, Turn
from conversations.threads import hold, release
from desk.desk import Desk
from desk.options import pick, plain
from desk.values import Utterance
from knowledge.search.text import normalise

_ASKED = {"answered", "clarify", "unknown"}


async def take_turns(desk: Desk, thread_id: str) -> None:
    """Answer every waiting message of a thread, unless another process is at it.

    Raises `DialogueDown`; the message then goes on waiting.
    """
    async with desk.database.write() as session:
        if not await hold(session, thread_id, now=desk.clock(), lease=desk.turn_lease):
            return
    try:
        while await _take_turn(desk, thread_id):
            pass
    finally:
        async with desk.database.write() as session:
            await release(session, thread_id)


async def waiting_threads(desk: Desk, limit: int = 100) -> Sequence[str]:
    """Threads whose turn nobody took: what a process left behind when it died."""
    async with desk.database.read() as session:
        return await threads_waiting(session, limit)


async def _take_turn(desk: Desk, thread_id: str) -> bool:
    """Answer the oldest waiting message. False where none waits."""
    async with desk.database.read() as session:
        message = await next_waiting(session, thread_id)
        if message is None:
            return False
        thread = await session.get_one(Thread, thread_id)
        last = await last_reply(session, thread_id)
    if thread.holder == Holder.STAFF:
        await _leave_to_staff(desk, message)
        return True
    picked = pick(message.text, last.buttons, last.detail.get("default")) if last else None
    uttered = await desk.dialogue.ask(
        f"{thread_id}.{thread.talk}",
        picked.payload if picked else plain(normalise(message.text)),
        message_id=message.id,
        written=picked.title if picked else message.text,
    )
    await _store_replies(desk, message, uttered)
    return True


async def _leave_to_staff(desk: Desk, message: Message) -> None:
    async with desk.database.write() as session:
        (await session.get_one(Message, message.id)).turn = Turn.STAFF


async def _store_replies(desk: Desk, message: Message, uttered: Sequence[Utterance]) -> None:
    async with desk.database.write() as session:
        asked = await session.get_one(Message, message.id, with_for_update=True)
        if asked.turn != Turn.WAITING:  # another process was faster
            return
        asked.turn = Turn.DONE
        thread = await session.get_one(Thread, message.thread_id, with_for_update=True)
        silenced = thread.holder == Holder.STAFF
        for utterance in uttered:
            session.add(_reply_row(message, utterance, desk, silenced=silenced))
            if utterance.detail.get("outcome") in _ASKED:
                await session.merge(_question_row(message, utterance, desk))


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
