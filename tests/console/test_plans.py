"""What the lists ask of the database is found by an index, however many rows there are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, text

from app.demo.seed import Size, Surroundings, seed
from conversations.inbox import View
from desk.city import PINGDINGSHAN
from desk.desk import Desk
from knowledge.article import Article
from staff.roles import Role
from store.database import Database
from store.workdays import ANNOUNCED
from tests.console.visit import House
from tests.fakes import HandClock
from tickets.limits import TimeLimits
from tickets.lists import Queue

SIZE = Size(tickets=400, messages=4_000)
# These grow with every talk; all others are a page long.
GROWING = {"people", "threads", "messages", "questions", "tickets", "ticket_events", "ticket_clocks", "cards"}
PAGES = (
    *(f"/console/inbox?view={view}" for view in View),
    *(f"/console/tickets?queue={queue}" for queue in Queue),
    "/console/inbox/{thread}",
    "/console/tickets/{number}",
    "/console/audit",
    "/console/knowledge",
    "/console/knowledge?state=draft&q=%E6%B0%B4",
    "/console/knowledge?due=expiring&category=water",
)
_ALL = (Role.AGENT, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR, Role.ADMIN)
Asked = list[tuple[str, Any]]


async def test_no_list_reads_a_whole_table(
    house: House, desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    around = Surroundings(
        PINGDINGSHAN, list(articles.values()), ANNOUNCED, TimeLimits(), clock(), random.Random(1)
    )
    await seed(desk.database, SIZE, around, lambda _: None)
    visit = await house.member("lead", *_ALL)
    async with desk.database.write() as session:
        await session.execute(text("ANALYZE"))
        thread = await session.scalar(text("SELECT max(id) FROM threads"))
        number = await session.scalar(text("SELECT max(number) FROM tickets"))
    with asked(desk.database) as statements:
        for page in PAGES:
            assert (await visit.get(page.format(thread=thread, number=number))).status_code == 200, page
    assert len(statements) > len(PAGES)
    whole = {
        statement: found
        for statement, parameters in dict(statements).items()
        if (found := await whole_tables(desk.database, statement, parameters) & GROWING)
    }
    assert not whole


async def test_a_reading_of_everything_would_be_seen(database: Database) -> None:
    assert await whole_tables(database, "SELECT * FROM messages WHERE text = '水'", ()) == {"messages"}


@contextmanager
def asked(database: Database) -> Iterator[Asked]:
    """The statements that are sent meanwhile, with their parameters."""
    found: Asked = []

    def note(_: Connection, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            found.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def whole_tables(database: Database, statement: str, parameters: Any) -> set[str]:
    """The tables that the database would read from end to end, although it may use any index."""

    def explain(connection: Connection) -> set[str]:
        if database.embedded:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return {name for row in rows if (name := _scanned(row[-1]))}
        connection.exec_driver_sql("SET enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        return set(_read_whole([row[0] for row in rows]))

    async with database.read() as session:
        return await (await session.connection()).run_sync(explain)


def _scanned(line: str) -> str:
    """`SCAN messages` reads it all; `SCAN messages USING INDEX` goes along an index, as for a page in its order."""
    words = line.split()
    return words[1] if words[0] == "SCAN" and "USING" not in words else ""


def _read_whole(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if "Seq Scan on " in line:
            yield line.split("Seq Scan on ")[1].split()[0]
