"""The console over a database of each kind, as a browser without scripts sees it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from connectors.web.bodies import BodyLimit
from console.bodies import BODY_LIMITS
from console.router import console_router
from desk.desk import Desk
from knowledge.article import Article
from knowledge.rows import import_articles
from staff.departments import add_departments
from staff.models import Account
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.files import Files
from tests.console.talks import Talks
from tests.console.visit import House, Visit
from tests.staff.people import employ

BODY_MAX_BYTES = 64_000  # as `Settings` has it where nobody says otherwise


@pytest.fixture(scope="session")
def hashing() -> Hashing:
    """argon2, as cheap as it gets."""
    return Hashing(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Where the files that people sent are."""
    return Files(tmp_path / "attachments")


@pytest.fixture
async def house(desk: Desk, hashing: Hashing, files: Files) -> House:
    """The console with its departments and nobody in it."""
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    door = Door(desk.database, hashing, policy, desk.clock, desk.new_id)
    app = FastAPI()
    # A stream that is told to end says what there is to say and no more: here it can be read to its end.
    stopping = asyncio.Event()
    stopping.set()
    # As the product takes them: `include_router` makes every route once more.
    app.router.routes.extend(console_router(desk, door, secure=False, stopping=stopping, files=files).routes)
    app.add_middleware(BodyLimit, most=BODY_MAX_BYTES, others=BODY_LIMITS)
    async with desk.database.write() as session:
        await add_departments(session)
    return House(app, door)


@pytest.fixture
def talks(desk: Desk) -> Talks:
    return Talks(desk)


@pytest.fixture
async def wang(house: House) -> Account:
    return await employ(house.door, "wang.wu", Role.AGENT)


@pytest.fixture
async def agent(house: House, wang: Account) -> Visit:
    return await house.signed_in(wang)


@pytest.fixture
async def stocked(house: House, desk: Desk, articles: dict[str, Article]) -> House:
    """The console with three articles."""
    some = [articles[key] for key in ("water-connection", "gas-connection", "company-setup")]
    async with desk.database.write() as session:
        await import_articles(session, some, at=desk.clock())
    return house
