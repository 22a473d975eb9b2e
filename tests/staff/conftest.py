"""The door through which staff come in, over a database of each kind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from staff.passwords import Hashing
from staff.sessions import Policy
from staff.sign_in import Door
from store.database import Database
from store.ids import new_id
from tests.fakes import HandClock


@pytest.fixture(scope="session")
def hashing() -> Hashing:
    """argon2, as cheap as it gets: some hundred are made."""
    return Hashing(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))


@pytest.fixture
def door(database: Database, clock: HandClock, hashing: Hashing) -> Door:
    """Idle for an hour, twelve in all, no second factor demanded."""
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    return Door(database, hashing, policy, clock, new_id)
