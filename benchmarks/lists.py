"""How fast the pages of the console are among many rows: `python -m benchmarks.lists`.

10,000 tickets and 200,000 messages of made-up enterprises, in SQLite and in PostgreSQL, read one page at a time over
HTTP as a browser does. Each list is opened at its beginning and then page after page as deep as it goes, at most
`_DEEP` pages: a page far behind has to be as fast as the first.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import func, select, text

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from app.prepare import ARTICLES, prepare
from app.scratch import free_port
from app.settings import Settings
from benchmarks.databases import empty, kinds
from benchmarks.systems import await_ok, end, start
from conversations.inbox import View
from conversations.models import Thread
from desk.city import PINGDINGSHAN
from knowledge.markdown import read_folder
from staff import accounts, sessions
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.models import Account
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Browser, Policy
from store.clock import utc_now
from store.database import Database
from store.ids import new_id
from store.workdays import ANNOUNCED
from tickets.limits import TimeLimits
from tickets.lists import Queue
from tickets.models import Ticket

SIZE = Size(tickets=10_000, messages=200_000)
LIMIT_MS = 200
SEED = 42
_TIMES, _DEEP = 20, 60
_MORE = re.compile(r'href="([^"]*[?&;]after=[^"]*)"')
_ROLES = frozenset({Role.AGENT, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR, Role.ADMIN})


def main() -> int:
    """Measure and print; 1 where the 95th percentile of a page is over the limit, else 0."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None).parse_args()
    slow = 0
    for kind in kinds():
        with tempfile.TemporaryDirectory(prefix="lists-") as name, empty(kind, Path(name)) as url:
            token, thread, number = asyncio.run(_fill(url))
            print(f"\n{kind:36} p50 ms  p95 ms   deep ms  deepest page")
            slow += _serve_and_read(Path(name), url, token, _pages(thread, number))
    return int(slow > 0)


def _pages(thread: str, number: str) -> list[str]:
    return [
        *(f"inbox?view={view}" for view in View),
        "inbox?q=水费",
        *(f"tickets?queue={queue}" for queue in Queue),
        "tickets?queue=all&q=机械",
        f"inbox/{thread}",
        f"tickets/{number}",
        "audit",
    ]


async def _fill(url: str) -> tuple[str, str, str]:
    """A session's token, a thread, a ticket's number."""
    around = Surroundings(
        PINGDINGSHAN, read_folder(ARTICLES), ANNOUNCED, TimeLimits(), utc_now(), random.Random(SEED)
    )
    database, policy = (
        Database(url),
        Policy(timedelta(hours=1), timedelta(hours=2), "optional", b"a key of the benchmark"),
    )
    await seed(database, SIZE, around, lambda _: None)
    await prepare(Settings(database=url), utc_now)
    async with database.write() as session:
        await session.execute(text("ANALYZE"))
        profile = Profile("张三", None, _ROLES)
        await accounts.add(
            session, COMMAND_LINE, "zhang.san", profile, Hashing().issue(), id=new_id(), at=utc_now()
        )
        await session.flush()
        account = await accounts.by_username(session, "zhang.san")
        (await session.get_one(Account, account.id)).password_is_one_time = False
        browser = Browser("127.0.0.1", "")
        token = await sessions.begin(
            session, account, browser, policy, second_factor=False, at=utc_now(), new_id=new_id
        )
        thread = await session.scalar(select(func.max(Thread.id)))
        number = await session.scalar(select(func.max(Ticket.number)))
    await database.close()
    assert thread is not None
    assert number is not None
    return token, thread, number


def _serve_and_read(folder: Path, url: str, token: str, pages: list[str]) -> int:
    """Print a line for each page; how many were too slow."""
    port = free_port()
    environment = {
        "QIFU_DATA": str(folder), "QIFU_DATABASE": url, "QIFU_PORT": str(port), "QIFU_RASA_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    process = start([sys.executable, "-m", "app.cli", "serve"], environment, folder / "serve.log")
    slow = 0
    try:
        await_ok(f"http://127.0.0.1:{port}/chat", process)
        base, headers = f"http://127.0.0.1:{port}/console/", {"Cookie": f"qifu_staff={token}"}
        with httpx.Client(base_url=base, headers=headers, timeout=30) as client:
            for page in pages:
                first = sorted(_open(client, page)[0] for _ in range(_TIMES))
                deep, depth = _deeper(client, page)
                p95 = first[int(len(first) * 0.95) - 1]
                slow += max(p95, deep) > LIMIT_MS
                print(f"{page[:34]:36} {statistics.median(first):6.1f}  {p95:6.1f}  {deep:8.1f}  {depth:6}")
    finally:
        end(process, signal.SIGINT)
    return slow


def _open(client: httpx.Client, page: str) -> tuple[float, str]:
    """Milliseconds to the page's last byte, and the page after it, if any."""
    began = time.perf_counter()
    answer = client.get(page).raise_for_status()
    spent = 1000 * (time.perf_counter() - began)
    assert answer.status_code == 200, page
    more = _MORE.search(answer.text)
    return spent, html.unescape(more[1]).removeprefix("/console/") if more else ""


def _deeper(client: httpx.Client, page: str) -> tuple[float, int]:
    """Milliseconds of the last page that was reached, the best of three, and which it is."""
    depth, last = 1, page
    while depth < _DEEP and (more := _open(client, last)[1]):
        depth, last = depth + 1, more
    return min(_open(client, last)[0] for _ in range(3)), depth


if __name__ == "__main__":
    raise SystemExit(main())
