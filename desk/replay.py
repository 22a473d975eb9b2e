"""Questions replayed before a draft is published: what they are answered with now, and what with the draft. All of it pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.answers import Asked, Context, Vague, understand, weighed
from desk.articles import article_reply
from knowledge.article import Article
from knowledge.search.confidence import Calibration
from knowledge.search.decide import Answer, Clarify, Unknown
from knowledge.search.index import Result
from knowledge.search.text import normalise

MOST_OTHERS = 3_000  # similar questions of other articles; all of them up to there, above it a fixed sample
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Case:
    """A question. `expects`: the key that should answer it, "" where nothing should, None where nobody has said."""

    text: str
    expects: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bot does with a question: `answer` from a key, `clarify` between keys, or `unknown`."""

    kind: str
    keys: tuple[str, ...]
    aspect: str | None

    def right(self, case: Case) -> bool:
        """Whether it is what was expected."""
        if case.expects == "":
            return self.kind != "answer"
        return self.kind == "answer" and self.keys[0] == case.expects

    def as_json(self) -> dict[str, Any]:
        """As a run keeps it."""
        return {"kind": self.kind, "keys": list(self.keys)}


def cases(stored: Iterable[Case], live: Mapping[str, Article], draft: Article) -> list[Case]:
    """What is replayed: the stored questions, the article's own old and new ones, and those of all others."""
    found: dict[str, Case] = {}
    for case in stored:
        found.setdefault(normalise(case.text), case)
    for question in draft.questions:
        found.setdefault(normalise(question), Case(question, draft.key))
    old = live.get(draft.key)
    for question in old.questions if old else ():
        # One that the draft no longer has counts as lost where it goes astray: whoever took it away says why.
        found.setdefault(normalise(question), Case(question, draft.key))
    others = [Case(q, a.key) for a in live.values() if a.key != draft.key for q in a.questions]
    for case in _sample(others):
        found.setdefault(normalise(case.text), case)
    return [case for folded, case in found.items() if folded]


def verdict(text: str, result: Result, calibration: Calibration) -> Verdict:
    """What the bot would do, were the search alone to decide: the dialogue model is not asked."""
    decision = understand(
        Asked(normalise(text)),
        Context(),
        weighed(result, 0.0),
        answer_at=calibration.answer_at,
        clarify_at=calibration.clarify_at,
        titles={},
    )
    match decision:
        case Answer(key, aspect) if key is not None:
            return Verdict("answer", (key,), aspect)
        case Clarify(keys):
            return Verdict("clarify", keys, None)
        case Unknown() | Vague() | Answer():
            return Verdict("unknown", (), None)


def compared(
    replayed: Sequence[tuple[Case, Verdict, Verdict]], old: Article | None, new: Article
) -> dict[str, Any]:
    """The outcome of a run: figures, and the questions in which something changes."""
    labelled = [one for one in replayed if one[0].expects is not None]
    groups: dict[str, list[dict[str, Any]]] = {"lost": [], "won": [], "moved": [], "changed": []}
    for case, before, after in replayed:
        group = _group(case, before, after, old, new)
        if group:
            groups[group].append(
                {
                    "text": case.text,
                    "expects": case.expects,
                    "before": before.as_json(),
                    "after": after.as_json(),
                }
            )
    return {
        "total": len(replayed),
        "labelled": len(labelled),
        "right_before": sum(before.right(case) for case, before, _ in labelled),
        "right_after": sum(after.right(case) for case, _, after in labelled),
        "counts": {name: len(found) for name, found in groups.items()},
        **{name: found[:MOST_SHOWN] for name, found in groups.items()},
    }


def _group(case: Case, before: Verdict, after: Verdict, old: Article | None, new: Article) -> str:
    if case.expects is not None and before.right(case) != after.right(case):
        # A question that is new with the draft, too: where the article answered it already and now does not, it is lost.
        return "won" if after.right(case) else "lost"
    if (before.kind, before.keys) != (after.kind, after.keys):
        return "moved"
    if after.kind == "answer" and after.keys[0] == new.key and old is not None:
        return "changed" if _said(old, after) != _said(new, after) else ""
    return ""


def _said(article: Article, verdict: Verdict) -> str:
    return article_reply(article, verdict.aspect, root="https://ours").text  # type: ignore[arg-type]


def _sample(others: list[Case]) -> list[Case]:
    if len(others) <= MOST_OTHERS:
        return others
    ranked = sorted(others, key=lambda case: hashlib.sha256(case.text.encode()).digest())
    return ranked[:MOST_OTHERS]
