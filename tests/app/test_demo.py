"""Made-up data: what the tables say of them agrees, and the product goes on from there."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import func, select

from app.demo.seed import is_used, seed
from app.demo.surroundings import Size, Surroundings
from conversations.models import Message, Question, Rating, Thread
from desk.city import PINGDINGSHAN
from desk.desk import Desk
from desk.receive import receive
from desk.values import InboundMessage
from knowledge.article import Article
from store.database import Database
from store.workdays import ANNOUNCED
from tests.fakes import HandClock
from tickets.clocks import CHANGES, Change
from tickets.limits import TimeLimits
from tickets.models import Rectification, RectificationEvent, Ticket, TicketClock, TicketEvent
from tickets.rectification_states import CASE_CLOSED, CASE_MOVE_OF
from tickets.states import MOVE_OF, OPEN, State, Step

SIZE = Size(tickets=120, messages=600)


def around(articles: dict[str, Article], clock: HandClock) -> Surroundings:
    return Surroundings(
        city=PINGDINGSHAN,
        articles=list(articles.values()),
        calendar=ANNOUNCED,
        limits=TimeLimits(),
        now=clock(),
        chance=random.Random(1),
    )


async def test_every_ticket_came_where_it_stands_by_steps_of_the_table(
    database: Database, articles: dict[str, Article], clock: HandClock
) -> None:
    await seed(database, SIZE, around(articles, clock), lambda _: None)
    async with database.read() as session:
        tickets = (await session.scalars(select(Ticket))).all()
        events = (await session.scalars(select(TicketEvent).order_by(TicketEvent.id))).all()
        clocks = (await session.scalars(select(TicketClock))).all()
        assert await session.scalar(select(func.count()).select_from(Message)) == SIZE.messages
    assert len(tickets) == SIZE.tickets
    assert len({ticket.number for ticket in tickets}) == SIZE.tickets
    assert len({ticket.state for ticket in tickets}) >= 5
    for ticket in tickets:
        own = [event for event in events if event.ticket_id == ticket.id]
        running = {clock.timed for clock in clocks if clock.ticket_id == ticket.id and not clock.ended_at}
        assert own[-1].after == ticket.state
        for before, event in pairwise(own):
            assert event.before == before.after
            assert before.after in MOVE_OF[event.step].before
            assert before.at < event.at <= clock()
        started = {
            timed
            for event in own
            for change, which in CHANGES.get(event.step, ())
            for timed in which
            if change is Change.START
        }
        assert running <= started
        if ticket.state in OPEN:
            assert running
        if ticket.state is State.ARCHIVED:
            assert not running
    assert {Step.SUBMITTED, Step.RELEASED, Step.ARCHIVED} <= {event.step for event in events}


async def test_bad_ratings_were_worked_off_by_steps_of_their_table(
    database: Database, articles: dict[str, Article], clock: HandClock
) -> None:
    await seed(database, Size(tickets=400, messages=600), around(articles, clock), lambda _: None)
    async with database.read() as session:
        ratings = (await session.scalars(select(Rating))).all()
        cases = (await session.scalars(select(Rectification))).all()
        events = (await session.scalars(select(RectificationEvent).order_by(RectificationEvent.id))).all()
        unknown = await session.scalar(select(func.count()).where(Question.outcome == "unknown"))
    assert {rating.level for rating in ratings} == {1, 2, 3, 4, 5}
    assert {case.rating_id for case in cases} == {rating.id for rating in ratings if (rating.level or 0) <= 2}
    assert cases
    for case in cases:
        own = [event for event in events if event.rectification_id == case.id]
        assert own[-1].after == case.state
        assert (case.closed_at is not None) == (case.state in CASE_CLOSED)
        for before, event in pairwise(own):
            assert before.after in CASE_MOVE_OF[event.step].before
            assert before.at < event.at <= clock()
    assert unknown


async def test_the_same_chance_makes_the_same(
    database: Database, other_database: Database, articles: dict[str, Article], clock: HandClock
) -> None:
    found = []
    for one in (database, other_database):
        await seed(one, SIZE, around(articles, clock), lambda _: None)
        async with one.read() as session:
            rows = await session.execute(select(Ticket.number, Ticket.id, Ticket.state).order_by(Ticket.id))
            found.append([tuple(row) for row in rows])
    assert found[0] == found[1]


async def test_people_write_on_where_the_made_up_ends(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    async with desk.database.read() as session:
        assert not await is_used(session)
    await seed(desk.database, SIZE, around(articles, clock), lambda _: None)
    async with desk.database.read() as session:
        assert await is_used(session)
        last = await session.scalar(select(func.max(Message.id)))
        newest = await session.scalar(select(func.max(Thread.last_message_at)))
    assert newest is not None
    assert newest <= clock() + timedelta(seconds=1)
    received = await receive(desk, InboundMessage("web", "new", "somebody", "您好", clock()))
    assert received.message_id == (last or 0) + 1
