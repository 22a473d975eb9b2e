"""What became of a request to Telegram, as values that the delivery can act upon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal["unreachable", "bad_request", "token", "conflict", "too_large"]
Doubt = Literal["timeout", "cut", "server", "answer"]


@dataclass(frozen=True, slots=True)
class Sent:
    """Telegram has it. `message_id`: that of the last part."""

    message_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Telegram said no. `permanent`: the same request will never be taken; `done`: the parts that went out before.

    `unreachable`: the person blocked the bot, deleted the account or never began; a later message of theirs clears it.
    `token` and `conflict` are the operator's to mend: the message itself may be repeated.
    """

    reason: Reason
    permanent: bool
    detail: str = ""
    done: int = 0


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Too fast (429). `seconds` to wait, for this chat only or for the whole bot; `done`: the parts that went out."""

    seconds: float
    whole_bot: bool
    done: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request went out and no usable answer came back, so a repetition may be a second copy.

    `server`: a 5xx of the API or of a gateway before it, which does not say whether the message was taken.
    """

    doubt: Doubt
    detail: str = ""
    done: int = 0


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never reached Telegram: it can be repeated. `done`: the parts that went out before."""

    detail: str = ""
    done: int = 0


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a file."""

    data: bytes


Trouble = Refused | RetryAfter | Unknown | NotSent
Outcome = Sent | Trouble
