"""What goes on by itself: waiting turns are taken, whatever the model does with some of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.loops import take_turns_once
from conversations.messages import replies_to
from desk.desk import Desk
from desk.ports import DialogueDown
from desk.receive import receive
from desk.values import InboundMessage, Utterance
from tests.fakes import ScriptedDialogue

REFUSED = "这句总是不行"


@dataclass
class Stubborn(ScriptedDialogue):
    """A model that takes every message but one."""

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """As scripted; the one text fails every time."""
        if text == REFUSED:
            raise DialogueDown("always")
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
    refused, *others = await waiting(desk, REFUSED, "公章丢了", "停水了")
    failures: Counter[str] = Counter()
    for _ in range(2):
        await take_turns_once(desk, failures)
    assert [await answered(desk, other) for other in others] == [True, True]
    assert not await answered(desk, refused)


async def test_a_round_ends_where_the_model_is_away(desk: Desk, dialogue: ScriptedDialogue) -> None:
    await waiting(desk, "公章丢了", "停水了", "停电了")
    dialogue.down = True
    failures: Counter[str] = Counter()
    for _ in range(3):
        await take_turns_once(desk, failures)
    assert [asking.text for asking in dialogue.askings] == ["公章丢了", "停水了", "停电了"]
    dialogue.down = False
    await take_turns_once(desk, failures)
    assert len(dialogue.askings) == 6
    await take_turns_once(desk, failures)
    assert not failures
