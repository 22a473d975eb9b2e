"""Whole turns of the product against stock Rasa, with the same talks: `python -m benchmarks.turns`.

Ours is `qifu serve`: HTTP in, rows written, our Rasa, the knowledge base searched, rows written, HTTP out. The other is
`rasa run` 3.6.21 as shipped with the pipeline and the policies it suggests (DIET, TED), conversations in memory, and an
action server that does nothing: less work for each turn. Both run side by side, one at work at a time, in turns, so
that whatever else the machine does weighs on both. The load comes from the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.prepare import ARTICLES
from benchmarks.load import Figures, hold
from benchmarks.models import Trained, train_ours, train_stock
from benchmarks.systems import RASA, Ours, Stock
from benchmarks.talks import Talk, talks
from knowledge.markdown import read_folder

TALKS = {1: 10, 10: 40, 50: 100}  # at a time: talks in all, six turns each
PARTS = 2  # each system takes its turn so often at each level
SEED = 42
SHARES = (0.50, 0.95, 0.99)
STOCK_EPOCHS = " (5 epochs; Rasa suggests 100)"

Key = tuple[str, int]  # a system's name, talks at a time


@dataclass(frozen=True, slots=True)
class Started:
    """A running system and the seconds from its start to its first answer."""

    system: Ours | Stock
    seconds: float


def main() -> int:
    """Train what is not trained, start both, measure, print; 1 where a turn failed, else 0."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None).parse_args()
    if not RASA.exists():
        print("turns: left out, there is no Rasa environment; `make setup` makes it")
        return 0
    ours, stock = train_ours(), train_stock()
    said = talks(read_folder(ARTICLES), sum(TALKS.values()) + 1, random.Random(SEED))
    figures, starts, memory = compare(ours, stock, said)
    report(figures)
    print()
    print("training, s: " + listed({Ours.name: ours.seconds, Stock.name: stock.seconds}) + STOCK_EPOCHS)
    print("start to first answer, s: " + listed(starts))
    print("resident after the load, MB: " + listed(memory))
    return int(any(f.errors for f in figures.values()))


def compare(
    ours: Trained, stock: Trained, said: Sequence[Talk]
) -> tuple[dict[Key, Figures], dict[str, float], dict[str, float]]:
    """Return figures by system and talks at a time, seconds to start by system, MB by process.

    The first talk warms both up, the others are measured.
    """
    systems: list[Started] = []
    with tempfile.TemporaryDirectory(prefix="turns-") as name:
        folder = Path(name)
        try:
            systems.append(start(lambda: Ours(folder, ours.file.parent), said[0]))
            systems.append(start(lambda: Stock(stock.file, folder), said[0]))
            figures = measure(systems, said[1:])
            memory = {what: mb for started in systems for what, mb in started.system.memory().items()}
        finally:
            for started in systems:
                started.system.stop()
    return figures, {started.system.name: started.seconds for started in systems}, memory


def start(create: Callable[[], Ours | Stock], talk: Talk) -> Started:
    """Start a system, wait for its first answer, and hold the rest of a talk to warm it up."""
    began = time.perf_counter()
    system = create()
    try:
        system.await_start()
        first = asyncio.run(hold(system, [talk[:1]], 1, time.perf_counter))
        seconds = time.perf_counter() - began
        rest = asyncio.run(hold(system, [talk], 1, time.perf_counter))
        if first.errors + rest.errors:
            raise RuntimeError(f"{system.name} does not answer")
    except BaseException:
        system.stop()
        raise
    return Started(system, seconds)


def measure(systems: Sequence[Started], said: Sequence[Talk]) -> dict[Key, Figures]:
    """Return the figures by system and how many talks at a time."""
    figures: dict[Key, Figures] = {}
    queue = iter(said)
    for at_a_time, count in TALKS.items():
        for _ in range(PARTS):
            part = [next(queue) for _ in range(count // PARTS)]
            for started in systems:
                held = asyncio.run(hold(started.system, part, at_a_time, time.perf_counter))
                key = (started.system.name, at_a_time)
                figures[key] = figures[key] + held if key in figures else held
    return figures


def report(figures: Mapping[Key, Figures]) -> None:
    """Print the table and the ratios."""
    print(f"{'system':14} at a time  turns/s  p50 ms  p95 ms  p99 ms  CPU ms/turn  turns  errors")
    for (name, at_a_time), f in figures.items():
        p50, p95, p99 = map(f.percentile, SHARES)
        turns = len(f.answered_ms) + f.errors
        speed = f"{f.per_second():8.1f} {p50:7.0f} {p95:7.0f} {p99:7.0f} {f.cpu_ms():12.1f}"
        print(f"{name:14} {at_a_time:9} {speed} {turns:6} {f.errors:7}")
    print(f"\n{'ours / stock':14} at a time  turns/s     p50     p95     p99  CPU ms/turn")
    for at_a_time in TALKS:
        ours, stock = figures[Ours.name, at_a_time], figures[Stock.name, at_a_time]
        ratios = (ours.percentile(share) / stock.percentile(share) for share in SHARES)
        faster = ours.per_second() / stock.per_second()
        cheaper = ours.cpu_ms() / stock.cpu_ms()
        listed_ratios = " ".join(f"{ratio:7.2f}" for ratio in ratios)
        print(f"{'':14} {at_a_time:9} {faster:8.1f} {listed_ratios} {cheaper:12.2f}", flush=True)


def listed(values: Mapping[str, float]) -> str:
    """Return `name value, name value`."""
    return ", ".join(f"{name} {value:.1f}" for name, value in values.items())


if __name__ == "__main__":
    raise SystemExit(main())
