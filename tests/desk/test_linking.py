"""Two channels linked by a one-time code see the same tickets, until they are parted."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations.models import LinkCode, Message, WrongCode
from desk.desk import Desk
from desk.intake.form import Said
from desk.linking import VALID_FOR, code_in, is_bare_code, link, unlink, unlink_surely
from desk.ticket_talk import Act, TicketTalk, act_on, advance, numbers_of
from tests.desk.people import Somebody
from tests.fakes import HandClock


@pytest.fixture
def wechat(desk: Desk) -> Somebody:
    return Somebody(desk, "wechat", "oU1")


@pytest.fixture
def telegram(desk: Desk) -> Somebody:
    return Somebody(desk, "telegram", "777")


@pytest.fixture
def web(desk: Desk) -> Somebody:
    return Somebody(desk, "web", "0123abc")


async def says(somebody: Somebody, text: str) -> str:
    received = await somebody.writes(text)
    return (await link(somebody.desk, received.thread_id, received.message_id, text)).text


async def code_of(somebody: Somebody) -> str:
    found = re.search(r"绑定码：(\d{8})，", await says(somebody, "绑定"))
    assert found
    return found[1]


async def linked(one: Somebody, other: Somebody) -> None:
    assert "绑定成功" in await says(other, f"绑定 {await code_of(one)}")


@pytest.mark.parametrize(
    ("text", "code"),
    [("绑定", None), ("绑定 12345678", "12345678"), ("绑定１２３４５６７８", "12345678"), ("1234 5678", "12345678"),
     ("绑定码：1234-5678。", "12345678"), ("绑定码是 123456", None), ("绑定 123456", "123456"), ("绑定13800001234", "13800001234"),
     ("我的工单 PDS-20261123-0001 想绑定", None), ("想把微信绑到电报", None)],
)  # fmt: skip
def test_a_code_is_read_however_it_is_written(text: str, code: str | None) -> None:
    assert code_in(text) == code


@pytest.mark.parametrize(
    ("text", "bare"),
    [("12345678", True), (" 1234 5678。", True), ("13800001234", False), ("20261123那天", False)],
)
def test_a_bare_code_is_a_code_and_nothing_else(text: str, bare: bool) -> None:
    assert is_bare_code(text) is bare


async def test_linked_channels_see_the_tickets_of_both(
    desk: Desk, wechat: Somebody, telegram: Somebody
) -> None:
    filed = await wechat.files()
    other = await telegram.writes("你好")
    assert await numbers_of(desk, other.thread_id) == []
    await linked(wechat, telegram)
    assert await numbers_of(desk, other.thread_id) == [filed.number]
    talk = await advance(
        desk, other.thread_id, other.message_id, TicketTalk(Act.URGE), Said("催一下", "urge", 0.9)
    )
    assert (talk.asking, talk.number) == (None, filed.number)
    urged = await act_on(desk, other.thread_id, other.message_id, talk)
    assert "已为您催办" in urged.text


async def test_both_sides_are_told_and_the_other_one_how_to_undo_it(
    wechat: Somebody, telegram: Somebody
) -> None:
    await linked(wechat, telegram)
    [told] = await wechat.heard()
    assert "这里已与Telegram绑定" in told and "解绑" in told
    assert await telegram.heard() == []


async def test_what_the_web_page_is_told_can_be_read_there(
    desk: Desk, web: Somebody, wechat: Somebody
) -> None:
    await linked(web, wechat)
    async with desk.database.read() as session:
        row = await session.scalar(select(Message).where(Message.author == "system"))
    assert row is not None
    assert (row.channel, row.delivery) == ("web", "sent")


async def test_only_a_digest_of_the_code_is_kept(desk: Desk, wechat: Somebody) -> None:
    code = await code_of(wechat)
    async with desk.database.read() as session:
        kept = (await session.scalars(select(LinkCode))).one()
    assert code not in kept.digest
    assert len(kept.digest) == 64


async def test_a_repeated_message_gets_the_same_code_and_uses_it_once(
    desk: Desk, wechat: Somebody, telegram: Somebody
) -> None:
    asked = await wechat.writes("绑定")
    first = await link(desk, asked.thread_id, asked.message_id, "绑定")
    assert await link(desk, asked.thread_id, asked.message_id, "绑定") == first
    code = code_in(first.text)
    said = await telegram.writes(f"绑定 {code}")
    replies = [await link(desk, said.thread_id, said.message_id, f"绑定 {code}") for _ in range(2)]
    assert replies[0] == replies[1]
    assert len(await wechat.heard()) == 1


async def test_a_code_works_once(wechat: Somebody, telegram: Somebody, web: Somebody) -> None:
    code = await code_of(wechat)
    assert "绑定成功" in await says(telegram, code)
    assert "已经用过" in await says(web, code)
    assert await web.row() is not None and (await web.row()).circle is None  # type: ignore[union-attr]


async def test_a_code_said_by_many_at_once_links_one(desk: Desk, wechat: Somebody) -> None:
    code = await code_of(wechat)
    others = [Somebody(desk, "web", f"w{n}") for n in range(5)]
    said = await asyncio.gather(*(says(other, code) for other in others))
    assert sum("绑定成功" in text for text in said) == 1
    assert sum("已经用过" in text for text in said) == 4


async def test_a_code_ends_after_ten_minutes_or_with_the_next_one(
    wechat: Somebody, telegram: Somebody, clock: HandClock
) -> None:
    old = await code_of(wechat)
    clock.advance(VALID_FOR)
    assert "过期" in await says(telegram, old)
    second = await code_of(wechat)
    third = await code_of(wechat)
    assert "过期" in await says(telegram, second)
    assert "绑定成功" in await says(telegram, third)


async def test_ones_own_code_is_kept_for_the_other_side(wechat: Somebody, telegram: Somebody) -> None:
    code = await code_of(wechat)
    assert "就是在这里取的" in await says(wechat, code)
    assert "绑定成功" in await says(telegram, code)


async def test_who_is_linked_already_is_told_so(wechat: Somebody, telegram: Somebody) -> None:
    await linked(wechat, telegram)
    assert "本来就绑定着" in await says(wechat, await code_of(telegram))
    assert "这里已与微信绑定" in await says(telegram, "绑定")


async def test_a_third_channel_joins_and_circles_become_one(
    desk: Desk, wechat: Somebody, telegram: Somebody, web: Somebody
) -> None:
    filed = await wechat.files()
    await linked(wechat, telegram)
    fourth = Somebody(desk, "wechat", "oU2")
    await linked(web, fourth)
    await linked(fourth, telegram)
    thread = (await web.writes("你好")).thread_id
    assert await numbers_of(desk, thread) == [filed.number]
    rows = [await somebody.row() for somebody in (wechat, telegram, web, fourth)]
    assert len({row.circle for row in rows if row}) == 1
    assert "微信、Telegram" in (await unlink(desk, thread)).text


async def test_a_circle_does_not_grow_without_end(desk: Desk) -> None:
    first = Somebody(desk, "web", "w0")
    for number in range(1, 8):
        await linked(first, Somebody(desk, "web", f"w{number}"))
    assert "满了" in await says(Somebody(desk, "web", "w8"), await code_of(first))


async def test_one_person_guesses_five_times_an_hour(
    wechat: Somebody, telegram: Somebody, clock: HandClock
) -> None:
    code = await code_of(wechat)
    for _ in range(5):
        assert "不对" in await says(telegram, "绑定 00000000")
    assert "次数太多" in await says(telegram, code)
    clock.advance(timedelta(hours=1, seconds=1))
    assert "绑定成功" in await says(telegram, await code_of(wechat))


async def test_all_together_guess_a_hundred_times_an_hour(desk: Desk, wechat: Somebody) -> None:
    async with desk.database.write() as session:
        session.add_all(WrongCode(message_id=10_000 + n, guesser=f"p{n}", at=desk.clock()) for n in range(99))
    code = await code_of(wechat)
    assert "不对" in await says(Somebody(desk, "web", "a"), "绑定 00000000")
    assert "次数太多" in await says(Somebody(desk, "web", "b"), code)


async def test_after_unlinking_each_side_sees_its_own(
    desk: Desk, wechat: Somebody, telegram: Somebody
) -> None:
    filed = await wechat.files()
    await linked(wechat, telegram)
    said = await telegram.writes("解绑")
    asked = await unlink(desk, said.thread_id)
    assert "确定解绑吗" in asked.text
    assert asked.default == "/unlink_surely"
    await unlink_surely(desk, said.thread_id, said.message_id)
    assert await numbers_of(desk, said.thread_id) == []
    assert await numbers_of(desk, filed.thread_id or "") == [filed.number]
    assert "已与这里解除绑定" in (await wechat.heard())[-1]
    again = await unlink_surely(desk, said.thread_id, said.message_id)
    assert "已解除绑定" in again.text
    assert len(await wechat.heard()) == 2
    for somebody in (wechat, telegram):
        row = await somebody.row()
        assert row is not None and row.circle is None


async def test_those_who_stay_stay_linked(
    desk: Desk, wechat: Somebody, telegram: Somebody, web: Somebody
) -> None:
    filed = await wechat.files()
    await linked(wechat, telegram)
    await linked(wechat, web)
    said = await telegram.writes("解绑")
    await unlink_surely(desk, said.thread_id, said.message_id)
    assert await numbers_of(desk, (await web.writes("你好")).thread_id) == [filed.number]


async def test_who_is_not_linked_has_nothing_to_unlink(desk: Desk, web: Somebody) -> None:
    reply = await unlink(desk, (await web.writes("解绑")).thread_id)
    assert "没有绑定" in reply.text
    assert reply.buttons == ()
