"""What the desk needs from outside, as narrow protocols: the connectors implement them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from desk.values import Utterance


class DialogueDown(Exception):
    """The dialogue model did not answer: it is starting, restarting or hanging."""


class TurnFailed(DialogueDown):
    """The dialogue model is there, and could not take this turn, or not in time."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the model understands: the likeliest intent, its probability, and those of the others."""

    intent: str
    confidence: float
    ranking: Mapping[str, float]


class Dialogue(Protocol):
    """The dialogue model."""

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """What the model says to a text. Asked twice with one `message_id`, it says the same and does nothing.

        `text` is what the model reads (normalised, or a button's payload), `written` what the person wrote.
        Raises `DialogueDown`, and of it `TurnFailed` where only this turn is known to have failed.
        """
        ...

    async def parse(self, text: str) -> Parsed:
        """What the model makes of a text, outside of any talk; nothing is kept. Raises `DialogueDown`."""
        ...

    async def forget(self, talk: str) -> None:
        """Delete all that the model keeps of a talk; of one that it does not know, nothing. Raises `DialogueDown`."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as a channel is to send it.

    `message_id`: ours, the same at each try; `address`: the channel's id of the person; `buttons`: titles;
    `article`: the key of the article to link to where the text is too long; `answers`: our id of the message that it
    answers, if any; `by_staff`: a person wrote it; `parts_sent`: how many parts went out at earlier tries.
    """

    message_id: int
    address: str
    text: str
    buttons: tuple[str, ...] = ()
    article: str | None = None
    answers: int | None = None
    by_staff: bool = False
    parts_sent: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has it, under this id where it gives one."""

    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The channel said no: for good, or for now (it is tried again, for days).

    `reason` is here and below one short Chinese sentence for staff; `parts_sent` all parts that are out by now.
    """

    reason: str
    permanent: bool
    parts_sent: int = 0


@dataclass(frozen=True, slots=True)
class NotSent:
    """It never reached the channel: it is tried again, for days."""

    reason: str
    parts_sent: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """It went out and no usable answer came back. It is not repeated, unless the channel is idempotent."""

    reason: str
    parts_sent: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """It cannot be sent before the person writes again."""

    reason: str
    parts_sent: int = 0


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Too fast: nothing to this person, or through this channel at all, before so many seconds have passed."""

    seconds: float
    whole_channel: bool
    reason: str
    parts_sent: int = 0


SendResult = Sent | Refused | NotSent | Unknown | Held | RetryAfter


class Channel(Protocol):
    """A way out to people. The delivery asks it for one message of a person at a time."""

    @property
    def name(self) -> str:
        """As `Message.channel` has it."""
        ...

    @property
    def idempotent(self) -> bool:
        """Whether a message id sent twice arrives once."""
        ...

    @property
    def passive_grace(self) -> float:
        """For how many seconds after a message came its replies are left to the connector's quick path; 0: it has none."""
        ...

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Send it and say what became of it. What it raises counts as `Unknown`.

        It has `desk.delivery.SEND_SECONDS` and is cancelled then. Cancelled before anything went out (while it waits
        for its pace), it may return `NotSent`; else it lets the cancellation pass.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """The content of a file."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TooLarge:
    """It is larger than was asked for; the rest was not read."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The channel will never give it. `reason` here and below: one short Chinese sentence for staff and the person."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """The channel did not give it; it may at another time."""

    reason: str


FetchResult = Fetched | TooLarge | Gone | NotYet


class Fetching(Protocol):
    """A channel that gives the files which people sent through it."""

    @property
    def name(self) -> str:
        """As `Attachment.channel` has it."""
        ...

    async def fetch(self, source: str, most_bytes: int) -> FetchResult:
        """Get the file, or say why not. What it raises counts as `NotYet`."""
        ...


class Verdict(StrEnum):
    """What a scanner says of a file."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"  # it did not run, or not to its end


class Scan(Protocol):
    """Something that looks for malicious content."""

    async def __call__(self, file: Path) -> Verdict:
        """What it says of the file; no longer than a minute."""
        ...
