"""What goes on by itself: waiting turns are taken, whatever the model does with some of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from app.loops import take_turns_once
from conversations.messages import replies_to
from conversations.models import Holder, Thread
from desk.desk import Desk
from desk.outage import PATIENCE
from desk.ports import TurnFailed
from desk.receive import receive
from desk.values import InboundMessage, Utterance
from tests.fakes import Asking, HandClock, ScriptedDialogue

REFUSED = "这句总是不行"


@dataclass
class Stubborn(ScriptedDialogue):
    """A model that takes every message but one."""

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """As scripted; the one text fails every time."""
        if text == REFUSED:
            raise TurnFailed("always")
        return await super().ask(talk, text, message_id=message_id, written=written)


async def waiting(desk: Desk, *texts: str) -> list[int]:
    """The ids of messages that wait for their turn, each of another person."""
    return [
        (await receive(desk, InboundMessage("web", text, text, text, desk.clock()))).message_id
        for text in texts
    ]


async def answered(desk: Desk, message_id: int) -> bool:
    async with desk.database.read() as session:
        return bool(await replies_to(session, message_id))


async def test_a_turn_that_always_fails_does_not_stand_before_the_others(desk: Desk) -> None:
    desk = replace(desk, dialogue=Stubborn())
    refused, other = await waiting(desk, REFUSED, "公章丢了")
    failures: Counter[str] = Counter()
    await take_turns_once(desk, failures)
    assert await answered(desk, other)
    assert not await answered(desk, refused)
    assert sum(failures.values()) == 1


async def test_a_turn_that_breaks_does_not_stand_before_the_others(desk: Desk) -> None:
    """Whatever it is that breaks: that thread is counted, and the others are answered."""
    desk = replace(desk, dialogue=Broken())
    broken, other = await waiting(desk, REFUSED, "公章丢了")
    failures: Counter[str] = Counter()
    for _ in range(2):
        await take_turns_once(desk, failures)
    assert await answered(desk, other)
    assert not await answered(desk, broken)
    assert list(failures.values()) == [2]


async def test_a_round_ends_where_the_model_is_away_and_the_oldest_stays_first(
    desk: Desk, dialogue: ScriptedDialogue
) -> None:
    await waiting(desk, "公章丢了", "停水了", "停电了")
    dialogue.down = True
    failures: Counter[str] = Counter()
    for _ in range(3):
        await take_turns_once(desk, failures)
    assert [asking.text for asking in dialogue.askings] == ["公章丢了"] * 3
    dialogue.down = False
    await take_turns_once(desk, failures)
    assert [asking.text for asking in dialogue.askings][3:] == ["公章丢了", "停水了", "停电了"]
    assert not failures


async def test_staff_are_called_as_soon_as_one_turn_fails(desk: Desk, clock: HandClock) -> None:
    """Each further turn of the round may take as long as the one that failed."""
    model = Hanging()
    desk = replace(desk, dialogue=model)
    await waiting(desk, "公章丢了", "停水了")
    clock.advance(PATIENCE * 2)
    rounds = asyncio.create_task(take_turns_once(desk, Counter()))
    await model.second.wait()
    async with desk.database.read() as session:
        held = await session.scalars(select(Thread.holder))
        assert set(held) == {Holder.WAITING}
    rounds.cancel()


@dataclass
class Broken(ScriptedDialogue):
    """A model over one of whose answers something of ours breaks."""

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """As scripted; the one text breaks every time."""
        if text == REFUSED:
            raise RuntimeError("nobody thought of this")
        return await super().ask(talk, text, message_id=message_id, written=written)


@dataclass
class Hanging(ScriptedDialogue):
    """A model whose first turn fails and whose second never ends."""

    second: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """Neither says anything."""
        self.askings.append(Asking(talk, text, message_id, written))
        if len(self.askings) == 1:
            raise TurnFailed("timed out")
        self.second.set()
        await asyncio.Event().wait()
        return ()
