"""A ticket is opened once, numbered in order, and everything that happens to it is added to its history."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from store.clock import CITY_ZONE
from store.database import Database
from store.ids import new_id
from tickets.errors import NotHere
from tickets.life import ENTERPRISE, Doing, Rules, take
from tickets.models import Kind, Ticket, TicketEvent
from tickets.states import Actor, State, Step
from tickets.tickets import (
    Draft,
    by_number,
    events,
    of_people,
    open_ticket,
    ticket_number,
    urged_since,
)

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=CITY_ZONE)
DRAFT = Draft(
    kind=Kind.COMPLAINT, enterprise="平顶山某某商贸有限公司", credit_code=None, contact="李经理", phone="+8613800000000",
    district="新华区", subject="供水", description="停水三天没有人管", wanted="尽快恢复", confidential=False,
)  # fmt: skip


async def opened(
    database: Database,
    confirmed_by: int,
    *,
    at: datetime = MONDAY,
    person_id: str = "p",
    draft: Draft = DRAFT,
) -> Ticket:
    async with database.write() as session:
        return await open_ticket(
            session, draft, prefix="PDS", person_id=person_id, thread_id="t", confirmed_by=confirmed_by, at=at,
            new_id=new_id,
        )  # fmt: skip


async def step(
    database: Database, number: str, what: Step, message_id: int, note: str = "", hours: int = 1
) -> None:
    async with database.write() as session:
        ticket = await by_number(session, number)
        assert ticket is not None
        at = MONDAY + timedelta(hours=hours)
        await take(session, ticket, what, Doing(ENTERPRISE, Actor.ENTERPRISE, at, note, message_id), Rules())


async def history(database: Database, ticket: Ticket) -> list[TicketEvent]:
    async with database.read() as session:
        return list(await events(session, ticket.id))


async def test_a_ticket_holds_what_was_confirmed(database: Database) -> None:
    await opened(database, 1, draft=replace(DRAFT, credit_code="91410400MA3X00000X", confidential=True))
    async with database.read() as session:
        ticket = await by_number(session, "PDS-20261123-0001")
    assert ticket is not None
    assert (ticket.kind, ticket.state, ticket.submitted_at) == (Kind.COMPLAINT, State.SUBMITTED, MONDAY)
    assert (ticket.enterprise, ticket.contact, ticket.phone) == (DRAFT.enterprise, DRAFT.contact, DRAFT.phone)
    assert (ticket.credit_code, ticket.confidential) == ("91410400MA3X00000X", True)
    assert (ticket.district, ticket.subject) == (DRAFT.district, DRAFT.subject)
    assert (ticket.description, ticket.wanted) == (DRAFT.description, DRAFT.wanted)


async def test_one_confirmation_opens_one_ticket(database: Database) -> None:
    first = await opened(database, 7)
    second = await opened(database, 7, at=MONDAY + timedelta(days=1))
    assert (second.id, second.number, second.submitted_at) == (first.id, first.number, first.submitted_at)
    assert [event.step for event in await history(database, first)] == [Step.SUBMITTED]


async def test_one_confirmation_opens_one_ticket_however_many_ask_at_once(database: Database) -> None:
    tickets = await asyncio.gather(*(opened(database, 7) for _ in range(8)))
    assert len({ticket.id for ticket in tickets}) == 1
    assert len(await history(database, tickets[0])) == 1


async def test_twenty_tickets_at_once_get_twenty_serials(database: Database) -> None:
    tickets = await asyncio.gather(*(opened(database, n) for n in range(1, 21)))
    assert sorted(ticket.number for ticket in tickets) == [f"PDS-20261123-{n:04}" for n in range(1, 21)]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 20


async def test_serials_begin_anew_with_the_citys_day(database: Database) -> None:
    before = await opened(database, 1, at=datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC))
    after = await opened(database, 2, at=datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC))
    assert (before.number, after.number) == ("PDS-20261123-0001", "PDS-20261124-0001")


async def test_a_ticket_undone_leaves_its_serial_to_the_next(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.write() as session:
            await open_ticket(
                session,
                DRAFT,
                prefix="PDS",
                person_id="p",
                thread_id="t",
                confirmed_by=1,
                at=MONDAY,
                new_id=new_id,
            )
            raise LookupError
    assert (await opened(database, 2)).number == "PDS-20261123-0001"


@pytest.mark.parametrize(
    ("serial", "number"),
    [(1, "PDS-20260102-0001"), (9999, "PDS-20260102-9999"), (10000, "PDS-20260102-10000")],
)
def test_a_number_is_prefix_day_and_serial(serial: int, number: str) -> None:
    assert ticket_number("PDS", date(2026, 1, 2), serial) == number


@pytest.mark.parametrize(
    ("submitted", "enter_by", "decide_by"),
    [
        (date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 26)),
        (date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 25)),
        (date(2026, 9, 30), date(2026, 10, 8), date(2026, 10, 10)),
        (date(2026, 10, 3), date(2026, 10, 8), date(2026, 10, 10)),
    ],
)
async def test_the_promise_counts_working_days(
    submitted: date, enter_by: date, decide_by: date, database: Database
) -> None:
    at = datetime(submitted.year, submitted.month, submitted.day, 9, 0, tzinfo=CITY_ZONE)
    ticket = await opened(database, 1, at=at)
    assert (ticket.enter_by, ticket.decide_by) == (enter_by, decide_by)


async def test_the_promise_counts_from_the_citys_day(database: Database) -> None:
    ticket = await opened(database, 1, at=datetime(2026, 11, 23, 17, 0, tzinfo=UTC))
    assert ticket.enter_by == date(2026, 11, 25)


async def test_the_history_is_kept_in_order(database: Database) -> None:
    ticket = await opened(database, 1)
    await step(database, ticket.number, Step.SUPPLEMENTED, 2, "还有一点")
    await step(database, ticket.number, Step.URGED, 3)
    await step(database, ticket.number, Step.WITHDRAWN, 4)
    told = [(e.step, e.note, e.message_id, e.before, e.after) for e in await history(database, ticket)]
    assert told == [
        (Step.SUBMITTED, "", 1, None, State.SUBMITTED),
        (Step.SUPPLEMENTED, "还有一点", 2, State.SUBMITTED, State.SUBMITTED),
        (Step.URGED, "", 3, State.SUBMITTED, State.SUBMITTED),
        (Step.WITHDRAWN, "", 4, State.SUBMITTED, State.WITHDRAWN),
    ]


@pytest.mark.parametrize("what", [Step.URGED, Step.SUPPLEMENTED, Step.WITHDRAWN])
async def test_a_repeated_message_adds_nothing(what: Step, database: Database) -> None:
    ticket = await opened(database, 1)
    await step(database, ticket.number, what, 2)
    await step(database, ticket.number, what, 2)
    assert [event.step for event in await history(database, ticket)] == [Step.SUBMITTED, what]


@pytest.mark.parametrize("what", [Step.URGED, Step.SUPPLEMENTED, Step.WITHDRAWN])
async def test_a_withdrawn_ticket_takes_nothing_more(what: Step, database: Database) -> None:
    ticket = await opened(database, 1)
    await step(database, ticket.number, Step.WITHDRAWN, 2)
    with pytest.raises(NotHere, match=ticket.number):
        await step(database, ticket.number, what, 3)
    assert len(await history(database, ticket)) == 2


async def test_a_ticket_is_urged_since_the_moment_of_its_urging(database: Database) -> None:
    ticket = await opened(database, 1)
    await step(database, ticket.number, Step.URGED, 2, hours=3)
    async with database.read() as session:
        assert await urged_since(session, ticket.id, MONDAY + timedelta(hours=3))
        assert not await urged_since(session, ticket.id, MONDAY + timedelta(hours=3, seconds=1))


async def test_a_supplement_is_no_urging(database: Database) -> None:
    ticket = await opened(database, 1)
    await step(database, ticket.number, Step.SUPPLEMENTED, 2)
    async with database.read() as session:
        assert not await urged_since(session, ticket.id, MONDAY)


async def test_a_person_sees_their_own_tickets_the_newest_first(database: Database) -> None:
    for n in range(1, 8):
        await opened(database, n, at=MONDAY + timedelta(minutes=n))
    await opened(database, 99, person_id="somebody else", at=MONDAY + timedelta(hours=1))
    async with database.read() as session:
        found = [ticket.confirmed_by for ticket in await of_people(session, ["p"])]
    assert found == [7, 6, 5, 4, 3]


async def test_no_ticket_has_a_number_that_was_not_given_out(database: Database) -> None:
    await opened(database, 1)
    async with database.read() as session:
        assert await by_number(session, "PDS-20261123-0002") is None
