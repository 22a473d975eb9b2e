"""The tickets as staff look for them: queues, what somebody may see, pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from store.database import Database
from tests.tickets.test_tickets import DRAFT, MONDAY, opened
from tickets.life import Doing, Rules, take
from tickets.lists import Load, Queue, Sight, Wanted, counts, of_thread, page, seen, threads_of, workload
from tickets.models import Ticket
from tickets.states import MOVE_OF, State, Step

EVERYTHING = Sight("boss", confidential=True)
HANDLER = Sight("zhang", department="water", handles="water")


async def moved(database: Database, ticket: Ticket, *steps: Step, by: str = "zhang") -> None:
    for step in steps:
        async with database.write() as session:
            row = await session.get_one(Ticket, ticket.id)
            actor = sorted(MOVE_OF[step].actors)[0]
            doing = Doing(by, actor, MONDAY + timedelta(hours=1), "理由", department="water", text="好")
            await take(session, row, step, doing, Rules())


async def numbers(
    database: Database, queue: Queue, sight: Sight = EVERYTHING, wanted: Wanted | None = None, later: int = 0
) -> list[str]:
    async with database.read() as session:
        rows = await page(session, queue, sight, wanted or Wanted(), now=MONDAY + timedelta(days=later))
    return [row.ticket.number[-4:].lstrip("0") for row in rows]


async def test_a_ticket_stands_in_the_queue_of_what_is_to_be_done(database: Database) -> None:
    ticket = await opened(database, 1)
    for step, queue in (
        (None, Queue.ACCEPT), (Step.ACCEPTED, Queue.DISPATCH), (Step.DISPATCHED, Queue.SIGN), (Step.SIGNED, Queue.HANDLE),
        (Step.DRAFTED, Queue.REVIEW),
    ):  # fmt: skip
        if step:
            await moved(database, ticket, step)
        for other in set(Queue) - {Queue.STUCK, Queue.OVERDUE, Queue.SUPERVISED, Queue.APPROVE, Queue.ALL}:
            assert bool(await numbers(database, other)) is (other is queue), (step, other)
    assert await numbers(database, Queue.ALL) == ["1"]


async def test_every_state_that_somebody_has_to_act_on_has_a_queue(database: Database) -> None:
    ticket = await opened(database, 1)
    idle = {State.REFUSED, State.ANSWERED, State.CLOSED, State.WITHDRAWN, State.TERMINATED, State.ARCHIVED}
    for state in set(State) - idle:
        async with database.write() as session:
            (await session.get_one(Ticket, ticket.id)).state = state
        async with database.read() as session:
            found = await counts(session, EVERYTHING, now=MONDAY, queues=list(Queue))
        assert sum(found[queue] for queue in set(Queue) - {Queue.ALL}) == 1, state


async def test_what_waits_for_a_second_person_is_to_be_approved(database: Database) -> None:
    await moved(database, await opened(database, 1), Step.REFUSAL_ASKED)
    await opened(database, 2)
    assert await numbers(database, Queue.APPROVE) == ["1"]


async def test_what_is_late_is_overdue_and_what_is_first_due_is_told(database: Database) -> None:
    await moved(database, await opened(database, 1), Step.ACCEPTED)
    await opened(database, 2)
    assert await numbers(database, Queue.OVERDUE) == []
    assert await numbers(database, Queue.OVERDUE, later=2) == ["1"]
    assert await numbers(database, Queue.OVERDUE, later=4) == ["2", "1"]
    async with database.read() as session:
        rows = await page(session, Queue.ALL, EVERYTHING, Wanted(), now=MONDAY)
    assert [row.due.timed if row.due else None for row in rows] == ["decide", "dispatch"]


async def test_a_handler_sees_only_the_own_department(database: Database) -> None:
    await moved(database, await opened(database, 1), Step.ACCEPTED, Step.DISPATCHED)
    await opened(database, 2)
    assert await numbers(database, Queue.ALL, HANDLER) == ["1"]
    assert await numbers(database, Queue.ALL, replace(HANDLER, department="gas")) == []


async def test_a_confidential_ticket_is_seen_by_who_works_it(database: Database) -> None:
    ticket = await opened(database, 1, draft=replace(DRAFT, confidential=True))
    agent = Sight("agent")
    assert await numbers(database, Queue.ALL, agent) == []
    assert await numbers(database, Queue.ALL, EVERYTHING) == ["1"]
    await moved(database, ticket, Step.ACCEPTED, Step.DISPATCHED)
    assert await numbers(database, Queue.ALL, HANDLER) == ["1"]
    await moved(database, ticket, Step.SIGNED)
    assert await numbers(database, Queue.ALL, HANDLER) == ["1"]
    assert await numbers(database, Queue.ALL, replace(HANDLER, account="li")) == []
    async with database.read() as session:
        assert await seen(session, ticket.number, agent) is None
        assert await of_thread(session, "t", agent) == []
        assert await threads_of(session, ticket.number, agent) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("某某商贸", ["1"]),
        ("pds-20261123-0001", ["1"]),
        ("0000", ["1"]),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("别的", []),
    ],
)
async def test_a_ticket_is_found_by_number_name_and_telephone(
    database: Database, text: str, found: list[str]
) -> None:
    await opened(database, 1)
    assert await numbers(database, Queue.ALL, wanted=Wanted(text=text)) == found


async def test_a_list_is_narrowed(database: Database) -> None:
    await opened(database, 1)
    await opened(database, 2, draft=replace(DRAFT, subject="供气", district="叶县"))
    assert await numbers(database, Queue.ALL, wanted=Wanted(subject="供气")) == ["2"]
    assert await numbers(database, Queue.ALL, wanted=Wanted(district="新华区")) == ["1"]
    assert await numbers(database, Queue.ALL, wanted=Wanted(department="water")) == []


async def test_pages_hold_every_ticket_once(database: Database) -> None:
    for number in range(1, 12):
        await opened(database, number, at=MONDAY + timedelta(minutes=number // 3))
    told: list[str] = []
    place = None
    while True:
        async with database.read() as session:
            rows = await page(session, Queue.ALL, EVERYTHING, Wanted(), now=MONDAY, after=place, limit=4)
        if not rows:
            break
        told += [row.ticket.number for row in rows]
        place = rows[-1].place
    assert len(told) == len(set(told)) == 11


async def test_the_workload_counts_what_somebody_has_in_hand_and_what_of_it_is_late(
    database: Database,
) -> None:
    for number in (1, 2):
        await moved(database, await opened(database, number), Step.ACCEPTED, Step.DISPATCHED)
    await moved(database, await opened(database, 3), Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED)
    await moved(database, await opened(database, 4), Step.ACCEPTED, Step.TERMINATED)
    async with database.read() as session:
        assert await workload(session, MONDAY) == {
            ("water", None): Load(2, 0),
            ("water", "zhang"): Load(1, 0),
        }
        # Not signed for within a working day; there is more time for handling.
        late = await workload(session, MONDAY + timedelta(days=2))
        assert late == {("water", None): Load(2, 2), ("water", "zhang"): Load(1, 0)}
