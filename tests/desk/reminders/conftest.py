"""Who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from desk.desk import Desk
from staff.departments import add_departments
from staff.passwords import Hashing
from staff.sessions import Policy
from staff.sign_in import Door
from tests.desk.reminders.notices import (
    STAFF,
    Staff,
)
from tests.staff.people import employ


@pytest.fixture
def door(desk: Desk) -> Door:
    hashing = Hashing(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    return Door(desk.database, hashing, policy, desk.clock, desk.new_id)


@pytest.fixture
async def staff(desk: Desk, door: Door) -> Staff:
    async with desk.database.write() as session:
        await add_departments(session)
    return {name: await employ(door, name, role, department=where) for name, (role, where) in STAFF.items()}
