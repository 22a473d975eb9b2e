"""Questions replayed before a draft is published: what they are answered with now, and what with the draft. All of it pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from desk.answers import Asked, Context, Vague, understand, weighed
from desk.articles import article_reply
from knowledge.article import Article
from knowledge.drafts import CHANNELS
from knowledge.nearness import nearest
from knowledge.search.confidence import Calibration
from knowledge.search.decide import Answer, Clarify, Unknown
from knowledge.search.index import Result
from knowledge.search.text import normalise

# So many questions are replayed; the stored ones and those of the article itself in any case, above it the nearest others.
MOST = 2_000
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


def cases(
    stored: Iterable[Case], live: Mapping[str, Article], draft: Article, on: date
) -> tuple[list[Case], int]:
    """What is replayed, and of how many questions: the stored ones, the article's own, and those of the others.

    What another article in force has is expected from that one, also where the draft claims it: a question that is taken
    away from an article shows as lost.
    """
    old = live.get(draft.key)
    kept: dict[str, Case] = {}
    for case in stored:
        kept.setdefault(normalise(case.text), case)
    # One that the draft no longer has counts as lost where it goes astray: whoever took it away says why.
    own = {question: draft.key for article in (draft, old) if article for question in article.questions}
    found = {normalise(question): Case(question, draft.key) for question in own} | kept
    others = _others(live, draft.key, on)
    left = 0
    for question in nearest(list(others), (*_names(draft), *(_names(old) if old else ()))):
        if len(found) >= MOST and question not in own:
            left += 1
            continue
        folded = normalise(question)
        claimed = folded in found and folded not in kept and found[folded].expects == draft.key
        if claimed or folded not in found:
            found[folded] = Case(question, others[question])
    found.pop("", None)
    return list(found.values()), len(found) + left


def _others(live: Mapping[str, Article], key: str, on: date) -> dict[str, str]:
    """The similar questions of all other articles that are in force, each with the key of its article."""
    articles = [article for article in live.values() if article.key != key and article.in_force(on)]
    return {question: article.key for article in articles for question in article.questions}


def _names(article: Article) -> tuple[str, ...]:
    return (article.title, *article.aliases, *article.questions)


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
    replayed: Sequence[tuple[Case, Verdict, Verdict]], old: Article | None, new: Article, among: int = 0
) -> dict[str, Any]:
    """The outcome of a run: figures, and the questions in which something changes.

    `among`: how many questions there were to choose from. `losses`: the texts of all that are lost; `digest`: the same for
    two runs that found the same.
    """
    labelled = [one for one in replayed if one[0].expects is not None]
    groups: dict[str, list[dict[str, Any]]] = {"lost": [], "won": [], "moved": [], "changed": []}
    for case, before, after in replayed:
        group, channels = _group(case, before, after, old, new)
        if group:
            finding = {"text": case.text, "expects": case.expects}
            groups[group].append(finding | {"before": before.as_json(), "after": after.as_json()} | channels)
    return {
        "total": len(replayed),
        "among": max(among, len(replayed)),
        "labelled": len(labelled),
        "right_before": sum(before.right(case) for case, before, _ in labelled),
        "right_after": sum(after.right(case) for case, _, after in labelled),
        "counts": {name: len(found) for name, found in groups.items()},
        "losses": [one["text"] for one in groups["lost"]],
        "digest": _digest(groups),
        **{name: found[:MOST_SHOWN] for name, found in groups.items()},
    }


def _group(
    case: Case, before: Verdict, after: Verdict, old: Article | None, new: Article
) -> tuple[str, dict[str, Any]]:
    """The kind of change, "" where there is none, and the channels that it is in where it is not in all."""
    if case.expects is not None and before.right(case) != after.right(case):
        # A question that is new with the draft, too: where the article answered it already and now does not, it is lost.
        return "won" if after.right(case) else "lost", {}
    if (before.kind, before.keys) != (after.kind, after.keys):
        return "moved", {}
    if after.kind != "answer" or after.keys[0] != new.key or old is None:
        return "", {}
    channels = [one for one in CHANNELS if _said(old, before, one) != _said(new, after, one)]
    if not channels:
        return "", {}
    return "changed", {"channels": channels} if len(channels) < len(CHANNELS) else {}


def _said(article: Article, verdict: Verdict, channel: str) -> str:
    return article_reply(article, verdict.aspect, channel, root="https://ours").text  # type: ignore[arg-type]


def _digest(groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    sorted_groups = {name: sorted(found, key=lambda one: one["text"]) for name, found in groups.items()}
    return hashlib.sha256(json.dumps(sorted_groups, sort_keys=True).encode()).hexdigest()
