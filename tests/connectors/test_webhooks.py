"""What happens is pushed to a real receiver, which fails in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk.announcing import announce_articles, announce_step
from desk.desk import Desk
from desk.pushing import Pusher, push_due
from desk.ratings import rate
from desk.systems import (
    SwitchedOff,
    resend_delivery,
    send_test,
    switch_subscription,
)
from staff.actors import COMMAND_LINE
from staff.models import AuditEntry
from systems import pushes
from systems.models import Push
from tests.connectors.receiving import ENDLESS, HANG_UP, answer
from tests.connectors.webhook_line import WEEK, Line, connected
from tests.console.test_plans import asked, whole_tables
from tests.fakes import HandClock
from tests.systems.filing import accept, dispatch, file
from tickets.states import Step


@pytest.fixture
async def line(desk: Desk) -> AsyncIterator[Line]:
    """Another system that listens."""
    async with connected(desk) as line:
        yield line


async def test_what_happens_to_a_ticket_arrives_in_order(line: Line) -> None:
    await line.subscribe()
    ticket = await file(line.desk)
    await accept(line.desk, ticket)
    await dispatch(line.desk, ticket)
    await line.push()
    assert line.receiver.told() == ["ticket.submitted", "ticket.accepted", "ticket.dispatched"]
    last = line.receiver.received[-1].event["data"]
    assert (last["number"], last["state"], last["department"]) == (ticket.number, "dispatched", "water")
    assert set(await line.states()) == {Push.SENT}
    everything = b"".join(one.body for one in line.receiver.received).decode()
    assert not [word for word in ("某某商贸", "李经理", "13800001234", "停水") if word in everything]


async def test_only_what_was_asked_for_is_pushed(line: Line) -> None:
    await line.subscribe("ticket.accepted")
    ticket = await file(line.desk)
    await accept(line.desk, ticket)
    await file(line.desk, 2)
    await line.push()
    assert line.receiver.told() == ["ticket.accepted"]


async def test_confidential_tickets_are_told_to_those_alone_who_may_know(line: Line) -> None:
    await line.subscribe()
    await file(line.desk, confidential="是")
    await line.push()
    assert line.receiver.told() == []
    await line.subscribe(name="信访", confidential=True)
    await file(line.desk, 2, confidential="是")
    await line.push()
    assert line.receiver.told() == ["ticket.submitted"]


async def test_articles_and_ratings_are_told(line: Line) -> None:
    await line.subscribe("article.published", "rating.given")
    ticket = await file(line.desk)
    assert ticket.thread_id is not None
    for words in ("满意", "满意", "基本满意"):
        await rate(line.desk, ticket.thread_id, words)
    await line.push()
    assert [one.event["data"]["level"] for one in line.receiver.received] == [4, 3]


async def test_a_published_article_is_told(line: Line, articles: dict[str, object], desk: Desk) -> None:
    await line.subscribe("article.published")
    article = articles["water-price"]
    async with desk.database.write() as session:
        await announce_articles(session, [article], at=desk.clock(), new_id=desk.new_id)  # type: ignore[list-item]
    await line.push()
    assert line.receiver.received[0].event["data"]["key"] == "water-price"


async def test_what_is_undone_is_told_to_nobody(line: Line) -> None:
    await line.subscribe()
    ticket = await file(line.desk)
    with pytest.raises(RuntimeError):
        async with line.desk.database.write() as session:
            await announce_step(line.desk, session, ticket, Step.ACCEPTED, line.desk.clock())
            raise RuntimeError
    await line.push()
    assert line.receiver.told() == ["ticket.submitted"]


async def test_a_complaint_confirmed_twice_is_told_once(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    await file(line.desk)
    await line.push()
    assert line.receiver.told() == ["ticket.submitted"]


@pytest.mark.parametrize(
    "said",
    [
        answer(500, body="出错"),
        answer(404),
        answer(302, "Location: http://127.0.0.1:1/elsewhere"),
        answer(308, "Location: /hooks"),
        HANG_UP,
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    ],
)
async def test_what_did_not_arrive_is_pushed_again_under_the_same_id(said: bytes | None, line: Line) -> None:
    await line.subscribe()
    ticket = await file(line.desk)
    await accept(line.desk, ticket)
    line.receiver.answers = [said]
    await line.push()
    assert line.receiver.told() == ["ticket.submitted"]
    assert await line.states() == [Push.PENDING, Push.PENDING]
    assert (await line.subscription()).failing_since is not None
    await line.later(timedelta(seconds=4))
    assert len(line.receiver.received) == 1
    await line.later(timedelta(seconds=1))
    assert line.receiver.told() == ["ticket.submitted", "ticket.submitted", "ticket.accepted"]
    assert len({one.headers["webhook-id"] for one in line.receiver.received}) == 2
    assert (await line.subscription()).failing_since is None


async def test_a_ticket_that_waits_holds_up_no_other(line: Line) -> None:
    await line.subscribe()
    first = await file(line.desk)
    line.receiver.answers = [answer(500)]
    await line.push()
    await accept(line.desk, first)
    await file(line.desk, 2)
    await line.push()
    assert [one.event["data"]["number"][-4:] for one in line.receiver.received] == ["0001", "0002"]


async def test_an_endless_body_is_not_read_to_its_end(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    line.receiver.answers = [ENDLESS]
    await line.push()
    row = (await line.deliveries())[0]
    assert (row.state, row.status, len(row.answer)) == (Push.SENT, 200, 300)


async def test_a_receiver_that_does_not_answer_is_not_waited_for(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.pushing.PUSH_SECONDS", 0.2)
    await line.subscribe()
    await file(line.desk)
    line.receiver.hold = asyncio.Event()
    await line.push()
    row = (await line.deliveries())[0]
    assert (row.state, row.attempts, row.status) == (Push.PENDING, 1, None)
    line.receiver.hold = None
    await line.later(timedelta(seconds=5))
    assert await line.states() == [Push.SENT]


async def test_gone_switches_the_subscription_off(line: Line) -> None:
    await line.subscribe()
    ticket = await file(line.desk)
    await accept(line.desk, ticket)
    line.receiver.answers = [answer(410)]
    await line.push()
    row = await line.subscription()
    assert row.off_at is not None and "410" in row.off_reason
    assert await line.states() == [Push.FAILED, Push.PENDING]
    await file(line.desk, 2)
    assert len(await line.deliveries()) == 2
    await line.later(WEEK)
    assert len(line.receiver.received) == 1
    with pytest.raises(SwitchedOff):
        await send_test(line.desk, line.id)
    await switch_subscription(line.desk, COMMAND_LINE, line.id, on=True)
    await line.push()
    assert line.receiver.told() == ["ticket.submitted", "ticket.accepted"]
    assert await noted(line.desk) == ["webhook_added", "webhook_switched_off", "webhook_switched_on"]


async def test_after_days_without_success_it_is_switched_off_and_admins_see_why(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    line.receiver.answers = [answer(500)] * 100
    await line.push()
    for _ in range(6):
        await line.later(timedelta(days=1))
    row = await line.subscription()
    assert row.off_at is not None and "连续 5 天" in row.off_reason
    assert await noted(line.desk) == ["webhook_added", "webhook_switched_off"]


async def test_one_event_that_is_never_taken_is_given_up_after_a_week(line: Line) -> None:
    await line.subscribe()
    number = (await file(line.desk)).number
    for day in range(8):
        line.receiver.answers = [answer(500)]
        await line.later(timedelta(days=1) if day else timedelta())
        await file(line.desk, day + 2)  # others arrive, so that the subscription is not switched off
        await line.push()
    assert (await line.states())[0] is Push.FAILED
    assert (await line.subscription()).off_at is None
    assert await resend_delivery(line.desk, COMMAND_LINE, line.id, "1")
    await line.push()
    assert (await line.states())[0] is Push.SENT
    tries = [one for one in line.receiver.received if one.event["data"]["number"] == number]
    assert len(tries) == 9
    assert len({one.headers["webhook-id"] for one in tries}) == 1


async def test_who_asks_to_wait_is_left_alone_so_long(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    await file(line.desk, 2)
    line.receiver.answers = [answer(429, "Retry-After: 120"), answer(503, "Retry-After: 120")]
    await line.push()
    count = len(line.receiver.received)
    await line.later(timedelta(seconds=119))
    assert len(line.receiver.received) == count
    await line.later(timedelta(seconds=1))
    assert set(await line.states()) == {Push.SENT}


async def test_what_died_with_its_process_is_pushed_again_under_the_same_id(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    await line.pusher.round()
    while not line.receiver.received:
        await asyncio.sleep(0.01)
    # It arrived, and the process dies before that is written down.
    successor = Pusher(line.desk, line.pusher.posting, line.pusher.jitter)
    await push_due(successor)
    assert len(line.receiver.received) == 1
    assert isinstance(line.desk.clock, HandClock)
    line.desk.clock.advance(timedelta(seconds=61))
    await push_due(successor)
    assert len({one.headers["webhook-id"] for one in line.receiver.received}) == 1
    assert len(line.receiver.received) == 2
    await line.pusher.close()  # its word comes too late
    row = (await line.deliveries())[0]
    assert (row.state, row.attempts) == (Push.SENT, 2)


async def test_what_is_under_way_when_the_product_ends_is_no_failure(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    line.receiver.hold = asyncio.Event()
    await line.pusher.round()
    while not line.receiver.received:
        await asyncio.sleep(0.01)
    await line.pusher.close()
    row = (await line.deliveries())[0]
    assert (row.state, row.attempts) == (Push.PENDING, 0)
    assert (await line.subscription()).failing_since is None
    line.receiver.hold = None
    await line.push()
    assert await line.states() == [Push.SENT]


async def test_several_processes_push_each_event_once_and_in_order(line: Line) -> None:
    await line.subscribe()
    for number in range(1, 7):
        ticket = await file(line.desk, number)
        await accept(line.desk, ticket)
        await dispatch(line.desk, ticket)
    pushers = [Pusher(line.desk, line.pusher.posting, line.pusher.jitter) for _ in range(3)]
    for _ in range(20):
        await asyncio.gather(*(push_due(pusher) for pusher in pushers))
        if set(await line.states()) == {Push.SENT}:
            break
    assert len(line.receiver.received) == 18
    told: dict[str, list[str]] = {}
    for one in line.receiver.received:
        told.setdefault(one.event["data"]["number"], []).append(one.event["type"])
    assert set(map(tuple, told.values())) == {("ticket.submitted", "ticket.accepted", "ticket.dispatched")}


async def test_what_is_due_is_found_by_an_index(line: Line) -> None:
    await line.subscribe()
    await file(line.desk)
    with asked(line.desk.database) as statements:
        await line.push()
        async with line.desk.database.read() as session:
            await pushes.deliveries(session, line.id, before=7, limit=50)
            await pushes.unsent_counts(session)
    assert line.receiver.told() == ["ticket.submitted"]
    plans = [await whole_tables(line.desk.database, *statement) for statement in statements]
    assert plans and "webhook_deliveries" not in set().union(*plans)


async def test_a_test_event_is_pushed_and_no_secret_is_written_anywhere(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await line.subscribe("article.published")
    await send_test(line.desk, line.id)
    line.receiver.answers = [answer(500)]
    await line.push()
    await line.later(timedelta(seconds=5))
    assert line.receiver.told() == ["webhook.test"] * 2
    async with line.desk.database.read() as session:
        details = [str(entry.detail) for entry in await session.scalars(select(AuditEntry))]
    row = await line.subscription()
    written = " ".join([*details, caplog.text.replace(row.url, ""), row.secret_check])
    assert line.secret.removeprefix("whsec_")[:20] not in written
    assert "geheim" not in " ".join(details)


async def noted(desk: Desk) -> list[str]:
    """The actions of the audit log, in order."""
    async with desk.database.read() as session:
        return list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
