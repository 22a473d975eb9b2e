"""Which aspect of a matter is asked for, and what of a question names the matter itself."""

from __future__ import annotations

import re
from functools import lru_cache

from knowledge.article import Aspect
from knowledge.search.aspect_words import ASKED, HINTED, NAMED, SHORT, STRIPPED
from knowledge.search.text import normalise


def _cue(pattern: str) -> re.Pattern[str]:
    for letter, stands_for in SHORT.items():
        pattern = pattern.replace(letter, stands_for)
    return re.compile(pattern)


def _asking(aspect: Aspect) -> re.Pattern[str]:
    named = NAMED[aspect]
    asks = (f"W(?:样的)?(?:{named})", f"(?:{named})[的是有都要]{{0,2}}(?:W|多少|哪几|H[样说])")
    return _cue("|".join((*ASKED[aspect], *asks)))


_ASKED = tuple((aspect, _asking(aspect)) for aspect in ASKED)
_LOOSE = tuple(
    (aspect, weight, _cue(pattern))
    for weight, cues in ((1, NAMED), (0, HINTED))
    for aspect, pattern in cues.items()
)
_STRIPPED = tuple(re.compile(pattern) for pattern in STRIPPED)


# A question is looked at from several sides, each of which asks anew.
_REMEMBERED = 1_000


@lru_cache(_REMEMBERED)
def asked_aspect(text: str) -> Aspect | None:
    """The aspect that the question names; None where it names none ("怎么办" asks for everything).

    What asks in so many words decides, the last of it, for people tell their story before they ask; of two that end
    together, the longer. Where nothing does, what names an aspect or hints at one decides, the last as well.
    """
    plain = normalise(text)
    asked = [(cue.end(), -cue.start(), aspect) for aspect, cues in _ASKED for cue in cues.finditer(plain)]
    if asked:
        return max(asked, key=lambda cue: cue[:2])[2]
    loose = [(cue.end(), weight, aspect) for aspect, weight, cues in _LOOSE for cue in cues.finditer(plain)]
    return max(loose, key=lambda cue: cue[:2])[2] if loose else None


def residue(text: str) -> str:
    """What names the matter: the text without aspect words, question words, particles and politeness.

    "那材料呢" -> "", "燃气呢" -> "燃气". Pieces that were apart stay apart by one space.
    """
    return strip(normalise(text))


@lru_cache(_REMEMBERED)
def strip(plain: str) -> str:
    """`residue` of a text that is normalised already."""
    for words in _STRIPPED:
        plain = words.sub(" ", plain)
    return " ".join(plain.split())
