"""What is answered: the body of a passive reply, and long texts in the parts that WeChat takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime

from connectors.wechat.crypto import Account, Opened, Sealed, seal
from connectors.wechat.pushes import Push
from connectors.wechat.xml import legal, write_fields

# Acknowledges a push without a word to the person; needs no encryption in any mode.
SUCCESS = "success"
# WeChat names no limit; 2048 bytes were measured. UTF-8 takes three for a Chinese character.
PART_BYTES = 1800

_ZWJ = "\u200d"
# Links, tags, addresses, numbers: read or tapped as a whole.
_WHOLE = re.compile(
    r"""<a\b[^<>]{0,2000}>[^<]{0,2000}</a\s*>
    | <[^<>\s][^<>]{0,2000}>
    | (?:[a-z][a-z0-9+.-]{1,20}://|www\.)[!#-;=?-~]+
    | [0-9a-z]+(?:[-_.,:/@+%][0-9a-z]+)*""",
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_ENDS = frozenset("。！？；…!?;")
_CLOSERS = "”’」』）》】〉\"')"
_PAUSES = frozenset("，、：,: \t\u3000")


def text_reply(push: Push, text: str, *, now: datetime) -> str:
    """The XML that answers a push with a text; `SUCCESS` where there is nothing to say, as empty texts are refused."""
    content = legal(text).strip()
    if not content:
        return SUCCESS
    return write_fields(
        [
            ("ToUserName", push.sender),
            ("FromUserName", push.account),
            ("CreateTime", int(now.timestamp())),
            ("MsgType", "text"),
            ("Content", content),
        ]
    )


def reply_body(account: Account, opened: Opened, reply: str, *, now: datetime, random: bytes) -> str:
    """The reply as it goes out: encrypted where the push was. `random`: 16 bytes."""
    if opened.key is None or reply == SUCCESS:
        return reply
    return envelope(seal(account, reply, key=opened.key, now=now, nonce=opened.nonce, random=random))


def envelope(sealed: Sealed) -> str:
    """The XML around an encrypted reply."""
    return write_fields(
        [
            ("Encrypt", sealed.cipher),
            ("MsgSignature", sealed.signature),
            ("TimeStamp", sealed.timestamp),
            ("Nonce", sealed.nonce),
        ]
    )


def numbered(titles: Sequence[str]) -> str:
    """The buttons for where there are none: options to pick by their number. Empty without titles."""
    lines = [f"{number}. {title}" for number, title in enumerate(titles, start=1)]
    return "\n".join(["回复数字即可：", *lines]) if lines else ""


def split(text: str, *, limit: int = PART_BYTES) -> list[str]:
    """The text in parts of at most `limit` bytes of UTF-8, cut at ends of lines and sentences where there are any.

    Links, `<a>` tags, numbers and emoji stay whole, unless one alone is longer than a part. White space at a cut is
    dropped, as is what XML cannot hold. No part is empty. Raises `ValueError` where `limit` holds no character.
    """
    if limit < 4:
        raise ValueError("a part has to hold a character of 4 bytes")
    parts, rest = [], legal(text).strip()
    while rest:
        part, rest = _cut(rest, limit)
        parts.append(part)
    return parts


def fit(text: str, *, most: int, link: str, tail: str = "", limit: int = PART_BYTES) -> list[str]:
    """The text in at most `most` parts; where it is longer, the last part ends with a pointer to `link`.

    `tail` (the numbered options) follows at the end and is never dropped. Raises `ValueError` where a part cannot
    hold pointer and tail.
    """
    whole = _with_tail(split(text, limit=limit), legal(tail).strip(), limit)
    if len(whole) <= most:
        return whole
    end = _joined(f"内容较长，全文请看：{link}", legal(tail).strip())
    room = limit - len(f"\n\n{end}".encode())
    if most < 1 or room < 4:
        raise ValueError("a part has to hold the pointer to the full text")
    parts, rest = [], legal(text).strip()
    for _ in range(most - 1):
        part, rest = _cut(rest, limit)
        parts.append(part)
    last, _ = _cut(rest, room)
    return [*(part for part in parts if part), _joined(last, end)]


def _with_tail(parts: Sequence[str], tail: str, limit: int) -> list[str]:
    if not tail:
        return list(parts)
    last = _joined(*parts[-1:], tail)
    if len(last.encode()) <= limit:
        return [*parts[:-1], last]
    return [*parts, *split(tail, limit=limit)]


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _cut(text: str, limit: int) -> tuple[str, str]:
    """A beginning within `limit` bytes, and the rest. A good end is worth up to two thirds of a part."""
    end = size = 0
    best: dict[int, int] = {}
    for piece in _pieces(text, limit):
        size += len(piece.encode())
        if size > limit:
            break
        end += len(piece)
        if size * 3 >= limit:
            best[_rank(text, end)] = end
    else:
        return text, ""
    cut = best[max(best)] if best else end
    return text[:cut].rstrip(), text[cut:].lstrip()


def _rank(text: str, end: int) -> int:
    """How good it is to cut here: 2 at the end of a line or sentence, 1 at a pause, else 0."""
    after = text[end : end + 1]
    if "\n" in (text[end - 1], after):
        return 2
    before = text[max(0, end - 4) : end].rstrip(_CLOSERS)[-1:]
    if before in _SENTENCE_ENDS and after not in _SENTENCE_ENDS and after not in _CLOSERS:
        return 2
    # A full stop ends a sentence before white space, and not after a number: "1. ".
    if before == "." and after.isspace() and not text[max(0, end - 2)].isdigit():
        return 2
    number = text[end - 1].isspace() and text[max(0, end - 2)] == "."
    return 1 if text[end - 1] in _PAUSES and not number else 0


def _pieces(text: str, limit: int) -> Iterator[str]:
    """What is not to be cut, one after the other, each within `limit` bytes; lazily, as only a beginning is needed."""
    at = 0
    while at < len(text):
        whole = _WHOLE.match(text, at)
        end = _end_of_character(text, whole.end() if whole else at + 1)
        yield from _small(text[at:end], limit)
        at = end


def _small(piece: str, limit: int) -> Iterator[str]:
    if len(piece.encode()) <= limit:
        yield piece
        return
    at = 0
    while at < len(piece):
        end = _end_of_character(piece, at + 1)
        character = piece[at:end]
        yield from [character] if len(character.encode()) <= limit else character
        at = end


def _end_of_character(text: str, end: int) -> int:
    """Past what belongs to the character before `end`: a flag's second letter, marks, skin tones, what is joined."""
    if _is_flag(text[end - 1]) and _is_flag(text[end : end + 1]):
        end += 1
    while end < len(text) and (_extends(text[end]) or (text[end - 1] == _ZWJ and not text[end].isascii())):
        end += 1
    return end


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _extends(character: str) -> bool:
    if character == _ZWJ or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    return "\U000e0020" <= character <= "\U000e007f" or unicodedata.category(character).startswith("M")
