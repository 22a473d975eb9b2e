"""Training the dialogue model, and telling whether the one at hand fits the training data."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from app.rasa_process import RASA_PYTHON
from app.settings import ROOT

_INPUTS = (
    "config.yml",
    "domain.yml",
    "bot/data/nlu",
    "bot/data/rules",
    "bot/data/jieba",
    "bot/rasa/train.py",
    "bot/rasa/requirements.lock",
)


class TrainingFailed(Exception):
    """The training data are at fault, or Rasa broke down; its last words are in the message."""


def fingerprint() -> str:
    """12 hex digits of everything that a model is made from."""
    digest = hashlib.sha256()
    for name in _INPUTS:
        path = ROOT / name
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def model_file(models: Path) -> Path:
    """Where the model of the present training data is, or will be."""
    return models / f"qifu-{fingerprint()}.tar.gz"


async def trained(models: Path, say: Callable[[str], None]) -> Path:
    """The model of the present training data; trained where there is none. Raises `TrainingFailed`.

    Processes that want it at the same time wait for the one that trains.
    """
    model = model_file(models)
    if model.exists():
        return model
    with await asyncio.to_thread(_turn, models):
        return model if model.exists() else await train(models, say)


def _turn(models: Path) -> TextIO:
    models.mkdir(parents=True, exist_ok=True)
    lock = (models / ".training").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


async def train(models: Path, say: Callable[[str], None]) -> Path:
    """Train a model and return its file. Raises `TrainingFailed`."""
    model = model_file(models)
    name = model.name.removesuffix(".tar.gz")
    process = await asyncio.create_subprocess_exec(
        str(RASA_PYTHON), "bot/rasa/train.py", "--out", str(models), "--name", name,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    last: list[str] = []
    assert process.stdout is not None
    async for line in process.stdout:
        text = line.decode(errors="replace").rstrip()
        last = [*last[-20:], text]
        say(text)
    if await process.wait() != 0 or not model.exists():
        raise TrainingFailed("\n".join(last))
    return model
