"""The answer to a push while WeChat waits for it: stored once, its turn taken once, its replies carried once."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import exists, select

from connectors.wechat.carriage import Answer, Asked, Carriage
from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import (
    CHANNEL,
    NO_MEDIA,
    NOT_STORED,
    STILL_LOOKING,
    Said,
    Shown,
    Silent,
    Told,
    act_of,
    leaves,
    meant,
)
from connectors.wechat.pushes import Push
from conversations.models import Person
from conversations.quotas import Recipient, close_windows, open_window
from desk.desk import Desk
from desk.ports import DialogueDown
from desk.receive import Handling, Received, receive
from desk.turns import take_turns
from desk.values import InboundMessage, OwnAnswer

log = logging.getLogger(__name__)

_TRY_AGAIN_SECONDS = 0.3
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `ready`: how long an attempt waits for the replies; `cut`: when WeChat hangs up and tries again."""

    ready: float = 4.5
    cut: float = 5.0


class Answers:
    """The answers of one account. Turns go on when the request that began them is gone; `close` ends them."""

    def __init__(
        self, desk: Desk, channel: WeChatChannel, *, max_letters: int, patience: Patience | None = None
    ) -> None:
        self.patience = patience or Patience()
        self.carriage = Carriage(desk, channel)
        self._desk = desk
        self._channel = channel
        self._max_letters = max_letters
        self._turns: set[asyncio.Task[None]] = set()

    async def to(self, push: Push, *, arrived: float) -> Answer:
        """The answer to one attempt of a push. `arrived`: when it came, on the event loop's clock."""
        said, came = meant(push, max_letters=self._max_letters), self._desk.clock()
        if isinstance(said, Told | Silent):
            await self._note_act(push)
            return Answer(await self._told(said, push) if isinstance(said, Told) else "")
        deadline = arrived + self.patience.ready
        received = await self._stored(push, said, deadline)
        if received is None:
            return Answer(NOT_STORED)
        self._begin_turn(received)
        asked = Asked(push.sender, received.thread_id, received.message_id, again=received.repeated)
        answer = await self.carriage.wait(asked, deadline)
        return answer or self._late(self._attempt(push, received, came))

    async def close(self) -> None:
        """End the turns that are being taken; their messages go on waiting."""
        for task in list(self._turns):
            task.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    async def _stored(self, push: Push, said: Said | Shown, deadline: float) -> Received | None:
        """The message's row; None where it could not be stored in time, which the person is told."""
        inbound, handling = self._taken(push, said)
        while True:
            try:
                await self._note_act(push)
                return await receive(self._desk, inbound, handling)
            except Exception as error:
                report("storing a message from WeChat", error)
            if asyncio.get_running_loop().time() + _TRY_AGAIN_SECONDS >= deadline:
                return None
            await asyncio.sleep(_TRY_AGAIN_SECONDS)

    def _taken(self, push: Push, said: Said | Shown) -> tuple[InboundMessage, Handling]:
        """What is stored of a push, and what is done about it."""
        inbound = InboundMessage(CHANNEL, push.key, push.sender, said.text, self._desk.clock())
        if isinstance(said, Said):
            return inbound, Handling()
        file = said.file
        if file and not file.refused and not self._channel.can_reply_later:
            file = replace(file, refused=NO_MEDIA)
        own = OwnAnswer(said.answer) if said.answer else None
        # A number picks an option of what was shown last.
        handling = Handling(for_dialogue=False, own=own, ask_again=True)
        return replace(inbound, file=file), handling

    async def _note_act(self, push: Push) -> None:
        """What the person did opens or closes the windows for what we send."""
        recipient, act = Recipient(CHANNEL, push.sender), act_of(push)
        if not self._channel.can_reply_later or (act is None and not leaves(push)):
            return
        async with self._desk.database.write() as session:
            if act is None:
                await close_windows(session, recipient)
                return
            # From WeChat's own second, the same for each attempt: see `open_window`.
            until = datetime.fromtimestamp(push.created, self._desk.clock().tzinfo) + act.lasts
            await open_window(session, recipient, act, messages=act.messages, until=until)

    async def _told(self, told: Told, push: Push) -> str:
        if not told.to_strangers:
            return told.text
        async with self._desk.database.read() as session:
            known = await session.scalar(
                select(exists().where(Person.channel == CHANNEL, Person.address == push.sender))
            )
        return told.text if known else told.to_strangers

    def _begin_turn(self, received: Received) -> None:
        """Every attempt asks for the turn, as the process that had it may be gone; only one gets it."""
        task = asyncio.create_task(self._turn(received))
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)

    async def _turn(self, received: Received) -> None:
        try:
            await take_turns(self._desk, received.thread_id)
        except DialogueDown:  # the loop of the app takes the turn when the model is back
            log.debug("the dialogue model is away")
        except Exception as error:
            report("taking a turn for WeChat", error)

    def _late(self, attempt: int) -> Answer:
        """Not in time: it is sent later; where it cannot be, WeChat's three attempts give three times the time."""
        if self._channel.can_reply_later:
            return Answer()
        return Answer(STILL_LOOKING) if attempt >= _ATTEMPTS else Answer(overdue=True)

    def _attempt(self, push: Push, received: Received, came: datetime) -> int:
        """Which attempt this is, by the time since the first, which may not have reached us; any process can tell."""
        since = max((came - received.message.created_at).total_seconds(), came.timestamp() - push.created)
        return 1 + round(since / self.patience.cut)


def report(what: str, error: BaseException) -> None:
    """A log line with the place of a fault, and without its message, which may hold what the person wrote."""
    log.error(
        "%s failed: %s\n%s", what, type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
    )
