"""The replies to a message on their way as WeChat's passive reply: claimed by one attempt, told of its end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import CHANNEL, STILL_LOOKING
from connectors.wechat.letters import Letter, load
from conversations.messages import replies_to
from conversations.models import Author, Delivery, Message, Turn
from conversations.outbox import Claim, claim_replies, claim_unsent
from conversations.outcomes import Mark, give_back, mark_sent, settle
from conversations.quotas import Recipient
from desk.delivery import LEASE
from desk.desk import Desk
from desk.ports import Outgoing

_WAITS = (0.02, 0.05, 0.1, 0.2, 0.4)
_OPEN = (Delivery.PENDING, Delivery.SENDING)


@dataclass(frozen=True, slots=True)
class Asked:
    """The message that an attempt brought, stored. `again`: an earlier attempt had brought it."""

    sender: str
    thread_id: str
    message_id: int
    again: bool


@dataclass(frozen=True, slots=True)
class Carried:
    """Claimed messages: `whole` ones taken along, one `begun` (by its first part), and the `rest`, not taken along."""

    message_id: int
    whole: Sequence[Message] = ()
    begun: Message | None = None
    rest: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer an attempt. Without `text`: `success`; `overdue`: nothing, so that WeChat asks again."""

    text: str = ""
    carried: Carried | None = None
    overdue: bool = False


class Carriage:
    """Takes replies from the outbox into passive replies."""

    def __init__(self, desk: Desk, channel: WeChatChannel) -> None:
        self._desk = desk
        self._channel = channel

    async def wait(self, asked: Asked, deadline: float) -> Answer | None:
        """The replies, once they are there; None where they are not by `deadline`, on the event loop's clock."""
        loop, looks = asyncio.get_running_loop(), 0
        while (answer := await self._look(asked)) is None:
            remaining = deadline - loop.time()
            if remaining <= 0:
                return None
            await asyncio.sleep(min(_WAITS[min(looks, len(_WAITS) - 1)], remaining))
            looks += 1
        return answer

    async def meanwhile(self, asked: Asked) -> Answer:
        """For the last attempt, where the replies are not there: what waited before, and a word."""
        claimed = await self._claim_unsent(asked)
        answer = await self._loaded(asked, claimed) if claimed else Answer()
        if claimed and any(message.answers_id == asked.message_id for message in claimed):
            return answer  # they have come this very moment
        return replace(answer, text="\n\n".join(filter(None, (answer.text, STILL_LOOKING))))

    async def sent(self, carried: Carried) -> None:
        """The reply has gone out: say so of what it held, and leave the rest to the outbox."""
        tag = _tag(carried.message_id)
        # What was tried is not left to the passive way any more: the outbox goes on with it at once.
        rest = Mark(Delivery.PENDING, tried=self._channel.can_reply_later)
        async with self._desk.database.write() as session:
            await mark_sent(session, carried.whole, tag)
            if carried.begun is not None:
                begun = replace(rest, sent_id=tag, parts_sent=carried.begun.parts_sent + 1)
                await settle(session, Claim(carried.begun, "", carried.begun.id), begun)
            for message in carried.rest:
                await settle(session, Claim(message, "", message.id), rest)
        if carried.begun is not None or carried.rest:
            self._desk.to_send.set()

    async def unsent(self, carried: Carried) -> None:
        """The reply has not gone out, as WeChat hung up before: all of it is there for the next attempt."""
        begun = [carried.begun] if carried.begun else []
        async with self._desk.database.write() as session:
            await give_back(session, [*carried.whole, *begun, *carried.rest])
        self._desk.to_send.set()

    async def _look(self, asked: Asked) -> Answer | None:
        """One look: an answer with what could be claimed, an empty one where nothing will come, or None: not yet."""
        async with self._desk.database.read() as session:
            turn = await session.scalar(select(Message.turn).where(Message.id == asked.message_id))
            if turn == Turn.WAITING:
                return None
            coming = any(reply.delivery in _OPEN for reply in await replies_to(session, asked.message_id))
        # What went out with an earlier attempt did not reach WeChat, or it would not ask again.
        if asked.again and (before := await self._carried_before(asked)):
            letters = [
                await self._letter(asked, message, parts_sent=message.parts_sent - _begun(message))
                for message in before
            ]
            return Answer(load(letters, later=self._channel.can_reply_later).text)
        if not self._channel.can_reply_later:
            return await self._all_unsent(asked, coming=coming)
        if not coming:
            return Answer()
        async with self._desk.database.write() as session:
            claimed = await claim_replies(session, asked.message_id, now=self._desk.clock(), lease=LEASE)
        return await self._loaded(asked, claimed) if claimed else None

    async def _all_unsent(self, asked: Asked, *, coming: bool) -> Answer | None:
        """For an account that can only reply, to which whatever waits was held for this very moment."""
        claimed = await self._claim_unsent(asked)
        if claimed:
            return await self._loaded(asked, claimed)
        return None if coming or claimed is None else Answer()

    async def _claim_unsent(self, asked: Asked) -> list[Message] | None:
        async with self._desk.database.write() as session:
            return await claim_unsent(session, asked.thread_id, now=self._desk.clock(), lease=LEASE)

    async def _loaded(self, asked: Asked, messages: Sequence[Message]) -> Answer:
        try:
            letters = [
                await self._letter(asked, message, parts_sent=message.parts_sent) for message in messages
            ]
            taken = load(letters, later=self._channel.can_reply_later)
        except BaseException:
            await self.unsent(Carried(asked.message_id, messages))
            raise
        whole, others = messages[: taken.whole], messages[taken.whole :]
        begun, rest = (others[0], others[1:]) if taken.begun else (None, others)
        return Answer(taken.text, Carried(asked.message_id, whole, begun, rest))

    async def _carried_before(self, asked: Asked) -> Sequence[Message]:
        async with self._desk.database.read() as session:
            rows = await session.scalars(
                select(Message)
                .where(Message.thread_id == asked.thread_id, Message.sent_id == _tag(asked.message_id))
                .order_by(Message.id)
            )
            return rows.all()

    async def _letter(self, asked: Asked, message: Message, *, parts_sent: int) -> Letter:
        outgoing = Outgoing(
            message_id=message.id,
            address=asked.sender,
            text=message.text,
            buttons=tuple(str(button["title"]) for button in message.buttons),
            article=message.detail.get("article"),
            by_staff=message.author == Author.STAFF,
            parts_sent=parts_sent,
        )
        recipient = Recipient(CHANNEL, asked.sender)
        return await self._channel.letter(recipient, outgoing, str(message.detail.get("outcome")))


def _begun(message: Message) -> bool:
    """Whether only a part of it went along, which counts as sent by now."""
    return message.delivery != Delivery.SENT


def _tag(message_id: int) -> str:
    """What stands in `sent_id` of what went out as the passive reply to a message."""
    return f"reply:{message_id}"
