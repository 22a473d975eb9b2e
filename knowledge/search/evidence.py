"""What speaks for an article: a handful of numbers between 0 and 1, each of which a person can check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from knowledge.search.asked import Asked, Weighed
from knowledge.search.entry import Entry
from knowledge.search.text import runs, sounds

# Above these a number is full: more of the same tells no more.
_MUCH_MET = 40.0  # bits
_MUCH_NAMED = 10.0  # rarities
_SLACK = 1.2  # BM25's k1; its b is 1, since long articles are about many things


class Near(NamedTuple):
    """A name or question of an article that resembles the question; `core` is what names its matter."""

    phrase: str
    core: str
    vector: Weighed


@dataclass(frozen=True, slots=True)
class Held:
    """An entry made ready to be held against questions."""

    entry: Entry
    names: frozenset[str]
    named: str  # all names
    said: str  # all names and questions
    everything: str
    told: str  # names and sections, without the questions


def hold(entry: Entry) -> Held:
    """The entry made ready."""
    return Held(
        entry=entry,
        names=frozenset(entry.names),
        named="\n".join(entry.names),
        said="\n".join(entry.phrases()),
        everything=entry.everything(),
        told="\n".join((*entry.names, entry.sections)),
    )


def evidence(asked: Asked, held: Held, near: Sequence[Near], usual_length: float) -> dict[str, float]:
    """The numbers for one article; `near` are those of its names and questions that resemble the question.

    For it speak
    wording: best cosine of the question with one phrase; clause: the same of one of its clauses; sound: over syllables;
    told: BM25 of the question over names and sections as a share of the most there can be (`usual_length`: characters
    of the average article); name: how much of its best name the question holds;
    named, said: share of the matter's words, by rarity, in its names and in its names and questions; mass: how much
    the names hold in all; met: how much telling the matter's words are that any of its texts hold;
    asks: whether the aspect asked for is what its title is about (a price).
    Against it speak
    foreign: the share of telling words it has never heard of, in the clause that fits it best;
    outside: how fully the question names a matter known not to be held, which its names and questions do not mention.
    """
    named, mass = _known(asked, held.named)
    numbers = {
        "wording": max((asked.whole.cosine(one.vector) for one in near), default=0.0),
        "clause": max((clause.cosine(one.vector) for clause in asked.clauses for one in near), default=0.0),
        "told": _told(asked.prose, held.told, usual_length),
        "sound": max((_sound(asked.sounds, one.core) for one in near), default=0.0),
        "name": _named(asked, held, near),
        "named": named,
        "said": _known(asked, held.said)[0],
        "mass": min(1.0, mass / _MUCH_NAMED),
        "asks": float(asked.aspect is not None and asked.aspect == held.entry.subject),
        "outside": max((share for name, share in asked.outside if name not in held.said), default=0.0),
    }
    return numbers | _coverage(asked, held, near)


@lru_cache(maxsize=50_000)
def _sounds(text: str) -> frozenset[str]:
    return frozenset(sounds(text))


def _sound(heard: frozenset[str], core: str) -> float:
    other = _sounds(core)
    return len(heard & other) / math.sqrt(len(heard) * len(other)) if heard and other else 0.0


def _named(asked: Asked, held: Held, near: Sequence[Near]) -> float:
    for name in held.names:
        if name in (runs(asked.text) if name.isascii() else asked.text):
            return 1.0
    return max((_held(asked, one.vector) for one in near if one.phrase in held.names), default=0.0)


def _held(asked: Asked, vector: Weighed) -> float:
    shared = vector.weights.keys() & asked.whole.weights.keys()
    return sum([vector.weights[gram] for gram in shared]) / vector.total if shared else 0.0


def _told(question: Weighed, told: str, usual_length: float) -> float:
    slack = _SLACK * len(told) / usual_length
    counted = [(weight, told.count(gram)) for gram, weight in question.weights.items()]
    return sum([weight * count / (count + slack) for weight, count in counted if count]) / question.total


def _known(asked: Asked, text: str) -> tuple[float, float]:
    total = sum(rarity for _, rarity in asked.terms)
    known = sum(rarity for word, rarity in asked.terms if word in text)
    return (known / total if total else 0.0), known


def _coverage(asked: Asked, held: Held, near: Sequence[Near]) -> dict[str, float]:
    best, foreign, met = -1.0, 0.0, 0.0
    for clause in asked.telling:
        known = sum([bits for word, bits in clause if word in held.everything or _heard(near, word)])
        met += known
        if known > best:
            total = sum([bits for _, bits in clause])
            best, foreign = known, (total - known) / (total or 1.0)
    return {"met": min(1.0, met / _MUCH_MET), "foreign": foreign}


def _heard(near: Sequence[Near], word: str) -> bool:
    wanted = _sounds(word)
    return bool(wanted) and any(wanted <= _sounds(one.core) for one in near)
