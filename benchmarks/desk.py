"""How soon staff see what an enterprise writes: `python -m benchmarks.desk`.

`qifu serve` on an empty data folder with SQLite; 50 open consoles (30 inboxes, 20 pages of threads) read their event
streams while 20 enterprises write, half of them to staff, half to the bot. A message is visible when a console has
received it; counted from the moment at which the enterprise's request begins.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from sqlalchemy import select

from app.prepare import prepare
from app.settings import Settings
from benchmarks.load import Figures, Say
from benchmarks.models import train_ours
from benchmarks.staff import SignedIn, employ
from benchmarks.systems import RASA, Ours
from conversations.models import Thread
from staff.roles import Role
from store.clock import utc_now
from store.database import Database

INBOXES, ENTERPRISES = 30, 20  # and a page of a thread for each enterprise: 50 consoles
SECONDS, PAUSE = 30.0, 3.0
PATIENCE = 5.0  # after the last message
LIMIT_MS = 1000
SEED = 42
TO_STAFF, TO_BOT = "甲", "乙"


@dataclass
class Watch:
    """What was written when, and how long it took each console to see it."""

    written: dict[str, float] = field(default_factory=dict)
    seen_ms: list[float] = field(default_factory=list)

    async def read(self, client: aiohttp.ClientSession, url: str, marked: str) -> None:
        """Read a stream for ever, coming back as a browser does; each message with such a mark counts once for it."""
        seen: set[str] = set()
        last = ""
        while True:
            headers = {"Last-Event-ID": last} if last else {}
            async with client.get(url, headers=headers, raise_for_status=True) as stream:
                async for raw in stream.content:
                    line = raw.decode()
                    if line.startswith("id: "):
                        last = line[4:].strip()
                    elif line.startswith("data: "):
                        self._see(line, seen, marked)

    def _see(self, line: str, seen: set[str], marked: str) -> None:
        now = time.perf_counter()
        for mark, began in self.written.items():
            if marked in mark and mark not in seen and mark in line:
                seen.add(mark)
                self.seen_ms.append(1000 * (now - began))


def main() -> int:
    """Measure and print; 1 where the 95th percentile is a second or more, or a message was not seen."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None).parse_args()
    if not RASA.exists():
        print("desk: left out, there is no Rasa environment; `make setup` makes it")
        return 0
    with tempfile.TemporaryDirectory(prefix="desk-") as name:
        folder = Path(name)
        somebody = asyncio.run(_employ(folder))
        system = Ours(folder, train_ours().file.parent)
        try:
            system.await_start()
            idle, spent = system.memory(), system.cpu()
            watch, expected = asyncio.run(_measure(system, folder, somebody))
            spent, busy = system.cpu() - spent, system.memory()
        finally:
            system.stop()
    figures = Figures(SECONDS, spent, tuple(watch.seen_ms), expected - len(watch.seen_ms))
    p50, p95, p99 = (figures.percentile(share) for share in (0.50, 0.95, 0.99))
    print(f"{len(watch.written)} messages, {len(watch.seen_ms)} of {expected} sightings by 50 consoles")
    print(f"visible after, ms: p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f}")
    print(f"processor: {100 * spent / SECONDS:.0f} % of one core")
    for what, mb in busy.items():
        print(f"resident, MB: {what} {idle[what]:.0f} before, {mb:.0f} with 50 consoles")
    return int(p95 >= LIMIT_MS or figures.errors > 0)


async def _employ(folder: Path) -> SignedIn:
    settings = Settings(data=folder)
    await prepare(settings, utc_now)
    database = Database(settings.database_url())
    somebody = await employ(database, settings, [Role.AGENT])
    await database.close()
    return somebody


async def _measure(system: Ours, folder: Path, somebody: SignedIn) -> tuple[Watch, int]:
    watch, chance = Watch(), random.Random(SEED)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:
        enterprises = [await system.begin(client) for _ in range(ENTERPRISES)]
        for say in enterprises:
            await say("你好")
        threads = await _threads(folder)
        held = threads[: ENTERPRISES // 2]
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, headers=somebody.headers, connector_owner=False
        ) as staff:
            for thread in held:
                url = f"{system.url}/console/inbox/{thread}/take"
                async with staff.post(url, raise_for_status=True) as answer:
                    assert "您正在接待" in await answer.text()
            # Where the bot answers, its answer may be the last word in the inbox before anybody looks.
            urls = [(f"thread={thread}&after=0-0", "") for thread in threads]
            urls += [("view=all&after=0-0", TO_STAFF)] * INBOXES
            reading = [
                asyncio.create_task(watch.read(staff, f"{system.url}/console/events?{url}", marked))
                for url, marked in urls
            ]
            await asyncio.sleep(2)
            numbers = itertools.count(1000)
            await asyncio.gather(
                *(
                    _write(
                        say, watch, numbers, TO_STAFF if at < len(held) else TO_BOT, chance.random() * PAUSE
                    )
                    for at, say in enumerate(enterprises)
                )
            )
            await asyncio.sleep(PATIENCE)
            for task in reading:
                task.cancel()
            await asyncio.gather(*reading, return_exceptions=True)
    each = len(watch.written) // ENTERPRISES
    return watch, len(watch.written) + each * len(held) * INBOXES


async def _threads(folder: Path) -> Sequence[str]:
    database = Database(Settings(data=folder).database_url())
    async with database.read() as session:
        found = (await session.scalars(select(Thread.id).order_by(Thread.created_at, Thread.id))).all()
    await database.close()
    return found


async def _write(say: Say, watch: Watch, numbers: itertools.count[int], to: str, wait: float) -> None:
    await asyncio.sleep(wait)
    for _ in range(int(SECONDS / PAUSE)):
        mark = f"{to}{next(numbers)}号"
        began = watch.written[mark] = time.perf_counter()
        await say(f"{mark}用水报装怎么办")
        await asyncio.sleep(max(0.0, PAUSE - (time.perf_counter() - began)))


if __name__ == "__main__":
    raise SystemExit(main())
