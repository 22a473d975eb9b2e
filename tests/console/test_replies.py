"""What staff write in a thread, and what becomes of it: nothing is lost, nothing is sent twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from conversations.models import Author, Delivery, Message
from desk.delivery import deliver
from desk.desk import Desk
from desk.takeover import take_over
from staff.models import Account, StaffSession
from staff.roles import Role
from tests.console.talks import INBOX, Talks
from tests.console.visit import House, Visit, said
from tests.fakes import HandClock, ScriptedChannel
from tests.staff.people import employ, written
from tickets.models import Ticket


async def ours(desk: Desk, thread_id: str, author: Author = Author.STAFF) -> list[str]:
    async with desk.database.read() as session:
        rows = await session.scalars(
            select(Message.text)
            .where(Message.thread_id == thread_id, Message.author == author)
            .order_by(Message.id)
        )
        return list(rows)


async def test_other_words_under_a_used_key_are_sent_too(talks: Talks, agent: Visit, desk: Desk) -> None:
    thread_id = await talks.waiting()
    await agent.post(f"{INBOX}/{thread_id}/take")
    for text in ("您好", "您好", "您好，我改了一下", " 您好"):
        answer = await agent.post(f"{INBOX}/{thread_id}/reply", {"text": text, "key": "form-0001"})
        assert answer.status_code == 303
    assert await ours(desk, thread_id) == ["您好", "您好，我改了一下"]


async def test_what_the_browser_reports_by_itself_keeps_no_session_awake(
    talks: Talks, agent: Visit, desk: Desk, clock: HandClock
) -> None:
    thread_id = await talks.waiting()
    clock.advance(timedelta(minutes=40))
    message = str(await talks.last(thread_id))
    assert (await agent.post(f"{INBOX}/{thread_id}/seen", {"message": message})).status_code == 204
    assert (await talks.thread(thread_id)).staff_seen == int(message)
    async with desk.database.read() as session:
        seen_at = (await session.scalars(select(StaffSession.seen_at))).one()
    assert seen_at == clock() - timedelta(minutes=40)
    clock.advance(timedelta(minutes=30))
    assert (await agent.post(f"{INBOX}/{thread_id}/seen", {"message": message})).status_code == 401


@pytest.mark.parametrize("message", ["", "0", "-1", "x", "１", "2147483648", "9" * 18, "9" * 5000])
async def test_nobody_has_read_what_is_not_written(message: str, talks: Talks, agent: Visit) -> None:
    thread_id = await talks.waiting()
    before = (await talks.thread(thread_id)).staff_seen
    assert (await agent.post(f"{INBOX}/{thread_id}/seen", {"message": message})).status_code == 204
    assert (await talks.thread(thread_id)).staff_seen == before
    last = await talks.last(thread_id)
    await agent.post(f"{INBOX}/{thread_id}/seen", {"message": str(last + 1)})
    assert (await talks.thread(thread_id)).staff_seen == before


@pytest.mark.parametrize("message", ["0", "x", "2147483648", "9" * 30, "9" * 5000, "１"])
@pytest.mark.parametrize("act", ["resend", "say-instead"])
async def test_an_id_that_no_message_can_have_is_refused_with_a_sentence(
    act: str, message: str, talks: Talks, agent: Visit
) -> None:
    thread_id = await talks.waiting()
    await agent.post(f"{INBOX}/{thread_id}/take")
    page = await agent.post(f"{INBOX}/{thread_id}/{act}/{message}")
    assert page.status_code == 409 and "没有重发" in said(page)


@pytest.mark.parametrize(
    "after",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+00:00",
        "2026-11-23",
        "x",
    ],
)
async def test_a_place_at_the_edge_of_all_days_is_no_fault(after: str, house: House) -> None:
    visit = await house.member("all", Role.AGENT, Role.DISPATCHER)
    for path in (
        f"{INBOX}?view=all&after={after.replace('+', '%2B')}_x",
        f"/console/tickets?queue=all&after={after.replace('+', '%2B')}~x",
        f"/console/events?view=all&after={'9' * 18}-{'9' * 18}",
        f"{INBOX}/nowhere?before={'9' * 18}",
    ):
        assert (await visit.get(path)).status_code in (200, 404, 422), path


async def test_the_bots_words_are_not_sent_again_while_staff_speak_but_as_their_own(
    talks: Talks, agent: Visit, desk: Desk, wang: Account, house: House
) -> None:
    thread_id = await talks.write("水费怎么交")
    message_id = await talks.last(thread_id, delivery=Delivery.FAILED, reason="拒绝")
    assert "重发</button>" in (await agent.get(f"{INBOX}/{thread_id}")).text
    await take_over(desk, thread_id, wang.id)
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "重发</button>" not in page and "以我的名义发送</button>" in page
    other = await house.member("li.si", Role.AGENT)
    assert "以我的名义发送</button>" not in (await other.get(f"{INBOX}/{thread_id}")).text
    for visit, act in ((agent, "resend"), (other, "resend"), (other, "say-instead")):
        refused = await visit.post(f"{INBOX}/{thread_id}/{act}/{message_id}")
        assert refused.status_code == 409 and said(refused)
    answers = [await agent.post(f"{INBOX}/{thread_id}/say-instead/{message_id}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 409]
    assert await ours(desk, thread_id) == ["echo 水费怎么交"]
    channel = ScriptedChannel()
    await deliver(desk, [channel], lambda: 1.0)
    assert channel.texts() == ["echo 水费怎么交"] and channel.tried[0].by_staff
    assert (await written(desk.database))[-1] == "message_resent"


async def test_a_hand_over_says_who_gave_and_who_got(
    talks: Talks, agent: Visit, house: House, wang: Account
) -> None:
    thread_id = await talks.waiting()
    li = await employ(house.door, "li.si", Role.AGENT)
    await agent.post(f"{INBOX}/{thread_id}/take")
    await agent.post(f"{INBOX}/{thread_id}/hand-over", {"to": li.id})
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "<b>姓名wang.wu</b> 把对话转给姓名li.si" in page
    assert page.count("接入了对话") == 1


async def test_an_erased_persons_ticket_leads_to_no_thread(talks: Talks, house: House, desk: Desk) -> None:
    thread_id = await talks.waiting()
    await talks.ticket(thread_id)
    visit = await house.member("pai", Role.DISPATCHER)
    here = "/console/tickets/PDS-20261123-0001"
    assert f'href="{INBOX}/{thread_id}"' in (await visit.get(here)).text
    async with desk.database.write() as session:
        await session.execute(update(Ticket).values(thread_id=None, person_id=None))
    page = await visit.get(here)
    assert page.status_code == 200 and f"{INBOX}/None" not in page.text and "与企业的对话" not in page.text


async def test_nothing_is_sent_twice_when_two_press_at_once(talks: Talks, agent: Visit, desk: Desk) -> None:
    thread_id = await talks.waiting()
    await agent.post(f"{INBOX}/{thread_id}/take")
    fields = {"text": "您好", "key": "form-0001"}
    answers = await asyncio.gather(*(agent.post(f"{INBOX}/{thread_id}/reply", fields) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {303}
    async with desk.database.read() as session:
        assert await session.scalar(select(func.count()).where(Message.author == Author.STAFF)) == 1
