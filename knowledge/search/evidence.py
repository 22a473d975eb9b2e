"""What speaks for an article: a handful of numbers between 0 and 1, each of which a person can check."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.search.aspect import strip
from knowledge.search.entry import Entry
from knowledge.search.text import grams, sounds

Rarity = Callable[[str], float]
_IDLE = 0.3  # what a gram outside the matter's name ("怎么", "材料") counts beside one inside it
_EVERYDAY = 11.0  # bits below which a word is in everybody's mouth and its absence from an article says nothing


@dataclass(frozen=True, slots=True)
class Asked:
    """A normalised question, taken apart once."""

    text: str
    core: str
    weights: Mapping[str, float]  # gram -> its weight in this question
    sounds: frozenset[str]
    words: tuple[tuple[str, float], ...]  # the matter's words, each with its bits in everyday Chinese


def take_apart(text: str, rarity: Rarity, weighed: Callable[[str], list[tuple[str, float]]]) -> Asked:
    """The parts of a normalised question; `weighed` gives words and their bits."""
    core = strip(text)
    return Asked(text, core, _weights(text, rarity), frozenset(sounds(core)), tuple(weighed(core)))


def evidence(asked: Asked, entry: Entry, phrases: Iterable[str], rarity: Rarity) -> dict[str, float]:
    """The numbers for one article; `phrases` are those of its names and questions that came near.

    wording: best cosine with one phrase, by rarity. sound: the same over syllables. name: how much of its best name
    the question holds. covered: share of the question's telling words that the article knows.
    strange: how much of the question the article has never heard of (the only number that speaks against).
    """
    covered, strange = _coverage(asked, entry)
    near = list(phrases)
    return {
        "wording": max((_cosine(asked.weights, phrase, rarity) for phrase in near), default=0.0),
        "sound": max((_sound(asked.sounds, phrase) for phrase in near), default=0.0),
        "name": max((_held(asked, name, rarity) for name in entry.names), default=0.0),
        "covered": covered,
        "strange": strange,
    }


def _weights(text: str, rarity: Rarity) -> dict[str, float]:
    matter = set(_matter(text))
    return {gram: rarity(gram) * (1.0 if gram in matter else _IDLE) for gram in _grams(text)}


@lru_cache(maxsize=50_000)
def _grams(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(grams(text)))


@lru_cache(maxsize=50_000)
def _matter(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(grams(strip(text))))


@lru_cache(maxsize=50_000)
def _sounds(text: str) -> frozenset[str]:
    return frozenset(sounds(strip(text)))


def _cosine(weights: Mapping[str, float], phrase: str, rarity: Rarity) -> float:
    other = _weights(phrase, rarity)
    shared = sum(weights[gram] * weight for gram, weight in other.items() if gram in weights)
    return shared / math.sqrt((_square(weights.values()) * _square(other.values())) or 1.0)


def _square(values: Iterable[float]) -> float:
    return sum(value * value for value in values)


def _sound(heard: frozenset[str], phrase: str) -> float:
    other = _sounds(phrase)
    return len(heard & other) / math.sqrt(len(heard) * len(other)) if heard and other else 0.0


def _held(asked: Asked, name: str, rarity: Rarity) -> float:
    if name in asked.text:
        return 1.0
    weights = _weights(name, rarity)
    return sum(weight for gram, weight in weights.items() if gram in asked.weights) / (sum(weights.values()) or 1.0)


def _coverage(asked: Asked, entry: Entry) -> tuple[float, float]:
    text = entry.everything()
    telling = [(word, bits - _EVERYDAY) for word, bits in asked.words if bits > _EVERYDAY]
    total = sum(bits for _, bits in telling)
    missed = sum(bits for word, bits in telling if word not in text)
    return (1.0 - missed / total if total else 0.0), min(1.0, missed / 30.0)
