"""What was said in a form: closed to who may not see its ticket, on every page, in every list and in every stream."""

from __future__ import annotations

import asyncio

import pytest

from console.events import ThreadEvents, inbox_events
from console.routes import Console
from conversations.changes import Mark
from conversations.inbox import View
from conversations.models import Message
from desk.belonging import closed, matters
from desk.desk import Desk
from desk.handoff import hand_off
from desk.parts import reader_of
from desk.receive import receive
from desk.values import InboundMessage, Reply
from staff.roles import Role
from tests.console.intake_talk import CONTACT, OPENING, PHONE, IntakeTalk
from tests.console.test_live import Seconds, console, seconds, stopping  # noqa: F401
from tests.console.visit import House, Visit
from tests.staff.people import employ, enter, written

INBOX = "/console/inbox"
CONFIDENTIAL = "此处为保密诉求的内容，仅经办人员可见"
UNFILED = "此处为登记中的内容，接入这段对话的人可见"


@pytest.fixture
def talk(desk: Desk) -> IntakeTalk:
    return IntakeTalk(desk)


@pytest.fixture
async def agent(house: House) -> Visit:
    return await house.member("wang.wu", Role.AGENT)


async def everything(visit: Visit, talk: IntakeTalk) -> str:
    """All that this member of staff can get to read of the thread: page, revealed page, list and search."""
    here = f"{INBOX}/{talk.thread_id}"
    pages = [
        await visit.get(here), await visit.post(f"{here}/reveal"), await visit.get(f"{INBOX}?view=all"),
        await visit.get(f"{INBOX}?q=投诉"), await visit.get(f"{here}?before=99"),
    ]  # fmt: skip
    return "".join(page.text for page in pages).replace('value="投诉"', "")


def leaks(text: str) -> list[str]:
    words = ("刁难", "王建国", "王＊＊", "13837512345", "瑞丰", "停水三天", "联系人姓名", "PDS-")
    return [word for word in words if word in text]


async def test_a_confidential_complaint_is_read_by_nobody_who_may_not_see_its_ticket(
    talk: IntakeTalk, agent: Visit, house: House
) -> None:
    await talk.file("是")
    assert leaks(await everything(agent, talk)) == []
    page = (await agent.get(f"{INBOX}/{talk.thread_id}")).text
    assert page.count(CONFIDENTIAL) == 10
    assert CONFIDENTIAL in (await agent.get(f"{INBOX}?view=all")).text
    dispatcher = await house.member("zhou", Role.DISPATCHER)
    assert "刁难" in (await dispatcher.get(f"{INBOX}/{talk.thread_id}")).text


@pytest.mark.parametrize("word", ["刁难", "王建国", "13837512345"])
async def test_a_search_does_not_find_by_what_is_closed(
    word: str, talk: IntakeTalk, agent: Visit, house: House
) -> None:
    await talk.file("是")
    dispatcher = await house.member("zhou", Role.DISPATCHER)
    assert f't-{talk.thread_id}"' not in (await agent.get(f"{INBOX}?q={word}")).text
    assert f't-{talk.thread_id}"' in (await dispatcher.get(f"{INBOX}?q={word}")).text


async def test_who_has_taken_the_thread_of_a_confidential_ticket_does_not_read_it_either(
    talk: IntakeTalk, agent: Visit
) -> None:
    await talk.file("是")
    await agent.post(f"{INBOX}/{talk.thread_id}/take")
    assert leaks(await everything(agent, talk)) == []


async def test_a_running_form_is_read_by_who_has_taken_the_thread_and_no_other_agent(
    talk: IntakeTalk, agent: Visit, house: House, desk: Desk
) -> None:
    await talk.open()
    assert leaks(await everything(agent, talk)) == []
    await talk.say("转人工", plain=await hand_off(desk, talk.thread_id))
    await agent.post(f"{INBOX}/{talk.thread_id}/take")
    await talk.say("跟您说实话，是他们刁难我们")
    other = await house.member("li.si", Role.AGENT)
    assert leaks(await everything(other, talk)) == []
    page = (await agent.get(f"{INBOX}/{talk.thread_id}")).text
    assert OPENING in page and "跟您说实话" in page
    assert CONTACT not in page and PHONE not in page and "王＊＊" in page  # masked
    page = (await agent.post(f"{INBOX}/{talk.thread_id}/reveal")).text
    assert CONTACT in page and PHONE in page
    await agent.post(f"{INBOX}/{talk.thread_id}/give-back")
    assert leaks(await everything(agent, talk)) == []


async def test_what_waits_for_its_turn_in_a_form_is_closed_already(
    talk: IntakeTalk, agent: Visit, desk: Desk
) -> None:
    await talk.open()
    await receive(desk, InboundMessage("wechat", "late", "a", "他们刁难我们", desk.clock()))
    assert leaks(await everything(agent, talk)) == []


async def test_a_form_that_was_left_stays_closed_and_the_next_one_does_not_open_it(
    talk: IntakeTalk, agent: Visit
) -> None:
    await talk.open()
    await talk.leave()
    await talk.say("用水报装要什么材料", plain=Reply("请准备材料", outcome="answered", article="x"))
    again = IntakeTalk(talk.desk, said=100)
    await again.file("否")
    page = (await agent.get(f"{INBOX}/{talk.thread_id}")).text
    assert page.count(UNFILED) == 8 and page.count(OPENING) == 1
    assert "用水报装要什么材料" in page


async def test_an_ordinary_complaint_is_read_with_its_persons_masked_until_they_are_asked_for(
    talk: IntakeTalk, agent: Visit, desk: Desk
) -> None:
    await talk.file("否")
    await talk.say("我是王建国，邮箱wang@rf.com，代码91410400MA3X00000X，电话 138 3751 2345", plain=None)
    for path in (f"{INBOX}/{talk.thread_id}", f"{INBOX}?view=all"):
        page = (await agent.get(path)).text
        assert "我是＊＊，邮箱＊＊，代码＊＊，电话 ＊＊" in page
        assert not [
            word for word in ("王建国", "13837512345", "瑞丰", "wang@", "MA3X", "3751") if word in page
        ]
    assert OPENING in (await agent.get(f"{INBOX}/{talk.thread_id}")).text
    page = (await agent.post(f"{INBOX}/{talk.thread_id}/reveal")).text
    assert "wang@rf.com" in page and "138 3751 2345" in page and CONTACT in page
    assert (await written(desk.database))[-1] == "personal_data_revealed"


async def test_what_a_confidential_ticket_brings_later_is_closed_too(
    talk: IntakeTalk, agent: Visit, desk: Desk
) -> None:
    await talk.file("是")
    number = "PDS-20261123-0001"
    await talk.say(
        "补充一下又刁难我们了", plain=Reply(f"补充的内容已记入工单 {number}", "ticket", ticket=number)
    )
    assert leaks(await everything(agent, talk)) == []


async def test_open_pages_are_told_no_more_than_pages_show(
    talk: IntakeTalk,
    console: Console,  # noqa: F811
    house: House,
) -> None:
    await talk.file("是")
    _, who = await enter(house.door, await employ(house.door, "wang.wu", Role.AGENT))
    console.live._stopping.set()
    told = [event async for event in ThreadEvents(console, who, talk.thread_id).stream(Mark(0, 0))]
    told += [event async for event in inbox_events(console, who, View.ALL)]
    text = "".join(told)
    assert leaks(text) == [] and "此处为保密诉求的内容" in text
    await asyncio.sleep(0)


async def test_a_ticket_that_nobody_has_signed_for_is_closed_as_well(
    talk: IntakeTalk, desk: Desk, house: House
) -> None:
    """In SQL, a comparison with no handler is neither true nor false."""
    await talk.file("是")
    _, who = await enter(house.door, await employ(house.door, "wang.wu", Role.AGENT))
    async with desk.database.read() as session:
        message = await session.get_one(Message, 1)
        found = await matters(session, [message])
        assert set(await closed(session, [message], found, reader_of(who.actor))) == {1}


async def test_a_thread_shows_the_confidential_ticket_to_who_may_see_it(
    talk: IntakeTalk, agent: Visit, house: House
) -> None:
    await talk.file("是")
    number = "PDS-20261123-0001"
    for role, sees in ((Role.SUPERVISOR, True), (Role.DISPATCHER, True), (Role.AGENT, False)):
        visit = await house.member(f"who.{role}".replace("_", "."), role)
        page = (await visit.get(f"{INBOX}/{talk.thread_id}")).text
        assert (f'href="/console/tickets/{number}"' in page) is sees, role
