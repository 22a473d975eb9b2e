"""Canned replies: kept, filled in, counted; and what cannot be filled in is not sent."""

from __future__ import annotations

import re

import pytest

from desk.desk import Desk
from staff.roles import Role
from tests.console.talks import INBOX, Talks
from tests.console.visit import House, Visit, said
from tests.staff.people import written

HERE = "/console/canned"
HELLO = {
    "title": "问候",
    "category": "开头",
    "text": "{联系人}您好，我是{坐席}。{企业}的工单 {工单号} 正在办，急事请拨 {热线}。",
}


async def keep(visit: Visit, **fields: str) -> str:
    """Keep a reply; its id."""
    page = (await visit.get(HERE)).text
    key = re.search(r'name="key" value="(\w+)"', page)
    assert key
    answer = await visit.post(HERE, {"key": key[1], **HELLO, **fields})
    assert answer.status_code == 303, said(answer)
    return key[1]


async def test_a_reply_is_filled_in_counted_and_its_persons_are_written_down(
    talks: Talks, agent: Visit, desk: Desk
) -> None:
    thread_id = await talks.waiting()
    await talks.ticket(thread_id)
    reply = await keep(agent)
    await agent.post(f"{INBOX}/{thread_id}/take")
    answer = await agent.post(f"{INBOX}/{thread_id}/canned", {"reply": reply}, **{"HX-Request": "true"})
    told = answer.json()
    assert told == {
        "text": "王建国您好，我是姓名wang.wu。平顶山市瑞丰机械有限公司的工单 PDS-20261123-0001 正在办，急事请拨 12345。",
        "problem": "",
    }
    assert (await written(desk.database))[-1] == "personal_data_revealed"
    page = await agent.post(f"{INBOX}/{thread_id}/canned", {"reply": reply, "text": "前面的话"})
    assert "前面的话\n王建国您好" in page.text
    assert "2 次" in (await agent.get(HERE)).text


async def test_what_is_not_known_stays_and_is_not_sent(talks: Talks, agent: Visit, desk: Desk) -> None:
    thread_id = await talks.waiting()
    await talks.ticket(thread_id, confidential="是")
    reply = await keep(agent)
    await agent.post(f"{INBOX}/{thread_id}/take")
    page = await agent.post(f"{INBOX}/{thread_id}/canned", {"reply": reply})
    assert "{联系人}" in said(page) and "王建国" not in page.text
    refused = await agent.post(f"{INBOX}/{thread_id}/reply", {"text": "{联系人}您好", "key": "form-0001"})
    assert refused.status_code == 422 and "{联系人}" in said(refused)
    assert "personal_data_revealed" not in await written(desk.database)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "{公司}您好"}, {"text": ""}, {"text": "长" * 1001}, {"title": " "}, {"title": "长" * 41},
        {"category": "长" * 21}, {"shared": "yes"}, {"key": "x"}, {"key": ""},
    ],
)  # fmt: skip
async def test_what_cannot_be_kept_is_refused_with_a_sentence_and_stays(
    fields: dict[str, str], agent: Visit
) -> None:
    answer = await agent.post(HERE, {"key": "k" * 32, **HELLO, **fields})
    assert answer.status_code == 422 and said(answer)
    assert {**HELLO, **fields}["text"] in answer.text
    assert "还没有快捷回复" in answer.text


async def test_ones_own_are_ones_own_and_everybodys_are_kept_by_few(house: House, agent: Visit) -> None:
    lead = await house.member("chen", Role.SUPERVISOR)
    mine, shared = await keep(agent, title="我的"), await keep(lead, title="大家的", shared="yes")
    assert "我的" not in (await lead.get(HERE)).text.partition("<h2>新增")[0].partition("<tbody>")[2]
    page = (await agent.get(HERE)).text
    assert "大家的" in page and f'href="{HERE}/{shared}"' not in page and f'href="{HERE}/{mine}"' in page
    for visit, reply in ((agent, shared), (lead, mine), (lead, "x" * 3000)):
        for path in (f"{HERE}/{reply}", f"{HERE}/{reply}/remove"):
            assert (await visit.post(path, {**HELLO, "seen": ""})).status_code == 404, path
    assert (await lead.post(f"{HERE}/{shared}/remove")).status_code == 303
    assert (await lead.post(f"{HERE}/{shared}/remove")).status_code == 404


async def test_of_two_who_change_it_at_once_the_second_is_told(house: House) -> None:
    first, second = await house.member("chen", Role.SUPERVISOR), await house.member("guan", Role.ADMIN)
    reply = await keep(first, shared="yes")
    seen = re.search(r'name="seen" value="([^"]+)"', (await first.get(f"{HERE}/{reply}")).text)
    assert seen
    fields = {**HELLO, "shared": "yes", "seen": seen[1]}
    for text, status in (("新的", 303), ("新的", 303), ("更新的", 422)):
        answer = await second.post(f"{HERE}/{reply}", {**fields, "text": text})
        assert answer.status_code == status
    assert "刚被改过" in said(answer) and "更新的" in answer.text


async def test_a_repeated_form_keeps_one(agent: Visit) -> None:
    for text, status in (("一", 303), ("一", 303), ("二", 422)):
        answer = await agent.post(HERE, {"key": "k" * 32, **HELLO, "text": text})
        assert answer.status_code == status
    assert (await agent.get(HERE)).text.count("问候</a>") == 1


async def test_one_that_was_removed_meanwhile_is_said_to_be_gone(talks: Talks, agent: Visit) -> None:
    thread_id = await talks.waiting()
    await agent.post(f"{INBOX}/{thread_id}/take")
    page = await agent.post(f"{INBOX}/{thread_id}/canned", {"reply": "nowhere", "text": "前面的话"})
    assert page.status_code == 404 and "没有这条快捷回复" in said(page) and "前面的话" in page.text
