"""How well a dialogue model does on the stored questions, without a talk and without a trace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from desk.answers import Asked, Context, answer, answers_surely
from desk.desk import Desk
from desk.learning.intents import TOPIC
from knowledge.questions import kept_questions
from knowledge.search.text import normalise

Understand = Callable[[str], Awaitable[Asked]]
_EVERY = 8  # of the articles' own similar questions
_SHOWN = 20
# What is answered from the knowledge base; anything else is an act.
_ASKS = frozenset(
    {
        "ask_aspect",
        "not_covered",
        "out_of_scope",
        "individual_matter",
        "nlu_fallback",
        "pick_article",
        "pick_aspect",
    }
)


class Kind(StrEnum):
    """What a question is held against a model for; the figures of each stand apart."""

    STORED = "questions"  # kept by people to try the knowledge base with: what counts
    SIMILAR = "similar"  # an article's own
    EXAMPLE = "examples"  # the new model has learned it: that it is right about it proves little


@dataclass(frozen=True, slots=True)
class Stored:
    """A question with the article that has to answer it ("": none may), or an example with its intent."""

    text: str
    article: str = ""
    intent: str = ""
    kind: Kind = Kind.STORED


async def stored_questions(desk: Desk, examples: Sequence[tuple[str, str]]) -> list[Stored]:
    """What a model is held against: the stored questions that are no examples, every eighth similar question of each
    article in force, and the examples.

    A stored question whose article is not in force is left out: no model can be right about it.
    """
    await desk.library.refresh()
    async with desk.database.read() as session:
        kept = await kept_questions(session)
    in_force = {article.key: article for article in desk.library.in_force(desk.today())}
    learned = {normalise(text) for text, _ in examples}
    found = [
        Stored(row.text, article=row.article)
        for row in reversed(kept)
        if row.folded not in learned and (not row.article or row.article in in_force)
    ]
    for key, article in in_force.items():
        some = sorted(article.questions)[::_EVERY]
        found += [Stored(text, article=key, kind=Kind.SIMILAR) for text in some]
    return found + [Stored(text, intent=intent, kind=Kind.EXAMPLE) for text, intent in sorted(examples)]


async def right_ones(
    desk: Desk, understand: Understand, questions: Sequence[Stored], done: Callable[[int], Awaitable[None]]
) -> list[bool]:
    """For each whether the model is right about it. `done`: told after every fiftieth. Raises `DialogueDown`."""
    found = []
    for number, question in enumerate(questions, start=1):
        asked = await understand(question.text)
        if question.kind is Kind.EXAMPLE:
            found.append(asked.intent == question.intent)
        else:
            found.append((await _answered_from(desk, asked) or "") == question.article)
        if number % 50 == 0:
            await done(number)
    return found


def figures(questions: Sequence[Stored], right: Sequence[bool]) -> dict[str, Any]:
    """How many of each kind there were, and how many of them were right."""
    pairs = list(zip(questions, right, strict=True))
    counts = {}
    for kind in Kind:
        counts[kind.value] = sum(question.kind is kind for question, _ in pairs)
        counts[f"{kind.value}_right"] = sum(ok for question, ok in pairs if question.kind is kind)
    return counts


def changes(
    questions: Sequence[Stored], before: Sequence[bool], after: Sequence[bool]
) -> Mapping[str, list[str]]:
    """Which were right and are not any more, and the other way round; some of them, the examples last."""
    trio = list(zip(questions, before, after, strict=True))  # they come in the order of their kinds
    return {
        "lost": [q.text for q, was, now in trio if was and not now][:_SHOWN],
        "won": [q.text for q, was, now in trio if now and not was][:_SHOWN],
    }


async def _answered_from(desk: Desk, asked: Asked) -> str | None:
    """The article that a fresh talk would answer from."""
    asks = asked.intent in _ASKS or asked.intent.startswith(TOPIC)
    if not asks and not await answers_surely(desk, asked):
        return None
    reply, _ = await answer(desk, asked, Context())
    return reply.article if reply.outcome == "answered" else None
