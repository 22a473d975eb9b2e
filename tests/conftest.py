"""A migrated database of each kind, and a desk over it."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import hypothesis
import psycopg
import pytest
import redis
from fastapi.dependencies import models as dependencies
from psycopg.sql import SQL, Identifier

from conversations.models import Thread
from conversations.threads import open_thread
from desk.city import PINGDINGSHAN
from desk.desk import Desk
from desk.intake.form import Intake
from knowledge.article import Article
from knowledge.library import Library
from knowledge.markdown import read_folder
from knowledge.rows import import_articles
from knowledge.search.confidence import read_calibration
from knowledge.search.index import Index
from store.clock import CITY_ZONE
from store.database import Database
from store.ids import new_id
from store.migrate import upgrade
from store.workdays import OfficeHours
from tests.emptied import Emptied
from tests.fakes import HandClock, ScriptedDialogue
from tests.peers.node import NO_PEERS

ARTICLES = Path(__file__).resolve().parent.parent / "knowledge" / "articles"
HANDFUL = {
    "water-connection", "water-price", "gas-connection", "electricity-connection", "company-setup",
    "company-deregistration", "complaint-platform",
}  # fmt: skip
NO_POSTGRESQL = "no PostgreSQL on 127.0.0.1:5432: tests on it are left out"
NO_REDIS = "no Redis on 127.0.0.1:6379: tests on it are left out"
REDIS = "redis://127.0.0.1:6379/15"
# What chance finds is for who works on the code; where a release is decided, the same is tried each time.
hypothesis.settings.register_profile("strict", derandomize=True)
if os.environ.get("QIFU_TEST_STRICT") == "1":
    hypothesis.settings.load_profile("strict")
_LONG = ("bot_rasa", "product", "browser", "bot")  # folders whose files take a minute or more
_SERVERS = tuple(f"postgresql://{user}@127.0.0.1:5432/postgres" for user in ("postgres", "root"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once, and in every run, which servers were missing."""
    skipped = terminalreporter.stats.get("skipped", [])
    for lack in (NO_POSTGRESQL, NO_REDIS, NO_PEERS):
        if any(lack in str(report.longrepr) for report in skipped):
            terminalreporter.write_line(lack, yellow=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: two processes share the files, and none should be left alone with a long one."""
    items.sort(key=lambda item: item.path.parent.name not in _LONG)


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def routes_are_forgotten() -> Iterator[None]:
    """FastAPI remembers thousands of routes' functions, and with them the whole app of each test."""
    yield
    for remembered in vars(dependencies).values():
        if hasattr(remembered, "cache_clear"):
            remembered.cache_clear()


def missing(lack: str) -> NoReturn:
    """Leave the test out, or fail it where nothing may be left out."""
    if os.environ.get("QIFU_TEST_STRICT") == "1":
        pytest.fail(lack)
    pytest.skip(lack)


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """The URL of a server where databases may be made."""
    for url in _SERVERS:
        try:
            psycopg.connect(url, connect_timeout=3).close()
        except psycopg.OperationalError:
            continue
        return url
    missing(NO_POSTGRESQL)


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A database of a Redis server; whoever writes to it uses names of their own and deletes them."""
    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=3) as server:
            server.ping()
    except redis.RedisError:
        missing(NO_REDIS)
    return REDIS


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every migration applied and no row."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    """The name of a PostgreSQL database with every migration applied and no row."""
    with postgresql_database(postgresql_server) as name:
        upgrade(at_server(postgresql_server, name))
        yield name


@pytest.fixture(scope="session")
def emptied(postgresql_server: str, postgresql_template: str) -> Iterator[Emptied]:
    """PostgreSQL databases without a row that tests put in."""

    def make(stack: ExitStack) -> str:
        made = postgresql_database(postgresql_server, template=postgresql_template)
        return at_server(postgresql_server, stack.enter_context(made))

    with ExitStack() as stack:
        yield Emptied(make, stack)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty migrated database of each kind."""
    yield from _empty_database(request, request.param, tmp_path / "first.db")


@pytest.fixture
def other_database_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A second empty migrated database of the same kind."""
    yield from _empty_database(request, database_url.partition(":")[0], tmp_path / "second.db")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database, open."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def other_database(other_database_url: str) -> AsyncIterator[Database]:
    """The second database, open."""
    opened = Database(other_database_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def articles() -> dict[str, Article]:
    """The shipped articles, by key."""
    return {article.key: article for article in read_folder(ARTICLES)}


@pytest.fixture
def clock() -> HandClock:
    """A Monday in office hours; it stands still."""
    return HandClock(datetime(2026, 11, 23, 10, 0, tzinfo=CITY_ZONE))


@pytest.fixture
def dialogue() -> ScriptedDialogue:
    """A dialogue that repeats what it is told."""
    return ScriptedDialogue()


@pytest.fixture
def desk(database: Database, clock: HandClock, dialogue: ScriptedDialogue) -> Desk:
    """A desk without articles: see `stocked_desk`."""
    calibration = read_calibration()
    return Desk(
        database=database,
        library=Library(database, Index(calibration=calibration)),
        calibration=calibration,
        dialogue=dialogue,
        clock=clock,
        new_id=new_id,
        city=PINGDINGSHAN,
        intake=Intake(PINGDINGSHAN),
        office_hours=OfficeHours.parse("09:00-12:00,13:00-17:00"),
        link_key=b"a key of the tests",
        turn_lease=timedelta(seconds=30),
    )


@pytest.fixture
async def stocked_desk(desk: Desk, articles: dict[str, Article]) -> Desk:
    """A desk with a handful of the shipped articles."""
    async with desk.database.write() as session:
        await import_articles(session, [articles[key] for key in sorted(HANDFUL)], at=desk.clock())
    await desk.library.refresh()
    return desk


@pytest.fixture
async def thread(database: Database, clock: HandClock) -> Thread:
    """The thread of one person of the web page."""
    async with database.write() as session:
        return await open_thread(session, channel="web", address="somebody", at=clock(), new_id=new_id)


def _empty_database(request: pytest.FixtureRequest, kind: str, file: Path) -> Iterator[str]:
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    with request.getfixturevalue("emptied").one() as url:
        yield url


@contextmanager
def postgresql_database(server: str, *, template: str = "template1") -> Iterator[str]:
    """The name of a new database of the server, dropped at the end."""
    name = f"qifu_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        )
        try:
            yield name
        finally:
            # A test that failed half-way may still be connected.
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def at_server(server: str, name: str) -> str:
    """The URL of a database of the server."""
    return f"{server.rpartition('/')[0]}/{name}"
