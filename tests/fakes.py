"""What stands in for the outside in tests: a clock that is set by hand and a dialogue and a channel that are told what to say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from desk.ports import DialogueDown, FetchResult, Outgoing, Parsed, SendResult, Sent
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
    forgotten: list[str] = field(default_factory=list)
    parsed: dict[str, Parsed] = field(default_factory=dict)
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

    async def parse(self, text: str) -> Parsed:
        """Whatever `parsed` holds for the text, else a greeting."""
        if self.down:
            raise DialogueDown("scripted")
        return self.parsed.get(text, Parsed("greet", 0.9, {"greet": 0.9}))

    async def forget(self, talk: str) -> None:
        """Note it."""
        if self.down:
            raise DialogueDown("scripted")
        self.forgotten.append(talk)


@dataclass
class ScriptedChannel:
    """The `Channel` port: for a text it gives the next of `results`, else has it sent.

    `tried`: everything that it was asked to send, in order. While `gate` is closed, a sending waits at it; `reached`
    tells that one does; `patient`: cancelled there, it says that nothing went out. `crowded`: people to whom two
    messages were under way at once.
    """

    name: str = "wechat"
    idempotent: bool = False
    passive_grace: float = 0.0
    results: dict[str, list[SendResult | Exception]] = field(default_factory=dict)
    tried: list[Outgoing] = field(default_factory=list)
    crowded: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    patient: SendResult | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    _at: set[str] = field(default_factory=set)

    def texts(self) -> list[str]:
        """The texts that it was asked to send."""
        return [outgoing.text for outgoing in self.tried]

    async def send(self, outgoing: Outgoing) -> SendResult:
        """The scripted result."""
        self.tried.append(outgoing)
        if outgoing.address in self._at:
            self.crowded.append(outgoing.address)
        self._at.add(outgoing.address)
        self.reached.set()
        try:
            await (self.gate.wait() if self.gate is not None else asyncio.sleep(0))
        except asyncio.CancelledError:
            if self.patient is None:
                raise
            return self.patient
        finally:
            self._at.discard(outgoing.address)
        scripted = self.results.get(outgoing.text)
        result = scripted.pop(0) if scripted else Sent(f"id of {outgoing.text}")
        if isinstance(result, Exception):
            raise result
        return result


@dataclass
class ScriptedFetching:
    """The `Fetching` port: for a source it gives the next of `results`, the last one again and again.

    While `gate` is closed, a fetch waits at it; `reached` tells that one does.
    """

    name: str = "telegram"
    results: dict[str, list[FetchResult | Exception]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self, source: str, most_bytes: int) -> FetchResult:
        """The scripted result."""
        self.fetched.append(source)
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        scripted = self.results[source]
        result = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if isinstance(result, Exception):
            raise result
        return result
