"""The bot's turn: each message of a thread in order, asked of the dialogue model, its replies stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.messages import end_turn, last_reply, next_waiting, threads_waiting
from conversations.models import Author, Delivery, Holder, Message, Turn
from conversations.questions import understood
from conversations.threads import extend, hold, holder_and_talk, release, release_idle
from desk.articles import article_reply
from desk.desk import Desk
from desk.options import pick, plain
from desk.rating_talk import hear
from desk.values import Utterance
from knowledge.search.text import normalise

_ASKED = {"answered", "clarify", "unknown", "handoff"}


@dataclass(frozen=True, slots=True)
class _Work:
    """A message that is the bot's to answer. `last`: what the bot said before."""

    message: Message
    talk: str
    last: Message | None


async def take_turns(desk: Desk, thread_id: str) -> list[Message]:
    """Answer every waiting message of a thread, unless another process is at it; the replies to be read.

    Raises `DialogueDown`; the message then goes on waiting.
    """
    replies: list[Message] = []
    now = desk.clock()
    held = now + desk.turn_lease
    async with desk.database.write() as session:
        if not await hold(session, thread_id, now=now, until=held):
            return replies
        work = await _next_or_release(session, thread_id)
    try:
        while work is not None:
            uttered = await _ask(desk, work)
            until = desk.clock() + desk.turn_lease
            async with desk.database.write() as session:
                replies += await _store(desk, session, work, uttered)
                work = await _next_or_release(session, thread_id)
                # Each message has the whole time; whoever took it for ours to be over goes on with what waits.
                if work is not None and not await extend(session, thread_id, held=held, until=until):
                    work = None
            held = until
            if replies and replies[-1].delivery == Delivery.PENDING:
                desk.to_send.set()
    except BaseException:
        async with desk.database.write() as session:
            await release(session, thread_id, held=held)
        raise
    return replies


async def waiting_threads(desk: Desk, limit: int = 100) -> Sequence[str]:
    """Threads whose turn nobody took: what a process left behind when it died."""
    async with desk.database.read() as session:
        return await threads_waiting(session, limit)


async def _next_or_release(session: AsyncSession, thread_id: str) -> _Work | None:
    """The oldest message that waits for the bot; where none does, the thread is given back.

    What waits while staff hold the thread is left to them.
    """
    while not await release_idle(session, thread_id):
        holder, talk = await holder_and_talk(session, thread_id)
        message = await next_waiting(session, thread_id)
        assert message is not None, "a thread that is not idle has a waiting message"
        if holder != Holder.STAFF:
            return _Work(message, f"{thread_id}.{talk}", await last_reply(session, thread_id))
        await end_turn(session, message.id, Turn.STAFF)
    return None


async def _ask(desk: Desk, work: _Work) -> Sequence[Utterance]:
    message, last = work.message, work.last
    if heard := await hear(desk, message, last):
        buttons = tuple(button.as_json() for button in heard.buttons)
        return [Utterance(heard.text, buttons, heard.detail())]
    picked = pick(message.text, last.buttons, last.detail.get("default")) if last else None
    return await desk.dialogue.ask(
        work.talk,
        picked.payload if picked else plain(normalise(message.text)),
        message_id=message.id,
        written=picked.title if picked else message.text,
    )


async def _store(
    desk: Desk, session: AsyncSession, work: _Work, uttered: Sequence[Utterance]
) -> list[Message]:
    holder, _ = await holder_and_talk(session, work.message.thread_id)
    if not await end_turn(session, work.message.id, Turn.DONE):
        return []  # another process was faster
    rows = [
        _reply_row(work.message, utterance, desk, silenced=holder == Holder.STAFF) for utterance in uttered
    ]
    session.add_all(rows)
    asked = next((one for one in uttered if one.detail.get("outcome") in _ASKED), None)
    if asked is not None:
        await understood(session, _question(work.message, asked, desk))
    await session.flush()
    return [row for row in rows if row.delivery != Delivery.DROPPED]


def _reply_row(message: Message, utterance: Utterance, desk: Desk, *, silenced: bool) -> Message:
    # The web page reads the rows themselves: to store is to deliver. Other channels send what is pending.
    ready = Delivery.SENT if message.channel == "web" else Delivery.PENDING
    return Message(
        thread_id=message.thread_id,
        author=Author.BOT,
        channel=message.channel,
        external_id=None,
        answers_id=message.id,
        text=_in_words_of(message.channel, utterance, desk),
        buttons=[dict(button) for button in utterance.buttons],
        detail=dict(utterance.detail),
        delivery=Delivery.DROPPED if silenced else ready,
        created_at=desk.clock(),
    )


def _in_words_of(channel: str, utterance: Utterance, desk: Desk) -> str:
    """What was uttered; where the article says it otherwise in this channel, that. The dialogue knows no channels."""
    detail = utterance.detail
    if detail.get("outcome") != "answered":
        return utterance.text
    article = desk.library.article(str(detail.get("article")), desk.today())
    aspect = detail.get("aspect")
    if article is None or aspect not in article.variants.get(channel, {}):
        return utterance.text
    return article_reply(article, aspect, channel, root=desk.public_url).text


def _question(message: Message, utterance: Utterance, desk: Desk) -> dict[str, Any]:
    detail = utterance.detail
    return {
        "message_id": message.id,
        "thread_id": message.thread_id,
        "text": message.text,
        "outcome": str(detail["outcome"]),
        "article": detail.get("article"),
        "aspect": detail.get("aspect"),
        "options": list(detail.get("options") or ()),
        "intent": detail.get("intent"),
        "confidence": detail.get("confidence"),
        "asked_at": desk.clock(),
    }
