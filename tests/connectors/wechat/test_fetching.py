"""Pictures from WeChat into the folder, over the fake of its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.fetching import WeChatFiles
from conversations.models import Attachment, Author, Message, Stored, Turn
from desk.delivery import deliver
from desk.desk import Desk
from desk.fetching import Fetcher
from desk.ports import Fetched, Gone, NotYet, TooLarge
from desk.values import Utterance
from store.clock import CITY_ZONE
from store.files import Files
from tests.connectors.wechat.connected import api_at, connected
from tests.connectors.wechat.fake_account import Account
from tests.connectors.wechat.fake_api import FakeWeChat, Fault, served
from tests.connectors.wechat.phone import Phone, phone_of
from tests.fakes import HandClock, ScriptedDialogue
from tests.files_sent import EXE, JPEG

MEDIA = "/cgi-bin/media/get"
FORM = Utterance(
    "请问在哪个区县？", ({"title": "湛河区", "payload": "/inform"},), {"outcome": "form", "form": "complaint"}
)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeWeChat]:
    with served(FakeWeChat(Account(lambda: datetime.now(CITY_ZONE)))) as server:
        yield server


@pytest.fixture
def fake(server: FakeWeChat, clock: HandClock) -> FakeWeChat:
    server.begin(Account(clock))
    return server


@pytest.fixture
def channel(desk: Desk, fake: FakeWeChat) -> WeChatChannel:
    return WeChatChannel(desk, api_at(fake.address, desk, fake))


@pytest.fixture
def fetcher(desk: Desk, fake: FakeWeChat, tmp_path: Path) -> Fetcher:
    files = WeChatFiles(api_at(fake.address, desk, fake))
    return Fetcher(desk, files, Files(tmp_path), None, lambda: 1.0)


@pytest.fixture
async def phone(desk: Desk, channel: WeChatChannel) -> AsyncIterator[Phone]:
    async with phone_of(desk, channel) as phone:
        yield phone


async def kept(desk: Desk) -> list[Attachment]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Attachment).order_by(Attachment.message_id)))


async def test_a_picture_pushed_three_times_is_one_attachment_and_the_form_asks_on(
    phone: Phone, desk: Desk, fake: FakeWeChat, fetcher: Fetcher, dialogue: ScriptedDialogue
) -> None:
    fake.account.stores("M1", "image/jpeg", JPEG)
    dialogue.answers["我要投诉"] = (FORM,)
    await phone.writes("我要投诉")
    answers = [await phone.sends("image", id="7", MediaId="M1", PicUrl="http://p") for _ in range(3)]
    assert answers[0].startswith("已收到图片，会随投诉一起提交。请接着回答上面的问题。")
    assert answers[0].endswith("1. 湛河区")
    assert set(answers) == {answers[0]}
    while await fetcher.round():
        pass
    [row] = await kept(desk)
    assert (row.state, fetcher.files.read(row.key)) == (Stored.STORED, JPEG)
    assert await phone.writes("1") == "echo /inform"
    assert [asking.text for asking in dialogue.askings] == ["我要投诉", "/inform"]


async def test_a_program_that_calls_itself_a_picture_is_refused_and_the_person_hears_of_it(
    phone: Phone,
    desk: Desk,
    channel: WeChatChannel,
    fake: FakeWeChat,
    fetcher: Fetcher,
    clock: HandClock,
) -> None:
    fake.account.stores("M1", "image/jpeg", EXE)
    fake.account.writes("oU1")
    await phone.sends("image", MediaId="M1", PicUrl="http://p")
    await fetcher.round()
    clock.advance(timedelta(seconds=channel.passive_grace + 1))
    await deliver(desk, [channel], lambda: 0.5)
    assert "没有收下" in str(fake.account.people["oU1"].received)
    assert list(fetcher.files) == []


async def test_a_file_is_listed_and_told_that_wechat_does_not_give_it(phone: Phone, desk: Desk) -> None:
    answer = await phone.sends("file", Title="../执照.pdf", FileTotalLen="10")
    assert answer.startswith("没有收下这个文件：微信不把文件提供给公众号。请改发图片")
    [row] = await kept(desk)
    assert (row.state, row.name, row.size) == (Stored.REFUSED, "执照.pdf", 10)


async def test_a_video_is_told_to_be_sent_as_a_picture(phone: Phone, desk: Desk) -> None:
    assert "收不了视频" in await phone.sends("video", MediaId="m", ThumbMediaId="t")
    assert await kept(desk) == []


async def test_a_picture_is_answered_in_the_very_transaction_that_stores_it(phone: Phone, desk: Desk) -> None:
    await phone.sends("image", MediaId="M1", PicUrl="http://p")
    async with desk.database.read() as session:
        rows = (await session.scalars(select(Message).order_by(Message.id))).all()
    assert [(row.author, row.turn) for row in rows] == [
        (Author.PERSON, Turn.DONE),
        (Author.SYSTEM, Turn.NONE),
    ]


async def test_after_three_days_wechat_has_it_no_more(
    phone: Phone, desk: Desk, fake: FakeWeChat, fetcher: Fetcher, clock: HandClock
) -> None:
    fake.account.stores("M1", "image/jpeg", JPEG)
    await phone.sends("image", MediaId="M1", PicUrl="http://p")
    clock.advance(timedelta(days=3, seconds=1))
    await fetcher.round()
    [row] = await kept(desk)
    assert (row.state, row.reason) == (Stored.FAILED, "附件在微信上已经过期或不存在。")


async def test_what_does_not_come_says_why(fake: FakeWeChat) -> None:
    fake.account.stores("M1", "image/jpeg", b"x" * 3001)
    fake.account.stores("M2", "video/link", b"http://example.org/v.mp4")
    fake.account.stores("M3", "image/jpeg", JPEG)
    async with connected(fake) as ours:
        files = WeChatFiles(ours.api)
        assert await files.fetch("M1", 3000) == TooLarge()
        assert isinstance(await files.fetch("M2", 3000), Gone)
        assert isinstance(await files.fetch("lost", 3000), Gone)
        for fault, kind in (
            (Fault(MEDIA, code=48001), Gone),
            (Fault(MEDIA, code=-1), NotYet),
            (Fault(MEDIA, status=502), NotYet),
        ):
            fake.fault(fault)
            assert isinstance(await files.fetch("M3", 3000), kind)
        assert await files.fetch("M3", 3000) == Fetched(JPEG)
