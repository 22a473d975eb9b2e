"""What stands in for the outside in tests: a clock that is set by hand and a dialogue that is told what to say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from desk.ports import DialogueDown
from desk.values import Utterance


@dataclass
class HandClock:
    """A clock that moves when it is told to."""

    now: datetime

    def __call__(self) -> datetime:
        """The moment that it shows."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@dataclass(frozen=True)
class Asking:
    """One call of the dialogue."""

    talk: str
    text: str
    message_id: int
    written: str


@dataclass
class ScriptedDialogue:
    """The `Dialogue` port: says what `answers` holds for a text, else repeats the text.

    While `down`, it raises. While `gate` is closed, an asking waits at it; `reached` tells that one does.
    """

    answers: dict[str, Sequence[Utterance]] = field(default_factory=dict)
    askings: list[Asking] = field(default_factory=list)
    down: bool = False
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """The scripted utterances."""
        self.askings.append(Asking(talk, text, message_id, written))
        if self.down:
            raise DialogueDown("scripted")
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.answers.get(text, (Utterance(f"echo {text}", detail={"outcome": "smalltalk"}),))
