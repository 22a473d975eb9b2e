"""Several processes that want the same model train it once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from app import training
from app.training import Examples, clashes, model_file, trained


async def test_a_model_wanted_twice_at_once_is_trained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = 0

    async def train(models: Path, say: Callable[[str], None], examples: Examples) -> Path:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0.05)
        model_file(models).write_bytes(b"model")
        return model_file(models)

    monkeypatch.setattr(training, "train", train)
    found = await asyncio.gather(*(trained(tmp_path / "models", print) for _ in range(3)))
    assert runs == 1
    assert set(found) == {model_file(tmp_path / "models")}
    assert found[0].read_bytes() == b"model"


async def test_one_that_could_not_train_leaves_it_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(models: Path, say: Callable[[str], None], examples: Examples) -> Path:
        raise training.TrainingFailed("data")

    monkeypatch.setattr(training, "train", fail)
    for _ in range(2):
        with pytest.raises(training.TrainingFailed):
            await asyncio.wait_for(trained(tmp_path, print), 5)


def test_other_examples_make_another_model_and_their_order_does_not(tmp_path: Path) -> None:
    one, other = ("水管爆了", "topic_water"), ("电表烧了", "topic_electricity")
    names = {model_file(tmp_path, examples).name for examples in ((), (one,), (one, other), (other, one))}
    assert len(names) == 3


def test_an_example_that_the_product_itself_has_under_another_intent_is_found() -> None:
    assert clashes([("隐私政策", "topic_water"), ("隐私政策", "privacy"), ("从没见过的话", "greet")]) == [
        "隐私政策"
    ]
