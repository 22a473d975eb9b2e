"""Our messages as WeChat carries them: parts, numbered options, and what fits into the one text of a passive reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.wechat.replies import PART_BYTES, fit, numbered

# Not after a link: a text without one goes out in as many parts as it needs.
_ANY = 1000
_MORE = "（未完，回复任意内容接着看。）"
TYPE_SOMETHING = "请打字回复任意内容，以便工作人员联系您。"
ASK_LATER = "本公众号只能在您来消息时回复，请过一会儿回复任意内容，查看工作人员的答复。"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be carried. `link`: the page with the whole text, if any; `parts_sent`: what is out already."""

    text: str
    buttons: tuple[str, ...] = ()
    link: str = ""
    parts_sent: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What one passive reply takes of several letters: the first `whole` of them, and a part of the next if `begun`."""

    text: str
    whole: int
    begun: bool


def parts_of(letter: Letter, *, most: int, options: bool = True) -> list[str]:
    """All parts of a letter, those that are out included; at most `most` where a link stands for the rest.

    `options`: whether the buttons follow as a numbered list. The parts before the last do not depend on either.
    """
    tail = numbered(letter.buttons) if options else ""
    if not letter.text.strip():
        return [tail] if tail else []
    most = max(most, letter.parts_sent + 1) if letter.link else _ANY
    return fit(letter.text, most=most, link=letter.link, tail=tail)


def load(letters: Sequence[Letter], *, later: bool) -> Load:
    """As much as fits into one text. `later`: whether the rest can be sent without the person writing again.

    Only the last letter shows its options: a number picks from the last thing that was said.
    """
    texts: list[str] = []
    for number, letter in enumerate(letters):
        parts = parts_of(letter, most=1, options=number == len(letters) - 1)[letter.parts_sent :]
        if len(parts) > 1 and not texts:
            return _loaded([parts[0]], 0, begun=True, more=not later)
        if len(parts) > 1 or len("\n\n".join([*texts, *parts]).encode()) > PART_BYTES:
            return _loaded(texts, number, begun=False, more=not later)
        texts += parts
    return _loaded(texts, len(letters), begun=False, more=False)


def _loaded(texts: Sequence[str], whole: int, *, begun: bool, more: bool) -> Load:
    return Load("\n\n".join([*texts, _MORE] if more else texts), whole, begun)
