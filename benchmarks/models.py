"""The two models of the benchmark of turns: each trained once, with the seconds that took kept beside it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.rasa_process import RASA_PYTHON
from app.settings import ROOT
from app.training import fingerprint, model_file
from benchmarks.systems import RASA, STOCK

FOLDER = ROOT / "models" / "benchmark"  # not models/: there `rasa` and people look for the product's own
_NICE = ("nice", "-n", "5")


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and how long its training took, from the command to its end."""

    file: Path
    seconds: float


def train_ours() -> Trained:
    """The product's model, by the command the product uses."""
    file = model_file(FOLDER)
    return _trained(
        file, (str(RASA_PYTHON), "bot/rasa/train.py"), ("--name", file.name.removesuffix(".tar.gz"))
    )


def train_stock() -> Trained:
    """The stock model, by `rasa train`, of the same examples, rules and domain."""
    own = b"".join((STOCK / name).read_bytes() for name in ("config.yml", "stories.yml"))
    name = f"stock-{hashlib.sha256(fingerprint().encode() + own).hexdigest()[:12]}"
    data = ("bot/data/nlu", "bot/data/rules", str(STOCK / "stories.yml"))
    options = ("--config", str(STOCK / "config.yml"), "--domain", "domain.yml", "--data", *data)
    return _trained(FOLDER / f"{name}.tar.gz", (str(RASA), "train"), (*options, "--fixed-model-name", name))


def _trained(file: Path, command: Sequence[str], options: Sequence[str]) -> Trained:
    seconds = file.with_suffix(".seconds")
    if not file.exists() or not seconds.exists():
        print(f"training {file.name} …", flush=True)
        seconds.parent.mkdir(parents=True, exist_ok=True)
        seconds.write_text(f"{_train((*command, *options, '--out', str(FOLDER))):.1f}")
    return Trained(file, float(seconds.read_text()))


def _train(command: Sequence[str]) -> float:
    """Run the training from nothing: with Rasa's cache, a second one would take no time. Returns seconds."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "RASA_CACHE_DIRECTORY": cache}
        started = time.perf_counter()
        done = subprocess.run((*_NICE, *command), cwd=ROOT, env=environment, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"the training failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds
