"""A question taken apart once, so that it can be held against many articles."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from knowledge.article import Aspect
from knowledge.search.aspect import asked_aspect, strip
from knowledge.search.outside import Outside
from knowledge.search.text import grams, sounds
from knowledge.search.words import Vocabulary

Rarity = Callable[[str], float]
IDLE = 0.3  # what a gram outside the matter's name ("怎么", "材料") counts beside one inside it
_IDLE_IN_PROSE = 0.7
_EVERYDAY = (
    11.0  # bits below which a word is in everybody's mouth and its absence from an article says nothing
)
_CLAUSES = 6  # clauses of a rambling question that are held against phrases one by one, the last ones


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text as a vector: gram -> weight, the vector's length, and the sum of its weights."""

    weights: Mapping[str, float]
    length: float
    total: float

    def cosine(self, other: Weighed) -> float:
        """How alike two texts are, 0..1."""
        mine, others = self.weights, other.weights
        shared = sum([mine[gram] * others[gram] for gram in mine.keys() & others.keys()])
        return shared / (self.length * other.length) if shared else 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The parts of a normalised question. The matter is what `strip` leaves of it."""

    text: str
    aspect: Aspect | None
    whole: Weighed
    prose: Weighed  # the same for running text, where the words around the matter are worth more
    clauses: tuple[Weighed, ...]
    sounds: frozenset[str]  # of the matter
    telling: tuple[
        tuple[tuple[str, float], ...], ...
    ]  # clause by clause: a matter's word and its bits above everyday
    terms: tuple[
        tuple[str, float], ...
    ]  # the matter's words, long and short, and their rarity among the articles
    outside: tuple[
        tuple[str, float], ...
    ]  # matters known not to be held that it names, and the share it names


@dataclass(frozen=True, slots=True)
class Reading:
    """What a question is read with: rarities as they stand, the words, and the matters known not to be held."""

    rarity: Rarity
    word_rarity: Rarity
    vocabulary: Vocabulary
    outside: Outside


def take_apart(text: str, reading: Reading) -> Asked:
    """The parts of a normalised question."""
    core = strip(text)
    clauses = [clause for clause in text.split() if strip(clause)]
    return Asked(
        text=text,
        aspect=asked_aspect(text),
        whole=weighed(text, reading.rarity),
        prose=weighed(text, reading.rarity, _IDLE_IN_PROSE),
        clauses=tuple(weighed(clause, reading.rarity) for clause in clauses[-_CLAUSES:]),
        sounds=frozenset(sounds(core)),
        telling=tuple(_telling(strip(clause), reading.vocabulary) for clause in clauses),
        terms=tuple(
            (word, reading.word_rarity(word)) for word in dict.fromkeys(reading.vocabulary.words(core))
        ),
        outside=reading.outside.named(text, reading.rarity),
    )


def weighed(text: str, rarity: Rarity, idle: float = IDLE, core: str | None = None) -> Weighed:
    """The vector of a normalised text: its grams by rarity, those that do not name the matter times `idle`.

    `core`: what `strip` leaves of the text, where it is known already.
    """
    matter = frozenset(grams(strip(text) if core is None else core))
    found = {gram: rarity(gram) * (1.0 if gram in matter else idle) for gram in grams(text)}
    length = math.sqrt(sum([weight * weight for weight in found.values()]))
    return Weighed(found, length or 1.0, sum(found.values()) or 1.0)


def _telling(core: str, vocabulary: Vocabulary) -> tuple[tuple[str, float], ...]:
    return tuple((word, bits - _EVERYDAY) for word, bits in vocabulary.weighed(core) if bits > _EVERYDAY)
