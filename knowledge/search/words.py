"""Words: jieba with the knowledge base's own vocabulary, misheard ones mended, and how much a word tells."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache

import jieba

from knowledge.search.text import reading, runs

_TOLD = 20.0  # bits of a word that is in no dictionary, and of the knowledge base's own
_RARE = 30  # jieba's count below which a word of the dictionary may still be a slip of the finger
_LONGEST = 6  # characters of a word that is looked for by its sound


class Vocabulary:
    """A segmenter of its own (never jieba's global one), which learns titles and aliases as words.

    The dictionary is taken on first use. Safe to use from threads.
    """

    def __init__(self) -> None:
        self._tokenizer = jieba.Tokenizer()
        self._lock = threading.Lock()
        self._own: set[str] = set()
        self._by_sound: dict[tuple[str, ...], str] = {}

    def learn(self, names: Iterable[str]) -> None:
        """Take normalised names (2 to 8 Han characters) as words from now on, and the words in them by their sound."""
        self._read()
        for name in names:
            if name in self._own:
                continue
            self._own.add(name)
            if 2 <= len(name) <= 8 and " " not in name:
                self._tokenizer.add_word(name)
            for word in {name, *self.words(name)}:
                if 2 <= len(word) <= _LONGEST and not word.isascii():
                    self._by_sound.setdefault(tuple(map(reading, word)), word)

    def every_word(self, text: str) -> list[str]:
        """Every dictionary word of two characters or more in a normalised text, overlapping ones too: for the index.

        It holds whatever `words` may cut out of a question, at a fifth of the time that cutting takes.
        """
        self._read()
        return [word for run in runs(text) for word in ([run] if run.isascii() else self._starting(run))]

    def words(self, text: str) -> list[str]:
        """Words of a normalised question: the long ones and the shorter ones inside them."""
        self._read()
        return [word for run in runs(text) for word in self._tokenizer.cut_for_search(run, HMM=False)]

    def weighed(self, text: str) -> list[tuple[str, float]]:
        """The words of a normalised text, each with what it tells in everyday Chinese: -log2 of its share, in bits."""
        self._read()
        return [
            (word, self._bits(word)) for run in runs(text) for word in self._tokenizer.cut(run, HMM=False)
        ]

    def mend(self, text: str) -> str:
        """The normalised text with misheard words put right: "发瓢" is no word but sounds like 发票, a word of ours."""
        self._read()
        for run in runs(text):
            if not run.isascii():
                text = text.replace(run, self._mended(list(self._tokenizer.cut(run, HMM=False))), 1)
        return text

    def _starting(self, run: str) -> Iterator[str]:
        counts = self._tokenizer.FREQ  # holds every beginning of a word as well, with count 0
        for start in range(len(run)):
            end = start + 2
            while end <= len(run) and (count := counts.get(run[start:end])) is not None:
                if count:
                    yield run[start:end]
                end += 1

    def _mended(self, pieces: list[str]) -> str:
        done, at = "", 0
        while at < len(pieces):
            size = next((size for size in range(4, 0, -1) if self._meant(pieces[at : at + size])), 0)
            done += self._meant(pieces[at : at + size]) if size else pieces[at]
            at += size or 1
        return done

    def _meant(self, pieces: list[str]) -> str:
        """The word of ours that the pieces sound like and half look like; "" if they are words in their own right."""
        said = "".join(pieces)
        if (
            not 2 <= len(said) <= _LONGEST
            or said in self._own
            or (self._tokenizer.FREQ.get(said) or 0) >= _RARE
        ):
            return ""
        if len(pieces) > 1 and all(len(piece) > 1 for piece in pieces):
            return ""
        meant = self._by_sound.get(tuple(map(reading, said)), "")
        kept = sum(one == other for one, other in zip(said, meant, strict=False))
        return meant if meant != said and 2 * kept >= len(said) else ""

    def _bits(self, word: str) -> float:
        if word in self._own:
            return _TOLD
        count = self._tokenizer.FREQ.get(word) or 1
        return min(_TOLD, math.log2(self._tokenizer.total / count))

    def _read(self) -> None:
        if self._tokenizer.initialized:
            return
        with self._lock:
            if not self._tokenizer.initialized:
                counts, self._tokenizer.total = _dictionary()
                self._tokenizer.FREQ = counts.copy()
                self._tokenizer.initialized = True


@lru_cache(maxsize=1)
def _dictionary() -> tuple[dict[str, int], int]:
    """jieba's words with their counts, and the sum of these: reading them takes half a second, a copy 10 ms."""
    jieba.default_logger.setLevel(logging.WARNING)
    read = jieba.Tokenizer()
    read.initialize()
    return read.FREQ, read.total
