"""The webhooks alone: pushes verified, decrypted, stored and acknowledged: `python -m benchmarks.webhooks`.

Ours is `qifu serve` with its data in SQLite, then in PostgreSQL, and with threads that are held by staff, so that no
turn of the bot is taken: a push of WeChat is acknowledged when it has been verified and decrypted and is on the disk in
the journal, an update of Telegram when it is there. What follows is in the CPU figure, and over before the next load. Beside it, in the same run,
wechatpy verifies, decrypts and reads the same pushes in a bare FastAPI app, and stores nothing. One process each.

Two loads: 100 connections, each of which sends its next push when the last is answered, so that 100 are in flight all
the time; and 100 connections over which so many pushes a second arrive at random moments.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import uvloop

from benchmarks.databases import empty, kinds
from benchmarks.gateways import Gateway, Make, bare, ours, telegram_push, wechat_push
from benchmarks.load import Figures
from benchmarks.pushes import Load, press

RATES = (50.0, 100.0, 200.0)
SHARES = (0.50, 0.95, 0.99)
SEED = 42
_WARM_SECONDS = 3.0
_MOST_A_SECOND = 4000  # of pushes made beforehand

Key = tuple[str, str, str]  # channel, load, gateway


def main() -> int:
    """Measure, print; 1 where a push was not acknowledged or not stored, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="of the closed loop; half of it at each rate"
    )
    seconds = parser.parse_args().seconds
    loads = [Load("100 in flight", seconds), *(Load(f"{rate:.0f}/s", seconds / 2, rate) for rate in RATES)]
    figures: dict[Key, Figures] = {}
    lost = 0
    with tempfile.TemporaryDirectory(prefix="webhooks-") as name, ExitStack() as stack:
        gateways = [stack.enter_context(bare(Path(name)))]
        for kind in kinds():
            folder = Path(name, kind)
            folder.mkdir()
            url = stack.enter_context(empty(kind, folder))
            gateways.append(stack.enter_context(ours(kind, url, folder)))
        for gateway in gateways:
            lost += measure(gateway, loads, figures)
    report(figures)
    errors = sum(one.errors for one in figures.values())
    if lost or errors:
        print(f"\n{errors} pushes were not acknowledged, {lost} acknowledged ones are not stored")
    return int(bool(lost or errors))


def measure(gateway: Gateway, loads: list[Load], figures: dict[Key, Figures]) -> int:
    """Add the figures of a gateway; how many of the acknowledged pushes are not stored."""
    numbers, acknowledged = count(), 0
    makes: dict[str, Make] = {"wechat": wechat_push}
    if gateway.stores:
        makes["telegram"] = telegram_push
    for channel, make in makes.items():
        for load in (Load("warm", _WARM_SECONDS), *loads):
            pushes = [
                make(next(numbers)) for _ in range(int(load.seconds * (load.rate or _MOST_A_SECOND) * 1.5))
            ]
            found = uvloop.run(
                press(
                    gateway.url,
                    pushes,
                    load,
                    cpu=gateway.cpu,
                    settled=gateway.settled,
                    clock=time.perf_counter,
                    chance=random.Random(SEED),
                )
            )
            acknowledged += len(found.answered_ms)
            if load.name != "warm":
                figures[channel, load.name, gateway.name] = found
    return acknowledged - uvloop.run(gateway.stored()) if gateway.stores else 0


def report(figures: dict[Key, Figures]) -> None:
    """Print the table; behind each line how it stands to wechatpy's under the same load."""
    print(
        f"{'channel':9} {'load':14} {'gateway':17} pushes/s  p50 ms  p95 ms  p99 ms  CPU ms  errors   / wechatpy: p99  CPU"
    )
    for (channel, load, name), one in figures.items():
        p50, p95, p99 = map(one.percentile, SHARES)
        line = f"{channel:9} {load:14} {name:17} {one.per_second():8.0f} {p50:7.1f} {p95:7.1f} {p99:7.1f}"
        line += f" {one.cpu_ms():7.2f} {one.errors:7}"
        other = figures["wechat", load, "bare wechatpy"]
        line += f" {p99 / other.percentile(SHARES[-1]):16.1f} {one.cpu_ms() / other.cpu_ms():4.1f}"
        print(line)


if __name__ == "__main__":
    raise SystemExit(main())
