"""Finding the right one of 1,543 answers of LeCoQA: the usual word BM25, the published floor, and our search.

`python -m benchmarks.retrieval`. LeCoQA (MIT licence) is looked for under `QIFU_DATA`, else in `shared/data` beside
this project. Both BM25s are Lucene's form, k1 1.5, b 0.75, over NFKC lower-case text. Ours is the very index that the
product runs: each answer is an article with one section, without a title and without similar questions.
"""

from __future__ import annotations

import json
import math
import os
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import jieba
import numpy as np

from knowledge.article import Article
from knowledge.search.index import Index

_K1, _B = 1.5, 0.75
_DEEP = 50  # answers ranked per question; one further down counts as not found
_Ranker = Callable[[str], Sequence[int]]


def main() -> None:
    """Print one row per method; the ratio is MRR to that of word BM25."""
    answers, asked = _read(_folder())
    words = jieba.Tokenizer()
    methods: list[tuple[str, _Ranker]] = [
        ("BM25, jieba words", _bm25(answers, words.lcut)),
        ("BM25, characters and pairs (floor)", _bm25(answers, _pairs)),
        ("ours", _ours(answers)),
    ]
    print(f"LeCoQA: {len(asked)} questions, {len(answers)} answers")
    print(f"{'method':36} {'hit@1':>6} {'hit@5':>6} {'MRR':>6} {'ratio':>6}")
    base = 0.0
    for name, ranker in methods:
        first, five, mean = _score(ranker, answers, asked)
        base = base or mean
        print(f"{name:36} {first:6.3f} {five:6.3f} {mean:6.3f} {mean / base:6.2f}", flush=True)


def _folder() -> Path:
    root = Path(os.environ.get("QIFU_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not (root / "lecoqa" / "corpus.json").exists():
        sys.exit(
            "LeCoQA is not there: put corpus.json and train.json into a folder lecoqa, and name its parent in QIFU_DATA."
        )
    return root / "lecoqa"


def _read(folder: Path) -> tuple[list[str], list[tuple[str, int]]]:
    corpus = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    train = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    place = {row["id"]: number for number, row in enumerate(corpus)}
    answers = [_fold(row["answer"]) for row in corpus]
    return answers, [(_fold(row["question"]), place[row["answer"]]) for row in train]


def _fold(text: object) -> str:
    # One answer of the corpus is NaN instead of a text.
    return unicodedata.normalize("NFKC", text).lower() if isinstance(text, str) else ""


def _pairs(text: str) -> list[str]:
    return [*text, *(text[at : at + 2] for at in range(len(text) - 1))]


def _bm25(texts: Sequence[str], tokens: Callable[[str], list[str]]) -> _Ranker:
    counted = [Counter(tokens(text)) for text in texts]
    lengths = np.array([sum(counts.values()) for counts in counted])
    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, counts in enumerate(counted):
        for token, count in counts.items():
            postings[token].append((number, count))
    slack = _K1 * (1 - _B + _B * lengths / lengths.mean())

    def ranker(question: str) -> list[int]:
        scores = np.zeros(len(texts))
        for token in tokens(question):
            if found := postings.get(token):
                where, counts = (np.array(column) for column in zip(*found, strict=True))
                weight = math.log(1 + (len(texts) - len(found) + 0.5) / (len(found) + 0.5))
                scores[where] += weight * counts / (counts + slack[where])
        return [int(number) for number in np.argsort(-scores, kind="stable")[:_DEEP]]

    return ranker


def _ours(texts: Sequence[str]) -> _Ranker:
    index = Index()
    index.put(_article(number, text) for number, text in enumerate(texts))
    return lambda question: [int(hit.key) for hit in index.search(question, limit=_DEEP).hits]


def _article(number: int, text: str) -> Article:
    day = date(2024, 1, 1)
    return Article(str(number), "", "law", "", "", (), (), (), day, None, day, {"overview": text})


def _score(
    ranker: _Ranker, answers: Sequence[str], asked: Sequence[tuple[str, int]]
) -> tuple[float, float, float]:
    first = five = mean = 0.0
    for question, right in asked:
        ranked = ranker(question)
        # Identical answer texts are all right.
        place = next((at for at, number in enumerate(ranked, 1) if answers[number] == answers[right]), 0)
        first, five, mean = (
            first + (place == 1),
            five + (1 <= place <= 5),
            mean + (1 / place if place else 0.0),
        )
    return first / len(asked), five / len(asked), mean / len(asked)


if __name__ == "__main__":
    main()
