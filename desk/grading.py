"""At what level a matter is suggested to be accepted: by its words, with the reason that staff read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tickets.limits import Level
from tickets.models import Ticket
from tickets.tickets import Draft

# What nobody can wait for. Not a water meter to be shut off, a leak of data, a mortgage that is paid no more.
_URGENT = re.compile(
    r"停[水电气](?![表费])|断[水电气](?!费)|停[暖热]|断[暖热]|停供|(?<!房贷)(?<!贷款)(?<!按揭)断供"
    r"|漏[气电]|(?<!信息)(?<!数据)(?<!隐私)(?<!秘密)泄漏|爆[炸管裂]|[起着失]火|火灾|触电|中毒|塌[陷方]|坍塌"
)
_DENIED = re.compile(r"(?:没有?|未|不会?|不再|从未|并未|防止?|避免|预防)(?:发生|出现|再|过|了)*$")
_LETTERS_BEFORE = 6


@dataclass(frozen=True, slots=True)
class Grade:
    """A level, and why it is suggested."""

    level: Level
    reason: str


def urgency(matter: Draft | Ticket) -> Grade | None:
    """Urgent, where its words say so; else nothing is suggested."""
    text = f"{matter.description}\n{matter.wanted}"
    words = [found[0] for found in _URGENT.finditer(text) if not _denied(text, found.start())]
    if not words:
        return None
    named = "、".join(f"“{word}”" for word in dict.fromkeys(words))
    return Grade(Level.URGENT, f"文中提到{named}")


def _denied(text: str, start: int) -> bool:
    """Whether what is before a word says that it did not happen."""
    return bool(_DENIED.search(text[max(0, start - _LETTERS_BEFORE) : start]))
