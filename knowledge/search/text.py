"""What a text is to the search: one normal form, character grams, and the sound of its syllables."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise

import opencc
from pypinyin import Style, pinyin

LONGEST = 1_000  # characters; nobody asks in more, and one query must not cost more than a page
_GAP = re.compile(r"[\W_]+")
# "注 销 公 司": characters set apart one by one are one word; a space between longer pieces is somebody's comma.
_SPREAD = re.compile(r"(?<!\S)[\u3400-\u9fff](?: [\u3400-\u9fff]){2,}(?!\S)")
_RUN = re.compile(r"[a-z0-9]+|[^\Wa-z0-9_]+")
# Accents and fast typing confuse these, so both sides of a comparison lose the difference.
_SAME_SOUND = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ang", "an"), ("eng", "en"), ("ing", "in"))


def normalise(text: str) -> str:
    """The one form in which texts are compared: NFKC, lower case, Simplified script, single spaces for the rest.

    Never raises; at most `LONGEST` characters of the text are read. Nothing but letters, digits and single spaces is
    left, so a text of emoji or control characters becomes "".
    """
    readable = text[:LONGEST].encode("utf-8", "ignore").decode("utf-8")
    folded = unicodedata.normalize("NFKC", readable).lower()[:LONGEST]
    simplified = _to_simplified().convert(folded.replace("\0", " "))
    return _SPREAD.sub(lambda found: found[0].replace(" ", ""), _GAP.sub(" ", simplified).strip())


def runs(text: str) -> list[str]:
    """The unbroken pieces of a normalised text: Latin letters and digits apart from Han characters."""
    return _RUN.findall(text)


def grams(text: str) -> list[str]:
    """Single characters and pairs of neighbours, in order; a Latin word or a number is one gram."""
    found: list[str] = []
    for run in runs(text):
        if run.isascii():
            found.append(run)
        else:
            found.extend(run)
            found.extend(run[at : at + 2] for at in range(len(run) - 1))
    return found


def sounds(text: str) -> list[str]:
    """Pairs of neighbouring toneless syllables ("jie'sui"), blind to zh/z, ch/c, sh/s and the nasal endings."""
    found: list[str] = []
    for run in runs(text):
        if run.isascii():
            continue
        syllables = [syllable(character) for character in run]
        found.extend(f"{one}'{two}" for one, two in pairwise(syllables))
    return found


@lru_cache(maxsize=20_000)
def syllable(character: str) -> str:
    """The character's reading, blind to the differences that `sounds` is blind to."""
    found = reading(character)
    for heard, kept in _SAME_SOUND:
        found = found.replace(heard, kept)
    return found


@lru_cache(maxsize=20_000)
def reading(character: str) -> str:
    """The commonest toneless reading of one character; the character itself where it has none."""
    return pinyin(character, style=Style.NORMAL, errors="default")[0][0]


@cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")
