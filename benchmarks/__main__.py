"""Every benchmark in turn: `python -m benchmarks [--all]`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RASA_PYTHON = ROOT / "bot" / "rasa" / ".venv" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark, the command that runs it, and the files it cannot do without."""

    name: str
    command: tuple[str, ...]
    needs: tuple[Path, ...]


def main() -> int:
    """Run them; return 1 if one of them failed, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also pipelines, which trains for a long time")
    failed = False
    for benchmark in benchmarks(everything=parser.parse_args().all):
        print(f"\n== {benchmark.name}", flush=True)
        lacking = [path for path in benchmark.needs if not path.exists()]
        if lacking:
            print(f"{benchmark.name} is left out: there is no {lacking[0].relative_to(ROOT)}", flush=True)
        else:
            failed |= subprocess.run(benchmark.command, cwd=ROOT).returncode != 0
    return int(failed)


def benchmarks(*, everything: bool) -> list[Benchmark]:
    """Return the benchmarks in the order they run, the long ones at the end and only if everything is wanted."""
    short = [_of_app("retrieval"), _of_app("search_scale"), _of_app("turns", RASA_PYTHON)]
    return [*short, _pipelines()] if everything else short


def _of_app(name: str, *needs: Path) -> Benchmark:
    file = ROOT / "benchmarks" / f"{name}.py"
    return Benchmark(name, (sys.executable, "-m", f"benchmarks.{name}"), (file, *needs))


def _pipelines() -> Benchmark:
    file = ROOT / "benchmarks" / "pipelines.py"
    command = (
        str(RASA_PYTHON),
        str(file),
        "--nlu",
        "bot/data/nlu",
        "--folds",
        "5",
        "--pipelines",
        "ours",
        "diet",
    )
    return Benchmark("pipelines", command, (file, RASA_PYTHON))


if __name__ == "__main__":
    raise SystemExit(main())
