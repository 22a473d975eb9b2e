"""How enterprises were served, by channel, subject and department, counted once more from the rows themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from conversations.models import Author, Holder, Message, Question, Rating, Thread
from conversations.threads import open_thread
from desk.desk import Desk
from desk.reports.figures import Figures
from desk.reports.period import Period
from desk.reports.served import GONE, NOBODY, Served
from desk.reports.tables import served as tables
from desk.values import CHANNEL_NAMES
from knowledge.article import Article
from knowledge.catalogue import catalogue
from knowledge.learning.models import UnansweredGroup, UnansweredQuestion, Why
from knowledge.rows import import_articles
from staff.departments import DEPARTMENTS, add_departments
from store.clock import city_date
from tests.desk.reminders.notices import filed
from tests.desk.reports.counting import counted, rows
from tests.fakes import HandClock
from tickets.models import Ticket, TicketClock
from tickets.states import OPEN

CATEGORIES = catalogue().categories


@pytest.fixture
async def known(desk: Desk, articles: dict[str, Article], clock: HandClock) -> dict[str, Article]:
    """The articles and departments are in the database."""
    async with desk.database.write() as session:
        await add_departments(session)
        await import_articles(session, articles.values(), at=clock())
    return articles


async def talk(desk: Desk, who: str, channel: str = "web") -> str:
    """The thread of somebody new."""
    async with desk.database.write() as session:
        return (
            await open_thread(session, channel=channel, address=who, at=desk.clock(), new_id=desk.new_id)
        ).id


async def ask(desk: Desk, thread: str, outcome: str, *, back: float = 0, **known: Any) -> int:
    """A question so many hours ago, and what the bot made of it: its message."""
    at = desk.clock() - timedelta(hours=back)
    async with desk.database.write() as session:
        message = Message(
            thread_id=thread, author=Author.PERSON, channel="web", external_id=desk.new_id(), text="水", created_at=at
        )  # fmt: skip
        session.add(message)
        await session.flush()
        session.add(
            Question(
                message_id=message.id, thread_id=thread, text="水", outcome=outcome, asked_at=at, **known
            )
        )
        return message.id


async def today(desk: Desk) -> Figures:
    day = city_date(desk.clock())
    return await counted(desk, Period(day - timedelta(days=7), day))


def told(rows: Sequence[tuple[str, Served]]) -> Mapping[str, tuple[int, int, int, int]]:
    """Name -> answered, clarified, unknown, handed over."""
    return {
        name: (one.asked.answered, one.asked.clarified, one.asked.unknown, one.asked.handed_over)
        for name, one in rows
    }


async def test_a_question_is_about_its_article_or_what_was_surely_understood(
    desk: Desk, known: dict[str, Article]
) -> None:
    thread = await talk(desk, "a")
    await ask(desk, thread, "answered", article="water-price")
    await ask(desk, thread, "unknown", article="water-price", intent="unsolved", confidence=0.99)
    await ask(desk, thread, "unknown", intent="topic_gas", confidence=0.5)
    await ask(
        desk, thread, "clarify", intent="topic_gas", confidence=0.49, options=["gas-price", "gas-safety"]
    )
    await ask(desk, thread, "unknown", intent="not_covered", confidence=0.99)
    await ask(desk, thread, "unknown")
    await ask(desk, thread, "noted")
    by = (await today(desk)).served
    assert told(by.subject) == {"供水": (1, 0, 1, 0), "燃气": (0, 0, 1, 0), NOBODY: (0, 1, 2, 0)}
    owner = known["water-price"].department
    assert told(by.department) == {owner: (1, 0, 1, 0), NOBODY: (0, 1, 3, 0)}
    assert [name for name, _ in by.subject][-1] == NOBODY == [name for name, _ in by.department][-1]


async def test_a_call_for_a_person_is_about_what_was_asked_last_within_a_day(
    desk: Desk, known: dict[str, Article]
) -> None:
    near, far, only, unsure = [await talk(desk, who) for who in "abcd"]
    await ask(desk, near, "answered", article="water-price", back=20)
    await ask(desk, near, "answered", article="gas-price", back=2)
    await ask(desk, near, "handoff", intent="human", confidence=0.99, back=1)
    await ask(desk, near, "handoff", intent="human", confidence=0.99)
    await ask(desk, far, "answered", article="water-price", back=30)
    await ask(desk, far, "handoff")
    await ask(desk, only, "handoff", intent="topic_water", confidence=0.99)
    await ask(desk, unsure, "unknown", back=1)
    await ask(desk, unsure, "handoff")
    found = await today(desk)
    assert told(found.served.subject) == {
        "供水": (2, 0, 0, 0), "燃气": (1, 0, 0, 2), NOBODY: (0, 0, 1, 3),
    }  # fmt: skip
    assert told(found.served.channel) == {CHANNEL_NAMES["web"]: (3, 0, 1, 5)}
    assert found.asked.all == 4 and found.asked.handed_over == 5


async def test_what_an_editor_has_given_to_a_department_is_that_departments(
    desk: Desk, known: dict[str, Article]
) -> None:
    thread = await talk(desk, "a")
    async with desk.database.write() as session:
        given = UnansweredGroup(lead=1, last_asked_at=desk.clock(), department="tax")
        open_ = UnansweredGroup(lead=2, last_asked_at=desk.clock())
        session.add_all((given, open_))
    cases: tuple[tuple[UnansweredGroup, str, dict[str, Any]], ...] = (
        (given, "unknown", {}), (given, "clarify", {}), (open_, "unknown", {}), (given, "unknown", {"article": "water-price"}),
    )  # fmt: skip
    for group, outcome, more in cases:
        message = await ask(desk, thread, outcome, **more)
        async with desk.database.write() as session:
            session.add(
                UnansweredQuestion(
                    message_id=message, thread_id=thread, group_id=group.id, why=Why.UNKNOWN, asked_at=desk.clock()
                )
            )  # fmt: skip
    by = (await today(desk)).served
    assert told(by.department) == {
        known["water-price"].department: (0, 0, 1, 0), DEPARTMENTS["tax"]: (0, 1, 1, 0), NOBODY: (0, 0, 1, 0),
    }  # fmt: skip


async def test_an_article_that_several_keep_is_the_first_ones(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    several = replace(articles["water-price"], departments=("finance", "water"))
    renamed = replace(articles["gas-price"], department="城管局燃气办")
    async with desk.database.write() as session:
        await add_departments(session)
        await import_articles(session, [several, renamed], at=clock())
    thread = await talk(desk, "a")
    for key in ("water-price", "gas-price"):
        await ask(desk, thread, "answered", article=key)
    by = (await today(desk)).served
    assert told(by.department) == {DEPARTMENTS["finance"]: (1, 0, 0, 0), "城管局燃气办": (1, 0, 0, 0)}


async def test_of_who_had_itself_erased_the_channel_is_not_known(desk: Desk) -> None:
    ticket = await filed(desk)
    async with desk.database.write() as session:
        row = await session.get_one(Ticket, ticket.id)
        row.thread_id, row.department = None, "water"
        session.add(Rating(id="r", ticket_id=ticket.id, level=2, rated_at=desk.clock()))
    by = (await today(desk)).served
    for rows_, name in ((by.channel, GONE), (by.subject, ticket.subject), (by.department, "water")):
        assert {key: (one.rated.all, one.rated.content) for key, one in rows_} == {name: (1, 0)}


async def test_the_rows_of_each_are_those_of_the_tables(
    seeded: Desk, known: dict[str, Article], clock: HandClock
) -> None:
    await _more(seeded)
    clock.advance(timedelta(days=20))  # what was open is late now
    period = Period(city_date(clock() - timedelta(days=200)), city_date(clock()))
    found = await counted(seeded, period)
    expected = await _counted_by_hand(seeded, known, period, clock())
    for which, by in (("channel", found.served.channel), ("subject", found.served.subject), ("department", found.served.department)):  # fmt: skip
        assert dict(by).keys() == expected[which].keys()
        for name, one in by:
            numbers = expected[which][name]
            assert (one.asked.answered, one.asked.unknown, one.asked.handed_over) == (
                numbers["answered"], numbers["unknown"], numbers["handoff"],
            ), (which, name)  # fmt: skip
            assert (one.rated.all, one.rated.content, one.overdue) == (
                numbers["rated"], numbers["content"], numbers["overdue"],
            ), (which, name)  # fmt: skip
        assert sum(one.asked.all for _, one in by) == found.asked.all > 100
        assert sum(one.asked.handed_over for _, one in by) == found.asked.handed_over > 5
        assert sum(one.rated.all for _, one in by) == found.rated.all > 20
        assert sum(one.overdue for _, one in by) == found.standing.overdue > 0
        assert len(by) > 2
    waiting = Counter(
        CHANNEL_NAMES[one.channel] for one in await rows(seeded, Thread) if one.holder is Holder.WAITING
    )
    assert {name: one.waiting for name, one in found.served.channel if one.waiting} == waiting
    assert found.waiting == sum(waiting.values()) > 0


async def _more(desk: Desk) -> None:
    """Some of the newest call for a person; one is waited for."""
    async with desk.database.write() as session:
        newest = list(await session.scalars(select(Thread).order_by(Thread.id.desc()).limit(12)))
        newest[0].holder = Holder.WAITING
    for thread in newest:
        back = (desk.clock() - thread.last_message_at) / timedelta(hours=1)
        await ask(desk, thread.id, "handoff", back=back - 0.01)


async def _counted_by_hand(
    desk: Desk, articles: dict[str, Article], period: Period, now: datetime
) -> dict[str, dict[str, Counter[str]]]:
    found: dict[str, dict[str, Counter[str]]] = {
        which: defaultdict(Counter) for which in ("channel", "subject", "department")
    }
    threads = {one.id: CHANNEL_NAMES[one.channel] for one in await rows(desk, Thread)}
    tickets = {one.id: one for one in await rows(desk, Ticket)}

    def note(what: str, channel: str, subject: str, department: str | None) -> None:
        for which, name in (("channel", channel), ("subject", subject), ("department", department or NOBODY)):
            found[which][name][what] += 1

    before: dict[str, Question] = {}
    for one in sorted(await rows(desk, Question), key=lambda row: row.message_id):
        about = before.get(one.thread_id) if one.outcome == "handoff" else one
        if one.outcome != "handoff":
            before[one.thread_id] = one
        if period.since <= one.asked_at < period.until:
            near = about is not None and one.asked_at - about.asked_at <= timedelta(days=1)
            article = articles.get(about.article or "") if about is not None and near else None
            subject = CATEGORIES[article.category] if article else NOBODY
            note(one.outcome, threads[one.thread_id], subject, article.department if article else None)
    for rating in await rows(desk, Rating):
        if rating.rated_at and period.since <= rating.rated_at < period.until and rating.level:
            ticket = tickets.get(rating.ticket_id or "")
            place = (
                threads.get(rating.thread_id or "", GONE),
                ticket.subject if ticket else NOBODY,
                DEPARTMENTS.get(ticket.department or "") if ticket else None,
            )
            note("rated", *place)
            if rating.level >= 3:
                note("content", *place)
    late = {
        one.ticket_id
        for one in await rows(desk, TicketClock)
        if not one.ended_at and one.due_at and one.due_at < now
    }
    for ticket in tickets.values():
        if ticket.state in OPEN and ticket.id in late:
            note(
                "overdue",
                threads[str(ticket.thread_id)],
                ticket.subject,
                DEPARTMENTS.get(ticket.department or ""),
            )
    return found


async def test_the_tables_say_what_cannot_be_assigned(desk: Desk, known: dict[str, Article]) -> None:
    thread = await talk(desk, "a")
    for outcome in ("unknown", "unknown", "handoff"):
        await ask(desk, thread, outcome)
    for table in tables(await today(desk))[1:]:
        assert table.rows == ((NOBODY, "2", "0", "2", "100.0%", "1", "33.3%", "0", "—", "0"),)
        assert "未归类" in table.note and "不作猜测" in table.note
