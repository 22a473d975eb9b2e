"""Words for staff are acknowledged as soon as they are stored, and everything else goes as it would without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import select, update

from app.loops import place_arrivals
from connectors.wechat.channel import WeChatChannel
from conversations.models import Arrival, Author, Delivery, Holder, Message, Thread, Turn
from conversations.quotas import Recipient, left
from desk.delivery import deliver
from desk.desk import Desk
from desk.journal import Journal
from tests.connectors.wechat.fake_api import FakeWeChat
from tests.connectors.wechat.phone import PERSON, Phone, phone_of, rows
from tests.fakes import HandClock, ScriptedDialogue


@pytest.fixture
def journal(desk: Desk) -> Journal:
    return Journal(desk)


@pytest.fixture
async def phone(desk: Desk, channel: WeChatChannel, journal: Journal) -> AsyncIterator[Phone]:
    """Somebody whose thread staff hold, on an account with every interface; nothing is placed by itself."""
    async with phone_of(desk, channel, journal=journal) as phone:
        await phone.writes("你好")
        await hold(desk, Holder.STAFF)
        yield phone


@asynccontextmanager
async def placing(journal: Journal) -> AsyncIterator[None]:
    task = asyncio.create_task(place_arrivals(journal))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def hold(desk: Desk, holder: Holder) -> None:
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=holder))


async def waiting(desk: Desk) -> list[str]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Arrival.text).order_by(Arrival.id)))


async def said(desk: Desk) -> list[str]:
    return [row.text for row in await rows(desk, Author.PERSON)]


async def test_words_for_staff_are_acknowledged_when_they_are_stored_and_left_to_them(
    phone: Phone, desk: Desk, journal: Journal, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    for _ in range(2):  # and WeChat's next attempt
        assert await phone.writes("在吗", id="1") == ""
    assert (await said(desk), await waiting(desk)) == (["你好"], ["在吗"])
    await journal.round()
    assert (await said(desk), await waiting(desk)) == (["你好", "在吗"], [])
    assert (await rows(desk, Author.PERSON))[-1].turn == Turn.STAFF
    assert len(dialogue.askings) == 1
    async with desk.database.read() as session:
        assert (await left(session, Recipient("wechat", PERSON), now=clock())).messages == 5


async def test_an_attempt_after_the_words_are_in_their_thread_changes_nothing(
    phone: Phone, desk: Desk, journal: Journal
) -> None:
    for _ in range(3):
        assert await phone.writes("在吗", id="1") == ""
        await journal.round()
    assert await said(desk) == ["你好", "在吗"]


async def test_a_picture_comes_after_the_words_before_it(phone: Phone, desk: Desk, journal: Journal) -> None:
    async with placing(journal):
        await phone.writes("请看")
        await phone.sends("image", MediaId="m", PicUrl="")
    assert await said(desk) == ["你好", "请看", "［图片］"]


async def test_what_staff_gave_back_unseen_is_answered_through_the_interface(
    phone: Phone, desk: Desk, journal: Journal, fake: FakeWeChat, channel: WeChatChannel, clock: HandClock
) -> None:
    await phone.writes("在吗")
    await journal.round()
    await hold(desk, Holder.BOT)
    assert await phone.writes("停水了") == ""
    async with placing(journal):
        while "echo 停水了" not in [row.text for row in await rows(desk)]:
            await asyncio.sleep(0.01)
    clock.advance(desk.turn_lease)
    fake.account.writes(PERSON)
    await deliver(desk, [channel], lambda: 1.0)
    assert fake.texts(PERSON) == ["echo 停水了"]
    assert await phone.writes("停气了") == "echo 停气了"  # and from now on as ever


async def test_an_account_that_can_only_reply_takes_along_what_staff_wrote(
    desk: Desk, journal: Journal, clock: HandClock
) -> None:
    async with phone_of(desk, WeChatChannel(desk, None), journal=journal) as phone:
        await phone.writes("你好")
        await hold(desk, Holder.STAFF)
        async with desk.database.write() as session:
            thread_id = (await session.scalars(select(Thread.id))).one()
            session.add(
                Message(
                    thread_id=thread_id, author=Author.STAFF, channel="wechat", text="您好，我是小王。",
                    delivery=Delivery.HELD, created_at=clock(),
                )
            )  # fmt: skip
        assert await phone.writes("在吗") == "您好，我是小王。"
    assert await waiting(desk) == []


async def test_where_the_journal_cannot_be_written_words_go_the_other_way(
    phone: Phone, desk: Desk, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr("desk.journal.append", refuse)
    assert await phone.writes("在吗") == ""
    assert await said(desk) == ["你好", "在吗"]
