"""Answer, ask back, or admit not to know: two thresholds on one confidence."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.article import Aspect
from knowledge.search.index import Hit, Result

OPTIONS = 3  # more than three choices are not read on a phone
_CLOSE = 0.75  # a second article that is sure enough too and has this part of the first one's share: ask


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer from this article."""

    key: str
    aspect: Aspect | None


@dataclass(frozen=True, slots=True)
class Clarify:
    """Ask which of these (1 to 3) is meant, likeliest first."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Say that there is no answer; at most two neighbours may be named."""

    nearest: tuple[str, ...]


def decide(result: Result, *, answer_at: float, clarify_at: float) -> Answer | Clarify | Unknown:
    """What to do with a search's result; thresholds are confidences, 0..1, `clarify_at` <= `answer_at`."""
    hits = result.hits
    if not hits or hits[0].confidence < clarify_at:
        return Unknown(tuple(hit.key for hit in hits[:2]))
    if hits[0].confidence >= answer_at and not _rivalled(hits, answer_at):
        return Answer(hits[0].key, result.aspect)
    return Clarify(tuple(hit.key for hit in hits[:OPTIONS]))


def _rivalled(hits: tuple[Hit, ...], answer_at: float) -> bool:
    if len(hits) < 2 or hits[1].confidence < answer_at:
        return False
    return hits[1].reasons["share"] >= _CLOSE * hits[0].reasons["share"]
