"""News of a ticket that has to wait is told by a template message, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.notices import Template, TicketNotices
from conversations.models import Author, Delivery, Message
from desk.complaints import submit
from desk.delivery import deliver
from desk.desk import Desk
from tests.connectors.wechat.connected import api_at
from tests.connectors.wechat.fake_account import VERIFIED_SUBSCRIPTION
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.connectors.wechat.phone import PERSON, phone_of
from tests.fakes import HandClock
from tickets.models import Kind

SEND = "message/template/send"
TEMPLATE = Template.of("T1", "number=character_string1, state=phrase2, date=time3")
COMPLAINT = {
    "enterprise": "平顶山宏达机械有限公司", "credit_code": "跳过", "contact": "李明", "phone": "+8613903751234",
    "district": "宝丰县", "subject": "报装", "description": "半个月没有送电", "wanted": "尽快送电", "confidential": "否",
}  # fmt: skip


class Office:
    """A person who wrote long ago and has a ticket, and the ways to them."""

    def __init__(self, desk: Desk, fake: FakeWeChat, channel: WeChatChannel) -> None:
        self.desk, self.fake, self.channel = desk, fake, channel
        self.notices = TicketNotices(desk, api_at(fake.address, desk, fake), TEMPLATE)
        self.thread_id = self.number = ""

    async def open(self, clock: HandClock) -> None:
        """They file a ticket, and two days pass."""
        self.fake.account.writes(PERSON)
        async with phone_of(self.desk, self.channel) as phone:
            await phone.writes("确认提交")
        async with self.desk.database.read() as session:
            said = (await session.scalars(select(Message).where(Message.author == Author.PERSON))).one()
        self.thread_id = said.thread_id
        reply = await submit(
            self.desk,
            thread_id=said.thread_id,
            message_id=said.id,
            kind=Kind.COMPLAINT,
            values=COMPLAINT,
        )
        self.number = reply.ticket or ""
        clock.advance(timedelta(hours=49))

    async def news(self, text: str, *, author: Author = Author.SYSTEM, ticket: str | None = None) -> int:
        """Something is to be said of the ticket."""
        message = Message(
            thread_id=self.thread_id, author=author, channel="wechat", text=text,
            detail={"ticket": ticket or self.number}, delivery=Delivery.PENDING, created_at=self.desk.clock(),
        )  # fmt: skip
        async with self.desk.database.write() as session:
            session.add(message)
            await session.flush()
            return message.id

    async def send(self) -> bool:
        """What can be sent is, and then the notices are."""
        await deliver(self.desk, [self.channel], lambda: 1.0)
        return await self.notices.round()

    async def row(self, message_id: int) -> Message:
        async with self.desk.database.read() as session:
            return await session.get_one(Message, message_id)


@pytest.fixture
async def office(desk: Desk, fake: FakeWeChat, channel: WeChatChannel, clock: HandClock) -> Office:
    opened = Office(desk, fake, channel)
    await opened.open(clock)
    return opened


def notice_of(message: Message) -> dict[str, str] | None:
    found: dict[str, str] | None = message.detail.get("notice")
    return found


async def test_news_that_cannot_be_sent_is_told_once_and_waits(office: Office, fake: FakeWeChat) -> None:
    news = await office.news("您的工单已受理。")
    assert await office.send()
    assert await office.send()
    (told,) = fake.account.notices
    assert (told["touser"], told["template_id"]) == (PERSON, "T1")
    assert told["data"] == {
        "character_string1": {"value": office.number},
        "phrase2": {"value": "待受理"},
        "time3": {"value": "2026年11月25日 11:00"},
    }
    row = await office.row(news)
    assert (row.delivery, notice_of(row)) == (Delivery.HELD, {"job": "1000", "status": "taken"})
    assert "模板消息" in row.reason
    assert len(fake.to(SEND)) == 1


async def test_later_news_behind_it_is_told_too(office: Office, fake: FakeWeChat) -> None:
    first, second = await office.news("您的工单已受理。"), await office.news("您的工单已办结。")
    assert await office.send()
    assert len(fake.account.notices) == 2
    assert [(await office.row(id_)).delivery for id_ in (first, second)] == [Delivery.HELD, Delivery.PENDING]


async def test_what_was_told_arrives_whole_when_the_person_writes(
    office: Office, fake: FakeWeChat, clock: HandClock
) -> None:
    await office.news("您的工单已受理。")
    await office.send()
    fake.account.writes(PERSON)
    async with phone_of(office.desk, office.channel) as phone:
        asking = asyncio.create_task(phone.writes("怎么样了"))
        while not fake.texts(PERSON):
            await office.send()
        assert await asking == "echo 怎么样了"
    assert fake.texts(PERSON) == ["您的工单已受理。"]
    assert len(fake.to(SEND)) == 1


async def test_what_can_be_sent_needs_no_notice(office: Office, fake: FakeWeChat, desk: Desk) -> None:
    fake.account.writes(PERSON)
    async with phone_of(desk, office.channel) as phone:
        await phone.writes("在")
    await office.news("您的工单已受理。")
    assert await office.send()
    assert fake.to(SEND) == []


async def test_what_is_no_news_of_a_ticket_is_not_told(office: Office, fake: FakeWeChat) -> None:
    await office.news("您好", author=Author.STAFF)
    await office.news("您的工单已受理。", ticket="PDS-20260101-9999")
    assert await office.send()
    assert fake.to(SEND) == []


async def test_a_question_about_a_rating_is_no_news(office: Office, fake: FakeWeChat) -> None:
    asked = await office.news("您对办理满意吗？")
    async with office.desk.database.write() as session:
        message = await session.get_one(Message, asked)
        message.detail = {**message.detail, "rating": "r1"}
    assert await office.send()
    assert fake.account.notices == []


async def test_old_news_is_not_told(office: Office, fake: FakeWeChat, clock: HandClock) -> None:
    await office.news("您的工单已受理。")
    await deliver(office.desk, [office.channel], lambda: 1.0)
    clock.advance(timedelta(days=8))
    assert await office.notices.round()
    assert fake.to(SEND) == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"code": 43004}, "refused"),
        ({"code": 47003}, "refused"),
        ({"code": 40003}, "refused"),
        ({"drop": "after"}, "unknown"),
    ],
)
async def test_a_notice_that_is_refused_or_lost_is_not_repeated(
    fault: dict[str, Any], status: str, office: Office, fake: FakeWeChat
) -> None:
    news = await office.news("您的工单已受理。")
    fake.fault(Fault(f"/cgi-bin/{SEND}", **fault))
    assert await office.send()
    assert await office.send()
    row = await office.row(news)
    assert (row.delivery, notice_of(row)) == (Delivery.HELD, {"job": "", "status": status})
    assert len(fake.to(SEND)) == 1


@pytest.mark.parametrize("code", [-1, 45009, 40037, 40164])
async def test_a_notice_that_may_pass_later_is_tried_again(
    code: int, office: Office, fake: FakeWeChat
) -> None:
    news = await office.news("您的工单已受理。")
    fake.fault(Fault(f"/cgi-bin/{SEND}", code=code))
    assert not await office.send()
    assert notice_of(await office.row(news)) is None
    assert await office.send()
    assert len(fake.account.notices) == 1


async def test_a_code_that_nobody_knows_does_not_stand_before_the_others(
    office: Office, fake: FakeWeChat
) -> None:
    first, second = await office.news("您的工单已受理。"), await office.news("您的工单已办结。")
    fake.fault(Fault(f"/cgi-bin/{SEND}", code=99999))
    assert not await office.send()
    assert notice_of(await office.row(first)) is None
    assert notice_of(await office.row(second)) == {"job": "1000", "status": "taken"}
    assert await office.send()
    assert len(fake.account.notices) == 2


async def test_what_wechat_says_of_a_notice_whose_answer_was_lost_is_kept(
    office: Office, desk: Desk, fake: FakeWeChat
) -> None:
    news = await office.news("您的工单已受理。")
    fake.fault(Fault(f"/cgi-bin/{SEND}", drop="after"))
    await office.send()
    async with phone_of(desk, office.channel, notices=office.notices) as phone:
        await phone.does("TEMPLATESENDJOBFINISH", MsgID="1000", Status="success")
    assert notice_of(await office.row(news)) == {"job": "1000", "status": "success"}


async def test_an_account_without_templates_is_not_asked_again(office: Office, fake: FakeWeChat) -> None:
    fake.account.kind = VERIFIED_SUBSCRIPTION
    await office.news("您的工单已受理。")
    assert await office.send()
    await office.news("您的工单已办结。")
    assert await office.send()
    assert len(fake.to(SEND)) == 1


async def test_what_wechat_says_of_a_notice_is_kept(office: Office, desk: Desk) -> None:
    first, second = await office.news("您的工单已受理。"), await office.news("您的工单已办结。")
    await office.send()
    async with phone_of(desk, office.channel, notices=office.notices) as phone:
        for job, status in (("1001", "success"), ("1000", "failed:user block"), ("7", "success")):
            assert await phone.does("TEMPLATESENDJOBFINISH", MsgID=job, Status=status) == ""
    blocked, arrived = await office.row(first), await office.row(second)
    assert notice_of(blocked) == {"job": "1000", "status": "failed:user block"}
    assert "没有送达" in blocked.reason
    assert notice_of(arrived) == {"job": "1001", "status": "success"}


async def test_what_wechat_says_before_its_answer_is_kept(
    office: Office, desk: Desk, fake: FakeWeChat
) -> None:
    news = await office.news("您的工单已受理。")
    await deliver(desk, [office.channel], lambda: 1.0)
    fake.fault(Fault(f"/cgi-bin/{SEND}", held=True))
    sending = asyncio.create_task(office.notices.round())
    while not fake.to(SEND):
        await asyncio.sleep(0.01)
    async with phone_of(desk, office.channel, notices=office.notices) as phone:
        await phone.does("TEMPLATESENDJOBFINISH", MsgID="1000", Status="success")
    fake.release()
    assert await sending
    assert notice_of(await office.row(news)) == {"job": "1000", "status": "success"}


async def test_two_processes_tell_it_once(office: Office, desk: Desk, fake: FakeWeChat) -> None:
    await office.news("您的工单已受理。")
    await deliver(desk, [office.channel], lambda: 1.0)
    other = TicketNotices(desk, api_at(fake.address, desk, fake), TEMPLATE)
    await asyncio.gather(*(notices.round() for notices in (office.notices, other) for _ in range(3)))
    assert len(fake.to(SEND)) == 1


@pytest.mark.parametrize(
    "fields", ["", "number=a,state=b", "number=a,state=b,date=", "number=a,state=b,date=c d,x=y"]
)
def test_fields_that_cannot_be_filled_are_refused(fields: str) -> None:
    with pytest.raises(ValueError, match="number, state, date"):
        Template.of("T1", fields)
