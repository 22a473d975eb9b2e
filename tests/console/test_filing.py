"""From a talk with staff to a ticket, and to the list of questions that nobody could answer."""

from __future__ import annotations

import asyncio
import re
from html import unescape

import pytest
from sqlalchemy import func, select

from conversations.models import Author, Message, NotedQuestion
from desk.desk import Desk
from staff.models import Account
from staff.roles import Role
from tests.console.talks import INBOX, Talks
from tests.console.visit import House, Visit, said
from tests.staff.people import written
from tickets.models import Ticket, TicketEvent

FORM = {
    "kind": "request", "key": "form-0001", "enterprise": "平顶山市瑞丰机械有限公司", "credit_code": "", "contact": "王建国",
    "phone": "13837512345", "district": "新华区", "subject": "供水", "description": "厂里停水三天没有人来修，车间停产了",
    "wanted": "尽快恢复供水", "confidential": "不用保密",
}  # fmt: skip


async def in_hand(talks: Talks, agent: Visit) -> str:
    thread_id = await talks.write("我们是平顶山市瑞丰机械有限公司，停水三天了")
    await talks.write("电话13837512345，在新华区")
    await agent.post(f"{INBOX}/{thread_id}/take")
    return thread_id


async def tickets(desk: Desk) -> list[Ticket]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Ticket).order_by(Ticket.number)))


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"|name="{name}"[^>]*>([^<]*)</textarea>', page)
    assert found, name
    return unescape(found[1] or found[2] or "")


async def test_the_form_is_filled_in_from_the_talk(talks: Talks, agent: Visit, desk: Desk) -> None:
    thread_id = await in_hand(talks, agent)
    assert f'href="{INBOX}/{thread_id}/ticket"' in (await agent.get(f"{INBOX}/{thread_id}")).text
    page = (await agent.get(f"{INBOX}/{thread_id}/ticket")).text
    assert value(page, "enterprise") == "平顶山市瑞丰机械有限公司"
    assert value(page, "phone") == "13837512345"
    assert "停水三天了" in value(page, "description")
    assert '<option value="新华区" selected>' in page and '<option value="供水" selected>' in page
    assert (await written(desk.database))[-1] == "personal_data_revealed"


async def test_a_ticket_is_filed_once_and_the_enterprise_gets_the_receipt(
    talks: Talks, agent: Visit, desk: Desk, wang: Account
) -> None:
    thread_id = await in_hand(talks, agent)
    here = f"{INBOX}/{thread_id}/ticket"
    answers = await asyncio.gather(*(agent.post(here, FORM) for _ in range(4)))
    assert [answer.headers.get("location") for answer in answers] == [f"{INBOX}/{thread_id}?said=filed"] * 4
    (ticket,) = await tickets(desk)
    assert (ticket.enterprise, ticket.phone, ticket.thread_id) == (
        FORM["enterprise"],
        "+8613837512345",
        thread_id,
    )
    async with desk.database.read() as session:
        event = (await session.scalars(select(TicketEvent))).one()
        receipts = list(await session.scalars(select(Message).where(Message.author == Author.SYSTEM)))
    assert (event.by, event.step) == (wang.id, "submitted")
    assert len(receipts) == 1 and ticket.number in receipts[0].text and "代为登记" in receipts[0].text
    assert (await written(desk.database))[-1] == "ticket_filed"


async def test_other_words_under_the_same_form_are_told_and_kept(
    talks: Talks, agent: Visit, desk: Desk
) -> None:
    thread_id = await in_hand(talks, agent)
    here = f"{INBOX}/{thread_id}/ticket"
    await agent.post(here, FORM)
    page = await agent.post(here, {**FORM, "wanted": "赔偿停产损失"})
    assert page.status_code == 409 and "PDS-20261123-0001" in said(page)
    assert value(page.text, "wanted") == "赔偿停产损失" and value(page.text, "key") != FORM["key"]
    await agent.post(here, {**FORM, "wanted": "赔偿停产损失", "key": value(page.text, "key")})
    assert len(await tickets(desk)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"enterprise": ""}, {"phone": "123"}, {"credit_code": "123"}, {"description": "短"}, {"district": "北京"},
        {"description": "长" * 2001}, {"kind": ""}, {"kind": "x"}, {"key": ""}, {"wanted": "<script>" * 400},
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_and_nothing_is_filed(
    wrong: dict[str, str], talks: Talks, agent: Visit, desk: Desk
) -> None:
    thread_id = await in_hand(talks, agent)
    page = await agent.post(f"{INBOX}/{thread_id}/ticket", {**FORM, **wrong})
    assert page.status_code == 422 and said(page) and "<script><script>" not in page.text
    assert await tickets(desk) == [] and "王建国" in page.text


async def test_only_who_has_the_thread_files(talks: Talks, agent: Visit, house: House, desk: Desk) -> None:
    thread_id = await in_hand(talks, agent)
    other = await house.member("li.si", Role.AGENT)
    page = await other.post(f"{INBOX}/{thread_id}/ticket", FORM)
    assert page.status_code == 409 and "姓名wang.wu" in said(page) and await tickets(desk) == []
    assert (await other.get(f"{INBOX}/nowhere/ticket")).status_code == 404
    assert (await other.post(f"{INBOX}/nowhere/ticket", FORM)).status_code == 404


async def test_a_confidential_ticket_is_closed_to_its_agent_afterwards(talks: Talks, agent: Visit) -> None:
    thread_id = await in_hand(talks, agent)
    await agent.post(f"{INBOX}/{thread_id}/ticket", {**FORM, "confidential": "保密"})
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "PDS-" not in page and "此处为保密诉求的内容" in page


async def question(talks: Talks, desk: Desk, text: str) -> tuple[str, int]:
    thread_id = await talks.write(text)
    async with desk.database.read() as session:
        statement = select(func.max(Message.id)).where(Message.author == Author.PERSON)
        return thread_id, await session.scalar(statement) or 0


async def test_a_question_is_noted_once_without_names_and_numbers(
    talks: Talks, agent: Visit, desk: Desk, wang: Account
) -> None:
    thread_id, message = await question(talks, desk, "王建国问临时用水能报吗，电话13837512345")
    await talks.ticket(thread_id)
    here = f"{INBOX}/{thread_id}/question/{message}"
    page = (await agent.get(here)).text
    assert "临时用水能报吗" in page and "13837512345" not in page and "王建国" not in page
    fields = {"text": "王建国问临时用水能报吗", "reason": "知识库里没有"}
    answers = [await agent.post(here, fields) for _ in range(2)]
    assert [answer.headers["location"].rpartition("=")[2] for answer in answers] == [
        "question",
        "question-known",
    ]
    async with desk.database.read() as session:
        row = (await session.scalars(select(NotedQuestion))).one()
    assert (row.thread_id, row.message_id, row.text, row.reason, row.noted_by) == (
        thread_id, message, "＊＊问临时用水能报吗", "知识库里没有", wang.id,
    )  # fmt: skip
    assert (await written(desk.database))[-1] == "question_noted"


async def test_what_is_no_question_of_the_thread_is_not_noted(talks: Talks, agent: Visit, desk: Desk) -> None:
    thread_id, message = await question(talks, desk, "临时用水能报吗")
    other = await talks.write("别的事", sender="b")
    fields = {"text": "问题", "reason": "其他"}
    for thread, wanted in ((other, message), (thread_id, message + 1), (thread_id, 0), (thread_id, "9" * 40)):
        assert (await agent.post(f"{INBOX}/{thread}/question/{wanted}", fields)).status_code == 404
    here = f"{INBOX}/{thread_id}/question/{message}"
    for wrong in ({"text": " "}, {"text": "长" * 501}, {"reason": ""}, {"reason": "随便"}):
        page = await agent.post(here, {**fields, **wrong})
        assert page.status_code == 422 and said(page)
