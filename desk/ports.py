"""What the desk needs from outside, as narrow protocols: the connectors implement them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from desk.values import Utterance


class DialogueDown(Exception):
    """The dialogue model did not answer: it is starting, restarting or hanging."""


class Dialogue(Protocol):
    """The dialogue model."""

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """What the model says to a text. Asked twice with one `message_id`, it says the same and does nothing.

        `text` is what the model reads (normalised, or a button's payload), `written` what the person wrote.
        Raises `DialogueDown`.
        """
        ...
