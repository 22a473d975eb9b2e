"""What staff see of the threads and do in them, page by page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.changes import Mark
from conversations.models import Author, Delivery, Holder, Message, QuotaWindow, Thread
from desk.desk import Desk
from desk.outage import call_for_waiting
from desk.ports import DialogueDown
from desk.silence import requeue_silent
from desk.takeover import Reply, reply, take_over
from staff.models import Account
from staff.roles import Role
from tests.console.talks import INBOX, Talks
from tests.console.visit import House, Visit, said
from tests.fakes import HandClock, ScriptedDialogue
from tests.staff.people import employ, written


async def test_who_waits_stands_in_the_list_with_how_long(
    talks: Talks, agent: Visit, clock: HandClock
) -> None:
    thread_id = await talks.waiting()
    clock.advance(timedelta(minutes=12))
    page = await agent.get(INBOX)
    assert "等了 <span" in page.text and "12 分钟" in page.text and "微信用户" in page.text
    assert f'href="{INBOX}/{thread_id}"' in page.text
    assert '<span class="tab-count" data-count="waiting">1</span>' in page.text


async def test_names_and_numbers_are_masked_until_they_are_asked_for(
    talks: Talks, agent: Visit, desk: Desk
) -> None:
    thread_id = await talks.waiting()
    await talks.ticket(thread_id)
    for path in (INBOX, f"{INBOX}/{thread_id}"):
        page = (await agent.get(path)).text
        assert "平顶＊＊有限公司" in page
        assert "瑞丰" not in page and "3751" not in page and "王建国" not in page
    shown = (await agent.post(f"{INBOX}/{thread_id}/reveal")).text
    assert "平顶山市瑞丰机械有限公司" in shown and "13837512345" in shown and "王建国" in shown
    assert (await written(desk.database))[-1] == "personal_data_revealed"


async def test_a_confidential_enterprise_is_not_named(talks: Talks, agent: Visit) -> None:
    thread_id = await talks.waiting()
    await talks.ticket(thread_id, confidential="是")
    page = (await agent.post(f"{INBOX}/{thread_id}/reveal")).text
    assert "微信用户" in page and "瑞丰" not in page and "PDS-" not in page.split("<ol")[0]


@pytest.mark.parametrize("q", ["转人工", "瑞丰", "2345", "PDS-20261123-0001"])
async def test_a_thread_is_found_by_words_enterprise_telephone_and_ticket(
    q: str, talks: Talks, agent: Visit
) -> None:
    thread_id = await talks.waiting()
    await talks.ticket(thread_id)
    await talks.write("别的事", sender="b")
    found = re.findall(r'id="t-(\w+)"', (await agent.get(f"{INBOX}?q={q}")).text)
    assert found == [thread_id]


async def test_the_lists_are_turned_page_by_page(talks: Talks, agent: Visit, clock: HandClock) -> None:
    for number in range(33):
        await talks.write("你好", sender=f"p{number}")
        clock.advance(timedelta(seconds=1))
    first = (await agent.get(f"{INBOX}?view=all")).text
    more = re.search(r'href="([^"]*after=[^"]*)"', first.replace("/console/events", ""))
    assert more
    second = (await agent.get(more[1].replace("&amp;", "&"))).text
    ids = [re.findall(r'id="t-(\w+)"', page) for page in (first, second)]
    assert [len(part) for part in ids] == [30, 3] and not set(ids[0]) & set(ids[1])


async def test_the_thread_shows_outcome_source_ticket_and_choices(talks: Talks, agent: Visit) -> None:
    thread_id = await talks.write("用水报装")
    await talks.last(
        thread_id, text="【<b>用水</b>】",
        detail={"outcome": "answered", "article": "water-connection", "ticket": "PDS-20261123-0001"},
        buttons=[{"title": "所需材料", "payload": "x"}],
    )  # fmt: skip
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "【&lt;b&gt;用水&lt;/b&gt;】" in page
    assert "已回答" in page and 'href="/articles/water-connection"' in page and "所需材料" in page
    assert 'href="/console/tickets/PDS-20261123-0001"' in page


async def test_the_hand_over_says_why_and_what_was_asked_before(talks: Talks, agent: Visit) -> None:
    thread_id = await talks.write("没有产权证能报吗")
    await talks.write("转人工")
    await talks.last(thread_id, detail={"outcome": "handoff"})
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    card = page.partition("转人工的原因")[2].partition("</section>")[0]
    assert "对方要求人工：“转人工”" in card
    assert "没有产权证能报吗" in card and "echo 没有产权证能报吗" in card


async def why(agent: Visit, thread_id: str) -> str:
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    return page.partition("转人工的原因")[2].partition("</section>")[0]


async def test_the_hand_over_says_that_the_bot_was_away(
    talks: Talks, agent: Visit, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    dialogue.down = True
    with pytest.raises(DialogueDown):
        await talks.write("怎么接水")
    clock.advance(timedelta(minutes=1))
    assert await call_for_waiting(talks.desk) == 1
    async with talks.desk.database.read() as session:
        thread_id = (await session.scalars(select(Thread.id))).one()
    assert "智能助手当时不能回答，自动转给人工。" in await why(agent, thread_id)


async def test_the_hand_over_says_that_a_colleague_was_silent(
    talks: Talks, agent: Visit, clock: HandClock
) -> None:
    thread_id = await talks.waiting()
    await agent.post(f"{INBOX}/{thread_id}/take")
    await talks.write("在吗")
    clock.advance(timedelta(minutes=46))
    assert await requeue_silent(talks.desk, timedelta(minutes=45)) == 1
    assert "原接待人员超过 45 分钟没有回复，重新排队。" in await why(agent, thread_id)


async def test_a_thread_is_taken_answered_and_given_back(
    talks: Talks, agent: Visit, wang: Account, desk: Desk
) -> None:
    thread_id = await talks.waiting()
    here = f"{INBOX}/{thread_id}"
    assert "您正在接待" in (await agent.follow(await agent.post(f"{here}/take"))).text
    for _ in range(2):
        await agent.post(f"{here}/reply", {"text": "您好", "key": "form-0001"})
    page = (await agent.get(here)).text
    assert page.count('<div class="bubble">您好</div>') == 1 and "姓名wang.wu" in page
    assert "机器人接待中" in (await agent.follow(await agent.post(f"{here}/give-back"))).text
    assert (await talks.thread(thread_id)).holder is Holder.BOT
    assert (await written(desk.database))[-2:] == ["thread_taken", "thread_given_back"]


async def test_who_comes_too_late_is_told_who_has_it_and_keeps_the_text(
    talks: Talks, agent: Visit, house: House
) -> None:
    thread_id = await talks.waiting()
    other = await house.member("li.si", Role.AGENT)
    await other.post(f"{INBOX}/{thread_id}/take")
    page = await agent.post(f"{INBOX}/{thread_id}/take")
    assert page.status_code == 409 and "姓名li.si已经接入了这段对话" in said(page)
    page = await agent.post(f"{INBOX}/{thread_id}/reply", {"text": "我写了很久", "key": "form-0001"})
    assert page.status_code == 409 and "我写了很久</textarea>" in page.text


async def test_a_thread_goes_to_a_colleague_who_may_answer_and_to_nobody_else(
    talks: Talks, agent: Visit, house: House, wang: Account
) -> None:
    thread_id = await talks.waiting()
    li = await employ(house.door, "li.si", Role.AGENT)
    handler = await employ(house.door, "zhao.liu", Role.HANDLER)
    await agent.post(f"{INBOX}/{thread_id}/take")
    for nobody in (handler.id, wang.id, "", "x"):
        page = await agent.post(f"{INBOX}/{thread_id}/hand-over", {"to": nobody})
        assert page.status_code == 422 and "请先选择" in said(page)
    await agent.post(f"{INBOX}/{thread_id}/hand-over", {"to": li.id})
    assert (await talks.thread(thread_id)).staff == li.id


async def test_a_note_stands_in_its_place_and_calls_a_colleague(
    talks: Talks, agent: Visit, house: House
) -> None:
    thread_id = await talks.write("在吗")
    await employ(house.door, "li.si", Role.AGENT)
    for _ in range(2):
        await agent.post(f"{INBOX}/{thread_id}/note", {"text": "先问 @li.si 再答"})
    await talks.write("还在吗")
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert page.count("先问 @li.si 再答") == 1 and "提醒：姓名li.si" in page
    assert page.index("echo 在吗") < page.index("先问 @li.si") < page.index("还在吗")
    refused = await agent.post(f"{INBOX}/{thread_id}/note", {"text": "@nobody 看一下"})
    assert refused.status_code == 422 and "@nobody" in said(refused)


@pytest.mark.parametrize(
    ("delivery", "label", "again"),
    [
        (Delivery.SENT, "已送达", False),
        (Delivery.PENDING, "发送中", False),
        (Delivery.HELD, "等对方再来消息", False),
        (Delivery.FAILED, "发送失败", True),
        (Delivery.UNKNOWN, "不确定是否送达", True),
    ],
)
async def test_each_message_says_what_became_of_it(
    delivery: Delivery, label: str, again: bool, talks: Talks, agent: Visit, wang: Account, desk: Desk
) -> None:
    thread_id = await talks.waiting()
    await take_over(desk, thread_id, wang.id)
    await reply(desk, thread_id, wang.id, Reply("您好", "form-0001"))
    message_id = await talks.last(thread_id, delivery=delivery, reason="原因在此" if again else "")
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert label in page and ("原因在此" in page) == again == ("重发" in page)
    answer = await agent.post(f"{INBOX}/{thread_id}/resend/{message_id}")
    if again:
        assert "发送中" in (await agent.follow(answer)).text
        assert (await written(desk.database))[-1] == "message_resent"
    else:
        assert answer.status_code == 409


async def test_what_wechat_still_takes_is_shown(
    talks: Talks, agent: Visit, desk: Desk, clock: HandClock
) -> None:
    thread_id = await talks.waiting()
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "现在不能主动发送" in page
    async with desk.database.write() as session:
        until = clock() + timedelta(hours=46, minutes=20)
        session.add(QuotaWindow(channel="wechat", address="a", kind="m", remaining=3, expires_at=until))
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "还可发 3 条，剩 46 小时" in page


async def test_what_was_read_is_not_unread(talks: Talks, agent: Visit, house: House) -> None:
    thread_id = await talks.waiting()
    looker = await house.member("chen", Role.SUPERVISOR)
    await looker.get(f"{INBOX}/{thread_id}")
    assert "条未读" in (await agent.get(INBOX)).text
    await agent.get(f"{INBOX}/{thread_id}")
    assert "条未读" not in (await agent.get(INBOX)).text


async def test_older_messages_are_there_on_demand(talks: Talks, agent: Visit, desk: Desk) -> None:
    thread_id = await talks.write("第一句")
    async with desk.database.write() as session:
        for number in range(70):
            session.add(
                Message(
                    thread_id=thread_id, author=Author.PERSON, channel="wechat", external_id=f"x{number}",
                    text=f"第{number}条", created_at=desk.clock(),
                )
            )  # fmt: skip
    page = (await agent.get(f"{INBOX}/{thread_id}")).text
    assert "第69条" in page and "第一句" not in page
    before = re.search(r"\?before=(\d+)", page)
    assert before
    older = (await agent.get(f"{INBOX}/{thread_id}?before={before[1]}")).text
    assert "第一句" in older and "第69条" not in older and "第9条" in older


@pytest.mark.parametrize("act", ["take", "give-back", "reply", "note", "reveal"])
async def test_a_thread_that_is_not_there_is_said_to_be_missing(act: str, agent: Visit) -> None:
    page = await agent.post(f"{INBOX}/nowhere/{act}", {"text": "x", "key": "form-0001"})
    assert page.status_code == 404 and "没有这段对话" in page.text


@pytest.mark.parametrize("text", ["", "  ", "长" * 2001])
async def test_nothing_and_too_much_are_refused_with_a_sentence(
    text: str, talks: Talks, agent: Visit
) -> None:
    thread_id = await talks.waiting()
    await agent.post(f"{INBOX}/{thread_id}/take")
    page = await agent.post(f"{INBOX}/{thread_id}/reply", {"text": text, "key": "form-0001"})
    assert page.status_code == 422 and said(page)
    assert text.strip() in page.text


@pytest.mark.parametrize("text", ["", "x", "1", "-", "1-", "１-２", "1-2-3", "9" * 40 + "-1"])
def test_a_mark_is_two_numbers(text: str) -> None:
    assert Mark.parse("12-3") == Mark(12, 3) and str(Mark(12, 3)) == "12-3"
    with pytest.raises(ValueError, match="no mark"):
        Mark.parse(text)


async def test_the_list_says_how_many_messages_may_still_go_out_in_wechat(
    talks: Talks, agent: Visit, clock: HandClock, desk: Desk
) -> None:
    for sender, channel in (("a", "wechat"), ("b", "wechat"), ("c", "telegram")):
        await talks.write("你好", sender=sender, channel=channel)
    soon = clock.now + timedelta(hours=1)
    async with desk.database.write() as session:
        for kind, remaining, until in (("m", 3, soon), ("n", 2, soon), ("old", 4, clock.now)):
            window = QuotaWindow(
                channel="wechat", address="a", kind=kind, remaining=remaining, expires_at=until
            )
            session.add(window)
    page = (await agent.get(f"{INBOX}?view=all")).text
    told = re.findall(r'line-channel">([^<]+)<', page)
    assert sorted(told) == ["Telegram", "微信 · 不能主动发送", "微信 · 还可发 5 条"]
