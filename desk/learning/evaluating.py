"""How well a dialogue model does on the stored questions, without a talk and without a trace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.answers import Asked, Context, answer, answers_surely
from desk.desk import Desk
from desk.learning.intents import TOPIC

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


@dataclass(frozen=True, slots=True)
class Stored:
    """A question with the article that has to answer it, or an example with its intent."""

    text: str
    article: str = ""
    intent: str = ""


async def stored_questions(desk: Desk, examples: Sequence[tuple[str, str]]) -> list[Stored]:
    """What a model is held against: every eighth similar question of each article in force, and the examples."""
    await desk.library.refresh()
    found = []
    for article in desk.library.in_force(desk.today()):
        found += [Stored(text, article=article.key) for text in sorted(article.questions)[::_EVERY]]
    return found + [Stored(text, intent=intent) for text, intent in sorted(examples)]


async def right_ones(
    desk: Desk, understand: Understand, questions: Sequence[Stored], done: Callable[[int], Awaitable[None]]
) -> list[bool]:
    """For each whether the model is right about it. `done`: told after every fiftieth. Raises `DialogueDown`."""
    found = []
    for number, question in enumerate(questions, start=1):
        asked = await understand(question.text)
        if question.intent:
            found.append(asked.intent == question.intent)
        else:
            found.append(await _answered_from(desk, asked) == question.article)
        if number % 50 == 0:
            await done(number)
    return found


def figures(questions: Sequence[Stored], right: Sequence[bool]) -> dict[str, Any]:
    """Counts: of questions and of examples."""
    pairs = list(zip(questions, right, strict=True))
    return {
        "questions": sum(not q.intent for q, _ in pairs),
        "right": sum(ok for q, ok in pairs if not q.intent),
        "examples": sum(bool(q.intent) for q, _ in pairs),
        "examples_right": sum(ok for q, ok in pairs if q.intent),
    }


def changes(
    questions: Sequence[Stored], before: Sequence[bool], after: Sequence[bool]
) -> Mapping[str, list[str]]:
    """Which were right and are not any more, and the other way round; some of them."""
    trio = list(zip(questions, before, after, strict=True))
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
