"""What the search costs at 1,000, 10,000 and 100,000 articles: loading, one query, one changed article, memory.

`python -m benchmarks.search_scale [sizes...]`. The articles are the knowledge base's own with other words put in, so
that texts, questions and names have the real lengths and the real overlap. The last column compares with the same
characters and pairs in bm25s (an array engine that has to be built anew for every change).
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import bm25s

from benchmarks.variants import variant, variants, vocabulary_of_jieba
from knowledge.article import Article
from knowledge.markdown import read_folder
from knowledge.search.index import Index
from knowledge.search.text import grams, normalise

_ARTICLES = Path(__file__).parent.parent / "knowledge" / "articles"
_QUERIES = 400


def main(sizes: list[int]) -> None:
    """Print one row per size; ratios are to the first size."""
    originals = read_folder(_ARTICLES)
    vocabulary = vocabulary_of_jieba()
    print(
        "articles   load s   per article ms   query p50 ms   p99 ms   first-time p99 ms   change ms   peak RSS MB   bm25s anew s"
    )
    for size in sizes:
        row = _measured(size, originals, vocabulary)
        print(
            "{:8.0f} {:8.1f} {:16.2f} {:14.2f} {:8.2f} {:19.2f} {:11.1f} {:13.0f} {:14.1f}".format(*row),
            flush=True,
        )


def _measured(size: int, originals: list[Article], vocabulary: list[str]) -> tuple[float, ...]:
    index = Index()
    started = time.perf_counter()
    index.put(variants(size, originals, vocabulary))
    loading = time.perf_counter() - started
    asked = _questions(size, originals, vocabulary)
    index.search("预热")
    first = sorted(_milliseconds(index.search, question) for question in asked)
    again = sorted(_milliseconds(index.search, question) for question in asked)
    changed = replace(next(variants(1, originals, vocabulary)), title="海底隧道观光许可")
    change = _milliseconds(index.put, [changed])
    if index.search("海底隧道观光许可怎么办").hits[0].key != changed.key:
        raise SystemExit("the changed article was not found")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    whole = _array_engine(variants(size, originals, vocabulary)) if size <= 10_000 else float("nan")
    return (
        size,
        loading,
        loading / size * 1e3,
        _at(again, 0.5),
        _at(again, 0.99),
        _at(first, 0.99),
        change,
        memory,
        whole,
    )


def _questions(size: int, originals: list[Article], vocabulary: list[str]) -> list[str]:
    chance = random.Random(7)
    numbers = [chance.randrange(size) for _ in range(_QUERIES)]
    return [chance.choice(variant(number, originals, vocabulary).questions) for number in numbers]


def _array_engine(articles: Iterator[Article]) -> float:
    texts = [grams(normalise(" ".join((a.title, *a.aliases, *a.questions)))) for a in articles]
    started = time.perf_counter()
    bm25s.BM25().index(texts, show_progress=False)
    return time.perf_counter() - started


def _milliseconds(call: Callable[..., object], argument: object) -> float:
    started = time.perf_counter()
    call(argument)
    return (time.perf_counter() - started) * 1e3


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000])
