"""What the lists ask of the database is found by an index, however many rows there are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, event, select, text

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from conversations.inbox import View
from conversations.models import Question, Rating
from conversations.ratings import asked_of
from desk.city import PINGDINGSHAN
from desk.desk import Desk
from desk.rating_asking import ask_for_ratings
from knowledge.article import Article
from knowledge.learning.models import GroupState, UnansweredGroup, UnansweredQuestion, Why
from staff.roles import Role
from store.database import Database
from store.workdays import ANNOUNCED
from tests.console.visit import House
from tests.fakes import HandClock
from tickets.life import Rules
from tickets.limits import TimeLimits
from tickets.lists import Queue
from tickets.models import Ticket
from tickets.rectification import Rated, open_case
from tickets.rectification_lists import CaseQueue
from tickets.rectification_states import CASE_CLOSED, CaseState

SIZE = Size(tickets=400, messages=4_000)
# These grow with every talk; all others are a page long.
GROWING = {
    "people", "threads", "messages", "questions", "tickets", "ticket_events", "ticket_clocks", "ratings",
    "rectifications", "rectification_events", "cards", "live_cards", "card_texts", "card_contents",
    "unanswered_questions", "unanswered_groups", "ticket_answers", "ticket_approvals",
}  # fmt: skip
PAGES = (
    *(f"/console/inbox?view={view}" for view in View),
    *(f"/console/tickets?queue={queue}" for queue in Queue),
    "/console/inbox/{thread}",
    "/console/tickets/{number}",
    *(f"/console/rectifications?queue={queue}" for queue in CaseQueue),
    *(f"/console/rectifications?queue={queue}&department=water" for queue in CaseQueue),
    "/console/rectifications/{case}",
    "/console/mentions",
    "/console/inbox/{thread}/ticket",
    "/console/audit",
    "/console/reports",
    "/console/reports/bulletin",
    "/console/reports/bulletin?month=2026-10&case={number}",
    "/console/reports/ledger",
    "/console/reports/ledger?since=2026-01-01&until=2026-11-30",
    "/console/people",
    *(f"/console/unanswered?state={state}" for state in GroupState),
    "/console/unanswered?department=water",
    "/console/unanswered/{group}",
    "/console/inbox?q=%E6%B0%B4",
    *(f"/console/inbox?view={view}&q=%E6%B0%B4" for view in View),
    "/console/article-statistics?since=2026-11-01&until=2026-11-30",
    "/console/supervision",
    *(f"/console/supervision?view={view}" for view in ("red", "supervised", "notice", "criticised")),
    "/console/officers",
    "/console/notices",
    "/console/knowledge",
    "/console/knowledge?state=draft&q=%E6%B0%B4",
    "/console/knowledge?due=expiring&category=water",
    "/console/knowledge?due=check",
    "/console/knowledge?department=water&q=%E6%B0%B4",
)
_ALL = (Role.AGENT, Role.DISPATCHER, Role.REVIEWER, Role.SUPERVISOR, Role.KNOWLEDGE_EDITOR, Role.ADMIN)
Asked = list[tuple[str, Any]]


async def test_no_list_reads_a_whole_table(
    house: House, desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    around = Surroundings(
        PINGDINGSHAN, list(articles.values()), ANNOUNCED, TimeLimits(), clock(), random.Random(1)
    )
    await seed(desk.database, SIZE, around, lambda _: None)
    case = await _badly_rated(desk.database, clock())
    group = await _unanswered(desk.database, clock())
    visit = await house.member("lead", *_ALL)
    async with desk.database.write() as session:
        await session.execute(text("ANALYZE"))
        thread = await session.scalar(text("SELECT max(id) FROM threads"))
        number = await session.scalar(text("SELECT max(number) FROM tickets"))
    reader = await house.member("reader", Role.AGENT)  # sees what is answered, and no draft
    with asked(desk.database) as statements:
        for page in PAGES:
            assert (
                await visit.get(page.format(thread=thread, number=number, case=case, group=group))
            ).status_code == 200, page
        for page in PAGES:
            if page.startswith("/console/knowledge"):
                assert (await reader.get(page)).status_code == 200, page
    assert len(statements) > len(PAGES)
    whole = {
        statement: found
        for statement, parameters in dict(statements).items()
        if (found := await whole_tables(desk.database, statement, parameters) & GROWING)
    }
    assert not whole


async def _badly_rated(database: Database, now: datetime) -> int:
    """Half of the tickets rated, and a case for each: the number of one."""
    async with database.write() as session:
        have_one = select(Rating.ticket_id).where(Rating.ticket_id.is_not(None))
        tickets = (
            await session.scalars(select(Ticket).where(Ticket.id.not_in(have_one)).limit(SIZE.tickets // 2))
        ).all()
        for ticket in tickets:
            session.add(
                Rating(
                    id=f"r{ticket.id}", thread_id=ticket.thread_id, ticket_id=ticket.id, level=1, rated_at=now
                )
            )
            rated = Rated(f"r{ticket.id}", 1, now, ticket_id=ticket.id, department=ticket.department)
            case = await open_case(session, rated, Rules())
            # As in real life most of them are over.
            case.state = list(CaseState)[case.id % 7] if case.id % 10 == 0 else CaseState.RECTIFIED
            case.closed_at = now if case.state in CASE_CLOSED else None
    return case.id


async def _unanswered(database: Database, now: datetime) -> int:
    """What was not answered, in groups of three: one of them."""
    async with database.write() as session:
        unknown = (await session.scalars(select(Question).where(Question.outcome == "unknown"))).all()
        assert len(unknown) > 50
        for at, question in enumerate(unknown):
            if at % 3 == 0:
                state = GroupState.OPEN if at % 4 else GroupState.DISMISSED
                owner = "water" if at % 2 else None
                group = UnansweredGroup(
                    lead=question.message_id, last_asked_at=now, state=state, department=owner
                )
                session.add(group)
                await session.flush()
            session.add(
                UnansweredQuestion(
                    message_id=question.message_id, thread_id=question.thread_id, group_id=group.id, why=Why.UNKNOWN,
                    asked_at=question.asked_at,
                )
            )  # fmt: skip
    return group.id


async def test_what_is_looked_for_every_few_seconds_is_found_by_an_index(
    desk: Desk, clock: HandClock
) -> None:
    with asked(desk.database) as statements:
        await ask_for_ratings(desk)
        async with desk.database.read() as session:
            await asked_of(session, "a thread", 1)
    assert len(statements) == 5
    for statement, parameters in statements:
        assert not await whole_tables(desk.database, statement, parameters) & GROWING, statement


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
