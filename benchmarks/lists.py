"""How fast the pages of the console are among many rows: `python -m benchmarks.lists`.

10,000 tickets, 200,000 messages, 10,000 enterprises with an officer and as many notices, all made up, in SQLite and in PostgreSQL, read one page at a time over
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, insert, select, text

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from app.prepare import ARTICLES, prepare
from app.scratch import free_port
from app.settings import Settings
from benchmarks.databases import empty, kinds
from benchmarks.staff import SignedIn, employ
from benchmarks.systems import await_ok, end, start
from conversations.inbox import View
from conversations.models import Thread
from desk.city import PINGDINGSHAN
from knowledge.markdown import read_folder
from staff.models import Notice, NoticeKind
from staff.roles import Role
from store.clock import utc_now
from store.database import Database
from store.workdays import ANNOUNCED
from tickets.limits import TimeLimits
from tickets.lists import Queue
from tickets.models import Officer, Rectification, Ticket
from tickets.rectification_lists import CaseQueue

SIZE = Size(tickets=10_000, messages=200_000)
MORE = 10_000  # officers, notices
LIMIT_MS = 200
SEED = 42
_TIMES, _DEEP = 20, 60
_MORE = re.compile(r'href="([^"]*[?&;]after=[^"]*)"')
_ROLES = (
    Role.AGENT, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR, Role.KNOWLEDGE_EDITOR, Role.ADMIN,
)  # fmt: skip


def main() -> int:
    """Measure and print; 1 where the 95th percentile of a page is over the limit, else 0."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None).parse_args()
    slow = 0
    for kind in kinds():
        with tempfile.TemporaryDirectory(prefix="lists-") as name, empty(kind, Path(name)) as url:
            somebody, pages = asyncio.run(_fill(Path(name), url))
            print(f"\n{kind:36} p50 ms  p95 ms   deep ms  deepest page")
            slow += _serve_and_read(Path(name), url, somebody, pages)
    return int(slow > 0)


def _pages(thread: str, number: str, case: int) -> list[str]:
    return [
        *(f"inbox?view={view}" for view in View),
        "inbox?q=水费",
        "inbox?q=没有人说过的话",
        f"inbox/{thread}",
        "mentions",
        *(f"tickets?queue={queue}" for queue in Queue),
        "tickets?queue=all&q=机械",
        "tickets?queue=all&q=没有人说过的话",
        f"tickets/{number}",
        *(f"rectifications?queue={queue}" for queue in CaseQueue),
        f"rectifications/{case}",
        "supervision",
        *(f"supervision?view={view}" for view in ("red", "supervised", "notice", "criticised")),
        "officers",
        "officers?q=机械",
        "notices",
        "reports",
        "reports/bulletin",
        "reports/ledger",
        "article-statistics",
        "unanswered",
        "audit",
    ]


async def _fill(folder: Path, url: str) -> tuple[SignedIn, list[str]]:
    """Somebody who may see it all, and the pages."""
    around = Surroundings(
        PINGDINGSHAN, read_folder(ARTICLES), ANNOUNCED, TimeLimits(), utc_now(), random.Random(SEED)
    )
    settings = Settings(data=folder, database=url)
    database = Database(url)
    await seed(database, SIZE, around, lambda _: None)
    await prepare(settings, utc_now)
    somebody = await employ(database, settings, _ROLES)
    async with database.write() as session:
        await session.execute(insert(Officer), list(_officers(somebody.account_id)))
        await session.execute(insert(Notice), list(_notices(somebody.account_id)))
        await session.execute(text("ANALYZE"))
        thread = await session.scalar(select(func.max(Thread.id)))
        number = await session.scalar(select(func.max(Ticket.number)))
        case = await session.scalar(select(func.max(Rectification.id)))
    await database.close()
    assert thread is not None
    assert number is not None
    assert case is not None
    return somebody, _pages(thread, number, case)


def _officers(account_id: str) -> Iterator[dict[str, Any]]:
    for at in range(MORE):
        # No enterprise has such a code: its check character is none.
        yield {
            "credit_code": f"91410400OOO{at:07}", "enterprise": f"（演示）机械{at}号店", "officer": account_id,
            "changed_at": utc_now(),
        }  # fmt: skip


def _notices(account_id: str) -> Iterator[dict[str, Any]]:
    for at in range(MORE):
        yield {
            "account_id": account_id, "kind": NoticeKind.DUE, "occasion": f"benchmark-{at}", "text": "一件工单即将到期。",
            "created_at": utc_now(), "read_at": utc_now() if at % 100 else None,
        }  # fmt: skip


def _serve_and_read(folder: Path, url: str, somebody: SignedIn, pages: list[str]) -> int:
    """Print a line for each page; how many were too slow."""
    port = free_port()
    environment = {
        "QIFU_DATA": str(folder), "QIFU_DATABASE": url, "QIFU_PORT": str(port), "QIFU_RASA_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    process = start([sys.executable, "-m", "app.cli", "serve"], environment, folder / "serve.log")
    slow = 0
    try:
        await_ok(f"http://127.0.0.1:{port}/chat", process)
        base = f"http://127.0.0.1:{port}/console/"
        with httpx.Client(base_url=base, headers=somebody.headers, timeout=30) as client:
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
