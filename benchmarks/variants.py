"""Articles made up of the knowledge base's own with other words put in: texts, questions and names of the real lengths and overlap."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import jieba

from knowledge.article import Article

_SWAPPED = 12  # words of each article that are replaced


def variants(size: int, originals: list[Article], vocabulary: list[str]) -> Iterator[Article]:
    """So many of them, always the same."""
    for number in range(size):
        yield variant(number, originals, vocabulary)


def variant(number: int, originals: list[Article], vocabulary: list[str]) -> Article:
    """One of them: the words that are put in follow from its number."""
    chance = random.Random(number)
    original = originals[number % len(originals)]
    pairs = [(original.title[:2], chance.choice(vocabulary))]
    for alias in chance.sample(original.aliases, min(_SWAPPED, len(original.aliases))):
        at = chance.randrange(max(1, len(alias) - 1))
        pairs.append((alias[at : at + 2], chance.choice(vocabulary)))

    def swapped(text: str) -> str:
        for old, new in pairs:
            text = text.replace(old, new)
        return text

    return replace(
        original,
        key=f"{original.key}-{number}",
        title=swapped(original.title),
        aliases=tuple(map(swapped, original.aliases)),
        questions=tuple(map(swapped, original.questions)),
        sections={aspect: swapped(text) for aspect, text in original.sections.items()},
    )


def vocabulary_of_jieba() -> list[str]:
    """The words that are put in."""
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    return sorted(word for word, count in tokenizer.FREQ.items() if count > 20 and len(word) == 2)
