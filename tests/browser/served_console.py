"""The product with its console in a thread of the test, its data in a folder, and no Rasa."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from app.main import create_app
from app.prepare import prepare
from app.scratch import free_port
from app.settings import Settings
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.passwords import Hashing
from staff.roles import Role
from store.clock import utc_now
from store.database import Database
from store.ids import new_id

PEOPLE = (
    ("zhang.san", "张三", "hotline", Role.AGENT),
    ("li.si", "李四", "business-environment", Role.SUPERVISOR),
    ("sun.qi", "孙七", "government-service", Role.ADMIN),
    ("wang.wu", "王五", "water", Role.HANDLER),
    ("qian.shi", "钱十", "business-environment", Role.KNOWLEDGE_EDITOR),
)


@dataclass(frozen=True)
class ServedConsole:
    """Where it is, and everybody's one-time password."""

    url: str
    passwords: dict[str, str]


@contextmanager
def served_console(folder: Path, articles: Path | None = None) -> Iterator[ServedConsole]:
    """Serve until the test is over. `articles`: what the product knows, by default nothing."""
    if articles is None:
        articles = folder / "articles"
        articles.mkdir()
    settings = Settings(data=folder, rasa_url="http://127.0.0.1:9", port=free_port())
    # In this thread the browser's driver has a loop of its own.
    with ThreadPoolExecutor(1) as aside:
        passwords = aside.submit(asyncio.run, _employ(settings, articles)).result()
    with serving(settings) as url:
        yield ServedConsole(url, passwords)


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve what is in the data folder; where it is."""
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            port=settings.port,
            log_level="warning",
            timeout_graceful_shutdown=2,  # pages that are still open hold their streams
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the product did not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        thread.join()


async def _employ(settings: Settings, articles: Path) -> dict[str, str]:
    prepared = await prepare(settings, utc_now, articles)
    assert prepared.admin is not None
    passwords = {"admin": prepared.admin.one_time_password}
    database, hashing = Database(settings.database_url()), Hashing()
    async with database.write() as session:
        for username, name, department, role in PEOPLE:
            profile = Profile(name, department, frozenset({role}))
            account = await accounts.add(
                session, COMMAND_LINE, username, profile, hashing.issue(), id=new_id(), at=utc_now()
            )
            passwords[username] = account.one_time_password
    await database.close()
    return passwords
