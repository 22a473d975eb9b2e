"""Training the dialogue model, and telling whether the one at hand fits the training data."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import yaml

from app.rasa_process import RASA_PYTHON
from app.settings import ROOT
from knowledge.search.text import normalise

Examples = Sequence[tuple[str, str]]  # (text, intent)

_INPUTS = (
    "config.yml",
    "domain.yml",
    "bot/data/nlu",
    "bot/data/rules",
    "bot/data/jieba",
    "bot/rasa/train.py",
    "bot/rasa/requirements.lock",
)


_ANNOTATION = re.compile(r"\[([^\]]+)\][({][^)}]*[)}]")


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


def model_file(models: Path, examples: Examples = ()) -> Path:
    """Where the model of the present training data and these examples is, or will be."""
    name = f"qifu-{fingerprint()}"
    if examples:
        content = json.dumps(sorted(examples), ensure_ascii=False)
        name += f"-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    return models / f"{name}.tar.gz"


def clashes(examples: Examples) -> list[str]:
    """Examples that the product's own training data have under another intent."""
    own: dict[str, str] = {}
    for file in sorted((ROOT / "bot" / "data" / "nlu").rglob("*.yml")):
        for item in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in str(item.get("examples") or "").splitlines() if "intent" in item else ():
                own[normalise(_ANNOTATION.sub(r"\1", line.removeprefix("- ")))] = item["intent"]
    return [text for text, intent in examples if own.get(normalise(text), intent) != intent]


async def trained(models: Path, say: Callable[[str], None], examples: Examples = ()) -> Path:
    """The model of the present training data; trained where there is none. Raises `TrainingFailed`.

    Processes that want it at the same time wait for the one that trains.
    """
    model = model_file(models, examples)
    if model.exists():
        return model
    with await asyncio.to_thread(_turn, models):
        return model if model.exists() else await train(models, say, examples)


def _turn(models: Path) -> TextIO:
    models.mkdir(parents=True, exist_ok=True)
    lock = (models / ".training").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


async def train(models: Path, say: Callable[[str], None], examples: Examples = ()) -> Path:
    """Train a model and return its file. Raises `TrainingFailed`.

    The examples stand beside the shipped data, for this training only.
    """
    model = model_file(models, examples)
    name = model.name.removesuffix(".tar.gz")
    with tempfile.TemporaryDirectory(prefix="qifu-examples-") as folder:
        more = Path(folder) / "examples.yml"
        more.write_text(_as_nlu(examples), encoding="utf-8")
        data = ("bot/data/nlu", "bot/data/rules", *((str(more),) if examples else ()))
        process = await asyncio.create_subprocess_exec(
            str(RASA_PYTHON), "bot/rasa/train.py", "--out", str(models), "--name", name, "--data", *data,
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            last = await _listen(process, say)
        except BaseException:  # told to end: the training ends with us
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
    if process.returncode != 0 or not model.exists():
        raise TrainingFailed("\n".join(last))
    return model


async def _listen(process: asyncio.subprocess.Process, say: Callable[[str], None]) -> list[str]:
    """Until it ends; its last words."""
    last: list[str] = []
    assert process.stdout is not None
    async for line in process.stdout:
        text = line.decode(errors="replace").rstrip()
        last = [*last[-20:], text]
        say(text)
    await process.wait()
    return last


def _as_nlu(examples: Examples) -> str:
    """As Rasa reads them. The texts are normalised, so that none can be taken for markup."""
    by_intent: dict[str, list[str]] = {}
    for text, intent in sorted(examples):
        by_intent.setdefault(intent, []).append(normalise(text))
    nlu = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)}
        for intent, texts in sorted(by_intent.items())
    ]
    return yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True)
