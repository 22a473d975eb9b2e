"""Pictures and files from Telegram into the folder, over the failing API."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.telegram.account import Account
from connectors.telegram.channel import TelegramChannel
from connectors.telegram.client import Client
from connectors.telegram.conversation import Conversation
from connectors.telegram.fetching import TelegramFiles
from connectors.telegram.files import Files as Api
from connectors.telegram.line import Line
from connectors.telegram.updates import read_update
from conversations.models import Attachment, Message, Stored
from desk.delivery import deliver
from desk.desk import Desk
from desk.fetching import Fetcher
from desk.ports import FetchResult, Gone, NotYet, TooLarge
from store.files import Files
from tests.connectors.telegram.faults import TOKEN, Faults
from tests.files_sent import EXE, JPEG, PDF


def update(number: int, **content: object) -> dict[str, object]:
    person = {"id": 55, "is_bot": False, "first_name": "李"}
    message = {
        "message_id": number,
        "date": 1_795_413_600,
        "chat": {"id": 55, "type": "private"},
        "from": person,
    }
    return {"update_id": number, "message": {**message, **content}}


PHOTO = [{"file_id": "small", "width": 90, "height": 90}, {"file_id": "large", "width": 900, "height": 900}]


@pytest.fixture
def fetcher(desk: Desk, line: Line, tmp_path: Path) -> Fetcher:
    return Fetcher(desk, TelegramFiles(Api(line)), Files(tmp_path), None, lambda: 1.0)


async def test_what_an_update_brings_is_fetched_kept_or_refused_and_told(
    desk: Desk, client: Client, line: Line, faults: Faults, fetcher: Fetcher
) -> None:
    conversation = Conversation(desk, client, Account(line), max_letters=100)
    faults.files.update({"large": (len(JPEG), JPEG), "pdf": (len(PDF), PDF), "exe": (len(EXE), EXE)})
    updates = [
        update(1, photo=PHOTO),
        update(2, document={"file_id": "pdf", "file_name": "../../合同.pdf", "mime_type": "application/pdf"}),
        update(3, document={"file_id": "exe", "file_name": "现场.jpg", "mime_type": "image/jpeg"}),
    ]
    for one in updates * 2:
        incoming = read_update(one, bot="QifuBot", received=desk.clock())
        assert incoming is not None
        await conversation.accept(incoming)
    while await fetcher.round():
        pass
    await deliver(desk, [TelegramChannel(client)], lambda: 0.5)
    async with desk.database.read() as session:
        rows = (await session.scalars(select(Attachment).order_by(Attachment.message_id))).all()
        assert len((await session.scalars(select(Message).where(Message.author == "person"))).all()) == 3
    assert [(row.name, row.state, row.media_type) for row in rows] == [
        ("", Stored.STORED, "image/jpeg"),
        ("合同.pdf", Stored.STORED, "application/pdf"),
        ("现场.jpg", Stored.REFUSED, ""),
    ]
    assert [fetcher.files.read(row.key) for row in rows] == [JPEG, PDF, None]
    texts = [call["text"] for call in faults.of("sendMessage")]
    assert len(texts) == 4
    assert texts[-1].startswith("您发来的文件“现场.jpg”没有收下：只收图片")
    assert TOKEN not in "".join(row.source + row.reason for row in rows)


@pytest.mark.parametrize(
    ("source", "kind"), [("huge", TooLarge), ("told", TooLarge), ("liar", TooLarge), ("lost", Gone)]
)
async def test_what_does_not_come_says_why(
    source: str, kind: type[FetchResult], line: Line, faults: Faults
) -> None:
    faults.files.update({"told": (30_000_000, b""), "liar": (1, b"x" * 3001)})
    assert isinstance(await TelegramFiles(Api(line)).fetch(source, 3000), kind)


async def test_a_token_that_is_not_known_is_for_the_operator_and_the_file_may_come_later(faulty: str) -> None:
    line = Line("1:wrong-token-of-some-length", base_url=faulty)
    assert await TelegramFiles(Api(line)).fetch("f", 3000) == NotYet(
        "Telegram 不认机器人的令牌，请管理员检查设置。"
    )
    await line.close()


async def test_where_telegram_is_away_the_file_may_come_later() -> None:
    line = Line(TOKEN, base_url="http://127.0.0.1:9")
    assert isinstance(await TelegramFiles(Api(line)).fetch("f", 3000), NotYet)
    await line.close()
