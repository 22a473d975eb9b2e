"""Words: jieba with the knowledge base's own vocabulary, and how much a word tells in everyday Chinese."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterable

import jieba

from knowledge.search.text import runs



class Vocabulary:
    """A segmenter of its own (never jieba's global one), which learns titles and aliases as words.

    The dictionary is read on first use. Safe to use from threads.
    """

    def __init__(self) -> None:
        self._tokenizer = jieba.Tokenizer()
        self._lock = threading.Lock()
        self._ready = False
        self._own: set[str] = set()

    def learn(self, names: Iterable[str]) -> None:
        """Take normalised names (2 to 8 Han characters) as words from now on."""
        self._read()
        for name in names:
            if 2 <= len(name) <= 8 and " " not in name and name not in self._own:
                self._own.add(name)
                self._tokenizer.add_word(name)

    def words(self, text: str) -> list[str]:
        """Words of a normalised text for the index: the long ones and the shorter ones inside them."""
        self._read()
        return [word for run in runs(text) for word in self._tokenizer.cut_for_search(run, HMM=False)]

    def weighed(self, text: str) -> list[tuple[str, float]]:
        """The words of a normalised text, each with what it tells in everyday Chinese: -log2 of its share, in bits."""
        self._read()
        return [(word, self._bits(word)) for run in runs(text) for word in self._tokenizer.cut(run, HMM=False)]

    def _bits(self, word: str) -> float:
        if word in self._own:
            return 20.0
        count = self._tokenizer.FREQ.get(word) or 1
        return min(20.0, math.log2(self._tokenizer.total / count))

    def _read(self) -> None:
        if self._ready:
            return
        with self._lock:
            if not self._ready:
                jieba.default_logger.setLevel(logging.WARNING)
                self._tokenizer.initialize()
                self._ready = True
