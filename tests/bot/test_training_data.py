"""What the training data of the dialogue model must hold, and what they must not."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml

from app.evaluation import read_rows
from app.settings import ROOT
from knowledge.markdown import read_folder
from knowledge.search.text import normalise

NLU = ROOT / "bot" / "data" / "nlu"
QUESTIONS = ROOT / "tests" / "evaluation" / "questions.tsv"
_ENTITY = re.compile(r"\[([^\]]+)\]\(\w+\)")


@pytest.mark.parametrize(("folder", "least"), [("acts", 30), ("topics", 40)])
def test_every_intent_has_enough_examples(folder: str, least: int) -> None:
    counts = {intent: len(examples) for intent, examples in _examples(folder).items()}
    assert counts
    assert {intent: count for intent, count in counts.items() if count < least} == {}


def test_every_intent_that_people_write_is_taught() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    by_button_only = {
        "pick_article",
        "pick_aspect",
        "unlink_surely",
        "erase_surely",
        "tell_me",
        "tell_me_not",
    }
    assert set(_examples("acts")) | set(_examples("topics")) == set(domain["intents"]) - by_button_only


def test_no_example_stands_twice() -> None:
    counts = Counter(_all_examples())
    assert [example for example, count in counts.items() if count > 1] == []


def test_no_example_is_an_evaluation_question() -> None:
    evaluated = _evaluation_questions()
    assert [example for example in _all_examples() if _bare(example) in evaluated] == []


def test_no_evaluation_question_is_a_question_of_an_article() -> None:
    evaluated = _evaluation_questions()
    articles = read_folder(ROOT / "knowledge" / "articles")
    questions = [question for article in articles for question in article.questions]
    assert questions
    assert [question for question in questions if _bare(question) in evaluated] == []


def test_no_evaluation_question_stands_twice() -> None:
    counts = Counter(_bare(row.question) for row in read_rows(QUESTIONS))
    assert [question for question, count in counts.items() if count > 1] == []


def _all_examples() -> list[str]:
    every = [*_examples("acts").values(), *_examples("topics").values()]
    return [example for examples in every for example in examples]


@cache
def _examples(folder: str) -> dict[str, list[str]]:
    """Intent -> its examples as people would write them, without the marks of entities."""
    found: dict[str, list[str]] = {}
    for file in sorted((NLU / folder).glob("*.yml")):
        found.update(_read(file))
    return found


def _read(file: Path) -> dict[str, list[str]]:
    items = yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
    return {
        item["intent"]: [
            _ENTITY.sub(r"\1", line.removeprefix("- ").strip()) for line in item["examples"].splitlines()
        ]
        for item in items
    }


def _evaluation_questions() -> set[str]:
    return {_bare(row.question) for row in read_rows(QUESTIONS)}


def _bare(text: str) -> str:
    return normalise(text).replace(" ", "") or text  # of a text of emoji or punctuation nothing would be left
