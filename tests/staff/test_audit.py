"""The audit log: nothing in it changes, and no cell of it is a formula."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from staff import audit, audit_csv
from staff.actors import COMMAND_LINE, Actor
from staff.audit import ACTION_NAMES, Action, Wanted
from staff.audit_csv import safe
from staff.models import AuditEntry
from store.clock import CITY_ZONE
from store.database import Database
from tests.fakes import HandClock

EVIL = '=HYPERLINK("http://evil","点我")'


async def write(
    database: Database, action: Action, at: datetime, who: str = "zhang.san", target: str = ""
) -> None:
    async with database.write() as session:
        actor = Actor("id", who, who, None, frozenset(), "192.0.2.7")
        audit.record(session, actor, action, audit.account(target), at=at, detail={"姓名": EVIL})


def test_every_action_has_a_name() -> None:
    assert set(ACTION_NAMES) == set(Action)


@pytest.mark.parametrize("change", [update(AuditEntry).values(who="somebody else"), delete(AuditEntry)])
async def test_the_database_refuses_to_change_what_was_written(
    change: object, database: Database, clock: HandClock
) -> None:
    await write(database, Action.SIGNED_IN, clock())
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            await session.execute(change)  # type: ignore[call-overload]
    async with database.read() as session:
        assert (await session.scalars(select(AuditEntry.who))).all() == ["zhang.san"]


async def test_what_is_undone_is_not_written(database: Database, clock: HandClock) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            audit.record(session, COMMAND_LINE, Action.ACCOUNT_ADDED, at=clock())
            raise RuntimeError
    async with database.read() as session:
        assert await audit.entries(session, Wanted(), before=None, limit=9) == []


async def test_entries_are_filtered_and_paged_by_id(database: Database) -> None:
    midnight = datetime(2026, 11, 23, 0, 0, tzinfo=CITY_ZONE)
    for hours in (-1, 0, 23, 24):
        await write(database, Action.SIGNED_IN, midnight + timedelta(hours=hours), target=f"t{hours}")
    await write(database, Action.SIGNED_OUT, midnight, who="li.si")

    async def ids(wanted: Wanted, before: int | None = None, limit: int = 9) -> list[int]:
        async with database.read() as session:
            return [entry.id for entry in await audit.entries(session, wanted, before=before, limit=limit)]

    newest = await ids(Wanted(), limit=2)
    assert newest == [5, 4]
    assert await ids(Wanted(), before=4) == [3, 2, 1]
    assert await ids(Wanted(who="zhang.san", since=date(2026, 11, 23), until=date(2026, 11, 23))) == [3, 2]
    assert await ids(Wanted(action="signed_out")) == [5]
    assert await ids(Wanted(target="t23")) == [3]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_excel_would_compute_is_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


def test_other_cells_stay_as_they_are() -> None:
    assert [safe(cell) for cell in ("", "张三", "a=b", "1-2")] == ["", "张三", "a=b", "1-2"]


async def test_the_table_for_excel_is_read_back_as_it_was(database: Database, clock: HandClock) -> None:
    await write(database, Action.SIGNED_IN, clock(), who="=cmd", target="li.si")
    async with database.read() as session:
        text = audit_csv.head() + audit_csv.lines(
            await audit.entries(session, Wanted(), before=None, limit=9)
        )
    assert text.startswith("\ufeff编号")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[1] == [
        "1", "2026-11-23 10:00:00", "'=cmd", "192.0.2.7", "登录", "账号 li.si", f"姓名：{EVIL}",
    ]  # fmt: skip
