"""The conversation tests of `bot/data/tests`, run by Rasa itself with the model of the present training data."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from app.rasa_process import RASA_PYTHON
from app.settings import ROOT
from app.training import trained

LEAST_STORIES = 40
NO_RASA = "Rasa's environment is not installed: conversation tests are left out"


@pytest.fixture(scope="module")
def model() -> Path:
    """The trained model, from the models folder of the product if it is there."""
    if not RASA_PYTHON.exists():
        if os.environ.get("QIFU_TEST_STRICT") == "1":
            pytest.fail(NO_RASA)
        pytest.skip(NO_RASA)
    return asyncio.run(trained(ROOT / "models", print))


@pytest.mark.timeout(900)  # it may have to train first
def test_every_conversation_goes_as_written(model: Path, tmp_path: Path) -> None:
    result = _run_rasa_test(model, tmp_path)
    assert result.returncode == 0, f"{result.stdout[-3_000:]}\n{_failed(tmp_path)}"
    report = json.loads((tmp_path / "story_report.json").read_text(encoding="utf-8"))
    stories = report["conversation_accuracy"]
    assert stories["total"] >= LEAST_STORIES
    assert stories["correct"] == stories["total"]


def _run_rasa_test(model: Path, out: Path) -> subprocess.CompletedProcess[str]:
    # Without --e2e Rasa takes the intents as written and never asks the NLU.
    options = ["--e2e", "--stories", "bot/data/tests", "--model", str(model), "--out", str(out), "--no-plot"]
    return subprocess.run(
        [str(RASA_PYTHON), "-m", "rasa", "test", "core", *options, "--fail-on-prediction-errors"],
        cwd=ROOT,
        env={**os.environ, "RASA_TELEMETRY_ENABLED": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _failed(out: Path) -> str:
    file = out / "failed_test_stories.yml"
    return file.read_text(encoding="utf-8") if file.exists() else ""
