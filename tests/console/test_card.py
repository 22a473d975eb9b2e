"""The card of the enterprise beside a thread, over the channels that it has linked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from conversations.circles import join
from conversations.models import Person
from staff.roles import Role
from tests.console.talks import INBOX, Talks
from tests.console.visit import House, Visit
from tests.fakes import HandClock


async def link(talks: Talks, one: str, other: str) -> None:
    """Make the people of two threads one enterprise."""
    first, second = await talks.thread(one), await talks.thread(other)
    async with talks.desk.database.write() as session:
        person = await session.get_one(Person, first.person_id)
        await join(session, person, await session.get_one(Person, second.person_id), talks.desk.new_id)


async def card(visit: Visit, thread_id: str) -> str:
    page = (await visit.get(f"{INBOX}/{thread_id}")).text
    return page.partition('id="enterprise"')[2].partition("</section>")[0]


@pytest.fixture
async def here(talks: Talks) -> str:
    return await talks.write("你好", sender="a")


@pytest.fixture
async def there(talks: Talks, clock: HandClock) -> str:
    clock.advance(timedelta(minutes=5))
    return await talks.write("你好", sender="7", channel="telegram")


async def test_a_linked_enterprise_is_seen_with_its_tickets_and_threads_everywhere(
    talks: Talks, agent: Visit, here: str, there: str
) -> None:
    await talks.ticket(there, subject="供水")
    assert "没有工单" in await card(agent, here) and "已绑定" not in await card(agent, here)
    await link(talks, here, there)
    shown = await card(agent, here)
    assert "<dt>已绑定</dt><dd>Telegram</dd>" in shown and "平顶＊＊有限公司" in shown
    assert re.search(r"/console/tickets/PDS-\d+-0001", shown) and "投诉 · 供水 · 在Telegram提交" in shown
    assert f'<a href="{INBOX}/{there}">Telegram</a>' in shown and "最近一条：" in shown
    shown = await card(agent, there)
    assert "<dd>微信</dd>" in shown and f'href="{INBOX}/{here}"' in shown
    assert "投诉 · 供水</span>" in shown  # it was filed here


async def test_a_strangers_thread_is_on_no_card(talks: Talks, agent: Visit, here: str, there: str) -> None:
    stranger = await talks.write("你好", sender="c", channel="web")
    await talks.ticket(stranger)
    await link(talks, here, there)
    for thread_id in (here, there):
        shown = await card(agent, thread_id)
        assert stranger not in shown and "没有工单" in shown
    assert "其他渠道的对话" not in await card(agent, stranger)


async def test_a_confidential_ticket_of_a_linked_channel_stays_hidden(
    talks: Talks, agent: Visit, house: House, here: str, there: str
) -> None:
    await talks.ticket(there, confidential="是")
    await link(talks, here, there)
    assert "没有工单" in await card(agent, here) and "还没有登记" in await card(agent, here)
    du = await house.member("du", Role.SUPERVISOR)
    assert "平顶＊＊有限公司" in await card(du, here)


async def test_the_card_is_bounded(talks: Talks, agent: Visit, here: str, there: str) -> None:
    for number in range(8):
        await talks.ticket(here, 100 + number)
        await talks.ticket(there, 200 + number)
    await link(talks, here, there)
    assert (await card(agent, here)).count("/console/tickets/") == 10
