"""Fits the search to labelled questions and writes `calibration.json`: `python -m knowledge.search.calibrate`.

Learnt from: `calibration.tsv` (key, aspect, question; `-` as key: must not be answered), and every article's own
similar questions, each asked as if the article had never been told it. Figures are printed for questions held out by
article, so that no article is judged by weights that saw its questions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.article import Article
from knowledge.markdown import read_folder
from knowledge.search.confidence import Calibration, probability, shares, weigh
from knowledge.search.fit import Case, fit_rank, fit_sure
from knowledge.search.index import Index

_HERE = Path(__file__).parent
_RANK = ("wording", "sound", "name", "named", "said", "text", "told", "mass", "asks")
_SURE = {
    "wording": 1.0, "clause": 1.0, "sound": 1.0, "name": 1.0, "named": 1.0, "said": 1.0, "mass": 1.0, "met": 1.0,
    "asks": 1.0, "share": 1.0, "foreign": -1.0, "outside": -1.0,
}  # fmt: skip
# The outside opinion on the category is not in the questions' file, so it gets weights by judgement: enough to settle
# a draw (a sure model adds about one to the score), not enough to overrule the words.
_PRIOR = {"rank": 0.4, "sure": 0.25}
_FALSE_ANSWERS = 0.04  # share of questions that must not be answered that may be answered
_OWN_RANK, _OWN_SURE = (
    0.3,
    0.03,
)  # what an article's own question counts beside one that a person really would ask
_LOW = 0.08  # confidence below which even a choice of three would be guessing
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out for one held-out question."""

    right: str | None
    first: tuple[str, ...]  # the three first keys
    confidence: float


def main() -> None:
    """Fit, print the held-out figures, write the file."""
    index = Index()
    articles = read_folder(_HERE.parent / "articles")
    index.put(articles)
    cases = [*asked_cases(index, _HERE / "calibration.tsv"), *own_cases(index, articles)]
    verdicts = list(held_out(cases))
    answer_at = threshold(verdicts)
    print(report(verdicts, answer_at, _LOW))
    fitted = fit(cases, answer_at)
    data = {
        "rank": fitted.rank,
        "sure": fitted.sure,
        "answer_at": fitted.answer_at,
        "clarify_at": fitted.clarify_at,
    }
    (_HERE / "calibration.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def asked_cases(index: Index, path: Path) -> Iterator[Case]:
    """The labelled questions of a file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            key, _, question = line.split("\t")
            yield _case(None if key == "-" else key, index.candidates(question), 1.0)


def own_cases(index: Index, articles: Iterable[Article]) -> Iterator[Case]:
    """Every article's similar questions, each left out while it is asked."""
    for article in articles:
        for question in article.questions:
            yield _case(article.key, index.candidates(question, left_out=question), _OWN_RANK)


def fit(cases: Sequence[Case], answer_at: float = 0.5) -> Calibration:
    """Both sets of weights from these questions."""
    rank = fit_rank(cases, _RANK)
    tops = [(case, top) for case in cases if (top := _top(case, rank))]
    sure = fit_sure(
        [top[0][1] for _, top in tops],
        [top[0][0] == case.right for case, top in tops],
        [1.0 if case.weight == 1.0 else _OWN_SURE for case, _ in tops],
        _SURE,
    )
    return Calibration(
        rank | {"prior": _PRIOR["rank"]}, sure | {"prior": _PRIOR["sure"]}, round(answer_at, 3), _LOW
    )


def held_out(cases: Sequence[Case]) -> Iterator[Verdict]:
    """Each labelled question under weights fitted without its article's (or, nobody's, without its fold's) questions."""
    keys = sorted({case.right for case in cases if case.right})
    fold = {key: place % _FOLDS for place, key in enumerate(keys)}
    folds = [fold[case.right] if case.right else place % _FOLDS for place, case in enumerate(cases)]
    for left in range(_FOLDS):
        fitted = fit([case for case, of in zip(cases, folds, strict=True) if of != left])
        for case, of in zip(cases, folds, strict=True):
            if of == left and case.weight == 1.0:
                top = _top(case, fitted.rank)
                sure = probability(fitted.sure, top[0][1]) if top else 0.0
                yield Verdict(case.right, tuple(key for key, _ in top[:3]), sure)


def threshold(verdicts: Sequence[Verdict]) -> float:
    """The confidence from which no more than the allowed share of nobody's questions is answered."""
    nobody = sorted((v.confidence for v in verdicts if v.right is None), reverse=True)
    return nobody[int(_FALSE_ANSWERS * len(nobody))] + 1e-3 if nobody else 0.5


def report(verdicts: Sequence[Verdict], answer_at: float, clarify_at: float) -> str:
    """The figures in three lines."""
    ours, nobody = [v for v in verdicts if v.right], [v for v in verdicts if v.right is None]
    first = [v.first[:1] == (v.right,) for v in ours]
    answered = [v.confidence >= answer_at for v in ours]
    among = [v.right in v.first and clarify_at <= v.confidence < answer_at for v in ours]
    hit = [a and b for a, b in zip(first, answered, strict=True)]
    wrong = [a and not b for a, b in zip(answered, first, strict=True)]
    return "\n".join((
        f"{len(ours)} questions: first {_mean(first):.3f}, answered right {_mean(hit):.3f}, wrong {_mean(wrong):.3f}, "
        f"right or among the options {_mean(hit) + _mean(among):.3f}",
        f"{len(nobody)} nobody's: answered {_mean([v.confidence >= answer_at for v in nobody]):.3f}, "
        f"asked back {_mean([clarify_at <= v.confidence < answer_at for v in nobody]):.3f}",
        f"answer_at {answer_at:.3f}, clarify_at {clarify_at:.3f}",
    ))  # fmt: skip


def _case(right: str | None, found: Sequence[tuple[str, Mapping[str, float]]], weight: float) -> Case:
    return Case(right, tuple(key for key, _ in found), tuple(numbers for _, numbers in found), weight)


def _top(case: Case, rank: Mapping[str, float]) -> list[tuple[str, dict[str, float]]]:
    scores = [weigh(rank, numbers) for numbers in case.numbers]
    rows = zip(scores, case.keys, case.numbers, shares(scores), strict=True)
    ordered = sorted(rows, key=lambda row: (-row[0], row[1]))
    return [(key, dict(numbers) | {"share": share}) for _, key, numbers, share in ordered]


def _mean(flags: Sequence[bool]) -> float:
    return sum(flags) / max(1, len(flags))


if __name__ == "__main__":
    main()
