"""Every benchmark in turn: `python -m benchmarks [--all]`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RASA_PYTHON = ROOT / "bot" / "rasa" / ".venv" / "bin" / "python"
ARTICLES = ROOT / "knowledge" / "articles"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark, the command that runs it, the file it cannot do without, and where that comes from."""

    name: str
    command: tuple[str, ...]
    needs: Path
    remedy: str


def main() -> int:
    """Run them; return 1 if one of them failed, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also pipelines, which trains for a long time")
    failed: list[str] = []
    for benchmark in benchmarks(everything=parser.parse_args().all):
        print(f"\n== {benchmark.name}", flush=True)
        if not benchmark.needs.exists():
            print(f"{benchmark.name} is left out: there is no {benchmark.needs.name}; {benchmark.remedy}.")
        elif subprocess.run(benchmark.command, cwd=ROOT).returncode:
            failed.append(benchmark.name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def benchmarks(*, everything: bool) -> list[Benchmark]:
    """Return the benchmarks in the order they run, the long one at the end and only if everything is wanted."""
    data = Path(
        os.environ.get("QIFU_DATA") or ROOT.parent / "shared" / "data"
    )  # as retrieval.py looks for it
    ours = "it belongs to the project"
    setup = "`make setup` makes Rasa's environment"
    short = [
        Benchmark(
            "retrieval", of_app("retrieval"), data / "lecoqa", "QIFU_DATA names the folder that holds it"
        ),
        Benchmark("search_scale", of_app("search_scale"), ARTICLES, ours),
        Benchmark("turns", of_app("turns"), RASA_PYTHON, setup),
        Benchmark("webhooks", of_app("webhooks"), ARTICLES, ours),
        Benchmark("kills", of_app("kills"), RASA_PYTHON, setup),
        Benchmark("desk", of_app("desk"), RASA_PYTHON, setup),
        Benchmark("lists", of_app("lists"), ARTICLES, ours),
        Benchmark("knowledge", of_app("knowledge"), ARTICLES, ours),
    ]
    return [*short, Benchmark("pipelines", pipelines(), RASA_PYTHON, setup)] if everything else short


def of_app(name: str) -> tuple[str, ...]:
    """Return the command of a benchmark in the app's environment."""
    return (sys.executable, "-m", f"benchmarks.{name}")


def pipelines() -> tuple[str, ...]:
    """Return the command of the comparison in Rasa's environment, on our own examples."""
    options = ("--nlu", "bot/data/nlu", "--folds", "5", "--pipelines", "ours", "diet")
    return (str(RASA_PYTHON), str(ROOT / "benchmarks" / "pipelines.py"), *options)


if __name__ == "__main__":
    raise SystemExit(main())
