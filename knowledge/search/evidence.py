"""What speaks for an article: a handful of numbers between 0 and 1, each of which a person can check."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.article import Aspect
from knowledge.search.asked import Asked, Rarity, Weighed, weighed
from knowledge.search.aspect import asked_aspect, strip
from knowledge.search.entry import Entry
from knowledge.search.text import grams, runs, sounds

# Above these a number is full: more of the same tells no more.
_MUCH_MET = 40.0  # bits
_MUCH_NAMED = 10.0  # rarities
_SLACK = 1.2  # BM25's k1; its b is 1, since long articles are about many things


@dataclass(frozen=True, slots=True)
class Held:
    """An entry made ready to be held against questions."""

    entry: Entry
    names: tuple[tuple[str, Weighed], ...]
    named: str  # all names
    said: str  # all names and questions
    everything: str
    told: Mapping[str, int]  # gram -> how often names and sections have it, without the questions
    told_length: int  # their characters
    subject: Aspect | None  # the aspect that its title is about ("用水价格": fee)


def hold(entry: Entry, rarity: Rarity) -> Held:
    """The entry made ready."""
    told = "\n".join((*entry.names, entry.sections))
    return Held(
        entry=entry,
        names=tuple((name, weighed(name, rarity)) for name in entry.names),
        named="\n".join(entry.names),
        said="\n".join(entry.phrases()),
        everything=entry.everything(),
        told=Counter(grams(told)),
        told_length=len(told),
        subject=asked_aspect(entry.names[0]) if entry.names else None,
    )


def evidence(
    asked: Asked, held: Held, near: Sequence[tuple[str, Weighed]], usual_length: float
) -> dict[str, float]:
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
        "wording": max((asked.whole.cosine(vector) for _, vector in near), default=0.0),
        "clause": max((clause.cosine(vector) for clause in asked.clauses for _, vector in near), default=0.0),
        "told": _told(asked.prose, held, usual_length),
        "sound": max((_sound(asked.sounds, phrase) for phrase, _ in near), default=0.0),
        "name": max((_held(asked, name, vector) for name, vector in held.names), default=0.0),
        "named": named,
        "said": _known(asked, held.said)[0],
        "mass": min(1.0, mass / _MUCH_NAMED),
        "asks": float(asked.aspect is not None and asked.aspect == held.subject),
        "outside": max((share for name, share in asked.outside if name not in held.said), default=0.0),
    }
    return numbers | _coverage(asked, held)


@lru_cache(maxsize=50_000)
def _sounds(text: str) -> frozenset[str]:
    return frozenset(sounds(strip(text)))


def _sound(heard: frozenset[str], phrase: str) -> float:
    other = _sounds(phrase)
    return len(heard & other) / math.sqrt(len(heard) * len(other)) if heard and other else 0.0


def _held(asked: Asked, name: str, vector: Weighed) -> float:
    if name in (runs(asked.text) if name.isascii() else asked.text):
        return 1.0
    shared = vector.weights.keys() & asked.whole.weights.keys()
    return sum([vector.weights[gram] for gram in shared]) / vector.total if shared else 0.0


def _told(question: Weighed, held: Held, usual_length: float) -> float:
    slack = _SLACK * held.told_length / usual_length
    counted = [(weight, held.told[gram]) for gram, weight in question.weights.items() if gram in held.told]
    return sum([weight * count / (count + slack) for weight, count in counted]) / question.total


def _known(asked: Asked, text: str) -> tuple[float, float]:
    total = sum(rarity for _, rarity in asked.terms)
    known = sum(rarity for word, rarity in asked.terms if word in text)
    return (known / total if total else 0.0), known


def _coverage(asked: Asked, held: Held) -> dict[str, float]:
    best, foreign, met = -1.0, 0.0, 0.0
    for clause in asked.telling:
        known = sum([bits for word, bits in clause if _knows(held, word)])
        met += known
        if known > best:
            total = sum([bits for _, bits in clause])
            best, foreign = known, (total - known) / (total or 1.0)
    return {"met": min(1.0, met / _MUCH_MET), "foreign": foreign}


def _knows(held: Held, word: str) -> bool:
    if word in held.everything:
        return True
    heard = sounds(word)
    return bool(heard) and _heard(held.said).issuperset(heard)


@lru_cache(maxsize=5_000)
def _heard(said: str) -> frozenset[str]:
    return frozenset(sounds(said))
