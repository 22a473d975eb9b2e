"""500 messages over both channels while the app and Rasa are killed: `python -m benchmarks.kills [--seed N]`.

The long form of tests/product/test_kills.py: `qifu serve` with Rasa, on SQLite and then on PostgreSQL, people on fakes of
WeChat and Telegram that push as the real ones do, and SIGKILL at random moments. It measures nothing: it prints what
was counted, and ends with 1 where a message was lost, doubled or answered out of order.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.databases import empty, kinds
from tests.product.audit import Audit
from tests.product.kills import run
from tests.product.people import Plan


def main() -> int:
    """Run, print; 1 where something is wrong, else 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7, help="draws the people, their words and the kills")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument(
        "--kills", type=int, default=20, help="moments; at some of them the app is killed twice"
    )
    parser.add_argument("--database", choices=("SQLite", "PostgreSQL"), help="only this one")
    given = parser.parse_args()
    plan = Plan(given.seed, given.messages, people=40, complainers=12, kills=given.kills, spread=200)
    wrong = 0
    for kind in kinds():
        if given.database in (None, kind):
            wrong += len(held(kind, plan).problems)
    return int(bool(wrong))


def held(kind: str, plan: Plan) -> Audit:
    """One run, told as it goes."""
    began = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory(prefix="kills-") as name, empty(kind, Path(name)) as url:
        print(f"\n{kind}, seed {plan.seed}", flush=True)
        found = asyncio.run(run(plan, Path(name), url, tell))
    print(*(f"{what:36} {count:6}" for what, count in found.counts.items()), sep="\n")
    print(*found.problems or ["nothing lost, nothing doubled, nothing out of order"], sep="\n", flush=True)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
