"""The knowledge base among 10,000 articles, and its publish gate: `python -m benchmarks.knowledge`.

The articles are the knowledge base's own with other words put in. Read over HTTP as a browser does, without a dialogue
model: the lists of the console (also those in which nothing is found, which have to look through all), an article, its
history, a question tried (命中测试), the public pages. Then, with 1,000 articles and 1,000 stored questions, the gate: the first
run of a process, half a minute after the editor was opened, and the next one. The gate adds the article's own similar
questions and the nearest of all others, 2,000 in all; what is held against the limit is the time for 1,000 questions.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlalchemy import select, text

from app.prepare import ARTICLES, prepare
from app.scratch import free_port
from app.settings import Settings
from benchmarks.databases import empty, kinds
from benchmarks.staff import SignedIn, employ
from benchmarks.systems import await_ok, end, start
from benchmarks.variants import variants, vocabulary_of_jieba
from knowledge import cards
from knowledge.markdown import read_folder
from knowledge.models import GateRun
from knowledge.questions import keep_question
from knowledge.rows import import_articles
from staff.roles import Role
from store.clock import utc_now
from store.database import Database

MANY, GATED = 10_000, 1_000
LIMIT_MS, GATE_SECONDS = 200, 10.0
SEED = 42
_TIMES = 20
_EDITING = 30.0  # seconds in which somebody writes, and the index of drafts is made
_ROLES = (Role.KNOWLEDGE_EDITOR, Role.KNOWLEDGE_REVIEWER)
_PAGES = (
    "console/knowledge",
    "console/knowledge?state=published",
    "console/knowledge?state=draft",
    "console/knowledge?category=water",
    "console/knowledge?department=water",
    "console/knowledge?q=用水报装",
    "console/knowledge?q=没有写过的话",
    "console/knowledge?due=check",
    "console/knowledge?due=expiring",
    "console/knowledge/articles/{key}",
    "console/knowledge/articles/{key}/edit",
    "console/knowledge/hit-test",
    "console/article-statistics",
    "articles",
    "articles?q=用水报装",
    "articles/{key}",
)
_QUESTIONS = (
    "用水报装要什么材料",
    "公司注销怎么办",
    "小规模纳税人多久报一次税",
    "门头招牌要审批吗",
    "没有这种事情吧",
)


def main() -> int:
    """Measure and print; 1 where a page's 95th percentile or the gate is over its limit, else 0."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None).parse_args()
    over = 0
    for kind in kinds():
        with _running(kind, MANY) as (client, _, key):
            print(f"\n{kind}, {MANY} articles".ljust(44), "p50 ms  p95 ms")
            for page in _PAGES:
                over += _line(page, [_spent(client.get, page.format(key=key)) for _ in range(_TIMES)])
            asked = [_spent(client.post, "console/knowledge/hit-test", text=q) for q in _QUESTIONS * 4]
            over += _line("a question tried", asked)
        with _running(kind, GATED) as (client, url, key):
            print(f"\n{kind}, {GATED} articles".ljust(44), "seconds  questions  seconds for 1,000")
            client.get(f"console/knowledge/articles/{key}/edit").raise_for_status()
            time.sleep(_EDITING)
            for name in ("the gate's first run", "the next"):
                seconds, questions = asyncio.run(_gate(client, url, key))
                each = 1000 * seconds / questions
                print(f"{name:44} {seconds:7.1f}  {questions:9}  {each:17.1f}", flush=True)
                over += each > GATE_SECONDS
    return int(over > 0)


@contextmanager
def _running(kind: str, size: int) -> Iterator[tuple[httpx.Client, str, str]]:
    """`qifu serve` with so many articles; an editor's client, the database's URL, an article's key."""
    with tempfile.TemporaryDirectory(prefix="knowledge-") as name, empty(kind, Path(name)) as database_url:
        somebody, key = asyncio.run(_fill(Path(name), database_url, size))
        port = free_port()
        environment = {
            "QIFU_DATA": name, "QIFU_DATABASE": database_url, "QIFU_PORT": str(port),
            "QIFU_RASA_URL": "http://127.0.0.1:9",
        }  # fmt: skip
        process = start([sys.executable, "-m", "app.cli", "serve"], environment, Path(name, "serve.log"))
        base = f"http://127.0.0.1:{port}/"
        try:
            await_ok(f"{base}chat", process)
            with httpx.Client(base_url=base, headers=somebody.headers, timeout=60) as client:
                yield client, database_url, key
        finally:
            end(process, signal.SIGINT)


async def _fill(folder: Path, url: str, size: int) -> tuple[SignedIn, str]:
    settings = Settings(data=folder, database=url)
    await prepare(settings, utc_now)
    database, chance = Database(url), random.Random(SEED)
    somebody = await employ(database, settings, _ROLES)
    made = list(variants(size, read_folder(ARTICLES), vocabulary_of_jieba()))
    async with database.write() as session:
        await import_articles(session, made, at=utc_now())
    async with database.write() as session:
        for _ in range(GATED):
            article = chance.choice(made)
            question = chance.choice(article.questions)
            await keep_question(session, question, article.key, by="benchmark", at=utc_now())
        await session.execute(text("ANALYZE"))
    await database.close()
    return somebody, made[0].key


async def _gate(client: httpx.Client, url: str, key: str) -> tuple[float, int]:
    """Change the article, have the gate look at it; seconds to the end, and how many questions were replayed."""
    database = Database(url)
    async with database.write() as session:
        card = await cards.card_of(session, key)
        assert card is not None
        draft = {**card.content, "aliases": [*card.content["aliases"], f"别名{card.revision}"]}
        await cards.save(session, key, draft, by="benchmark", why="", at=utc_now())
    began = time.perf_counter()
    client.post(f"console/knowledge/articles/{key}/gate", follow_redirects=True).raise_for_status()
    while True:
        async with database.read() as session:
            run = await session.scalar(select(GateRun).order_by(GateRun.id.desc()).limit(1))
        assert run is not None
        assert not run.failure, run.failure
        if run.outcome is not None:
            await database.close()
            return time.perf_counter() - began, run.total
        await asyncio.sleep(0.05)


def _spent(ask: Callable[..., httpx.Response], page: str, **form: str) -> float:
    """Milliseconds to the page's last byte."""
    began = time.perf_counter()
    answer = ask(page, data=form, follow_redirects=True) if form else ask(page)
    spent = 1000 * (time.perf_counter() - began)
    answer.raise_for_status()
    return spent


def _line(name: str, spent: list[float]) -> bool:
    """Print it; whether it is too slow."""
    p95 = sorted(spent)[int(len(spent) * 0.95) - 1]
    print(f"{name[:42]:44} {statistics.median(spent):6.1f}  {p95:6.1f}", flush=True)
    return p95 > LIMIT_MS


if __name__ == "__main__":
    raise SystemExit(main())
