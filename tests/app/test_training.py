"""Several processes that want the same model train it once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from app import training
from app.training import model_file, trained


async def test_a_model_wanted_twice_at_once_is_trained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = 0

    async def train(models: Path, say: Callable[[str], None]) -> Path:
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
    async def fail(models: Path, say: Callable[[str], None]) -> Path:
        raise training.TrainingFailed("data")

    monkeypatch.setattr(training, "train", fail)
    for _ in range(2):
        with pytest.raises(training.TrainingFailed):
            await asyncio.wait_for(trained(tmp_path, print), 5)
