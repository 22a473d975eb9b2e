"""A morning at the staff desk: threads of every kind, written into the database before the product is started."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.prepare import prepare
from app.settings import Settings
from conversations.mentions import call
from conversations.models import (
    Attachment,
    Author,
    Delivery,
    Holder,
    Message,
    Note,
    NoteKind,
    QuotaWindow,
    Stored,
    Thread,
)
from conversations.threads import open_thread
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.models import Account, CannedReply
from staff.passwords import Hashing
from staff.roles import Role
from store.clock import utc_now
from store.database import Database
from store.files import Files
from store.ids import new_id
from tests.conftest import ARTICLES
from tickets.models import Kind
from tickets.tickets import Draft, open_ticket

PASSWORD = "green tea river 88"
PEOPLE = (
    ("zhang.san", "张珊", Role.AGENT),
    ("li.si", "李思远", Role.AGENT),
    ("chen.chen", "陈晨", Role.SUPERVISOR),
)
_CANNED = (
    (None, "问候", "开头", "您好，我是{坐席}，正在看您的问题，请稍等。"),
    (None, "工单在办", "进度", "{企业}的工单 {工单号} 正在办理，有结果会在这里告诉您。"),
    ("zhang.san", "等材料", "", "请把营业执照拍照发到这里。"),
)
_ANSWER = """【企业用水报装·办理流程】
用水报装共2个环节。
1. 申请受理：可通过营业网点申请。
2. 勘验开通：勘验现场、接通供水。

依据：《全市优化营商环境工作情况通报》（平顶山市，2021-12-17）"""


def _picture(width: int, height: int) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes((201, 220, 222)) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


_PICTURE = _picture(240, 160)


@dataclass
class _Scene:
    session: AsyncSession
    now: datetime
    staff: dict[str, str]

    async def thread(self, channel: str, address: str, **values: Any) -> str:
        thread = await open_thread(
            self.session, channel=channel, address=address, at=self.now - timedelta(days=1), new_id=new_id
        )
        for name, value in values.items():
            setattr(thread, name, value)
        await self.session.flush()
        return thread.id

    async def say(self, thread_id: str, author: Author, text: str, ago: timedelta, **values: Any) -> Message:
        thread = await self.session.get_one(Thread, thread_id)
        thread.last_message_at = self.now - ago
        if author is not Author.PERSON:
            values = {"delivery": Delivery.SENT, **values}
        message = Message(
            thread_id=thread_id, author=author, channel=thread.channel, text=text,
            external_id=new_id(), created_at=self.now - ago, **values,
        )  # fmt: skip
        self.session.add(message)
        await self.session.flush()
        return message

    async def note(
        self, thread_id: str, kind: NoteKind, by: str, after: Message, ago: timedelta, **values: Any
    ) -> None:
        self.session.add(
            Note(thread_id=thread_id, kind=kind, by=by, after_id=after.id, at=self.now - ago, **values)
        )
        await self.session.flush()

    async def ticket(self, message: Message, enterprise: str, subject: str) -> str:
        thread = await self.session.get_one(Thread, message.thread_id)
        ticket = await open_ticket(
            self.session,
            Draft(
                Kind.COMPLAINT, enterprise, None, "王建国", "+8613837512345", "新华区", subject,
                "厂区已停水两天，影响生产。", "尽快恢复供水", confidential=False,
            ),
            prefix="PDS", person_id=thread.person_id, thread_id=thread.id, confirmed_by=message.id,
            at=message.created_at, new_id=new_id,
        )  # fmt: skip
        return ticket.number


async def set_scene(folder: Path, article: str = "water-connection") -> None:
    """Accounts with `PASSWORD`, and threads: one that waits, one in hand, one with the bot, one that is over."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(data=folder)
    await prepare(settings, utc_now, ARTICLES)
    database = Database(settings.database_url())
    async with database.write() as session:
        staff = await _employ(session)
        scene = _Scene(session, utc_now(), staff)
        await _waiting(scene, article)
        await _in_hand(scene)
        await _others(scene)
        await _at_work(scene, Files(settings.attachments_folder()))
    await database.close()


async def _employ(session: AsyncSession) -> dict[str, str]:
    hashing, staff = Hashing(), {}
    hashed = await hashing.hash(PASSWORD)
    for username, name, role in PEOPLE:
        profile = Profile(name, "hotline", frozenset({role}))
        await accounts.add(
            session, COMMAND_LINE, username, profile, hashing.issue(), id=username, at=utc_now()
        )
        await session.flush()
        await session.execute(
            update(Account)
            .where(Account.username == username)
            .values(password_hash=hashed, password_is_one_time=False)
        )
        staff[username] = username
    return staff


async def _waiting(scene: _Scene, article: str) -> None:
    minutes = timedelta(minutes=1)
    thread = await scene.thread(
        "wechat", "wx-1", holder=Holder.WAITING, waiting_since=scene.now - 12 * minutes
    )
    filed = await scene.say(thread, Author.PERSON, "确认提交", 26 * 60 * minutes)
    number = await scene.ticket(filed, "平顶山市瑞丰机械有限公司", "供水")
    await scene.say(
        thread, Author.BOT, f"您的投诉已提交，工单编号 {number}，当前状态：待受理。", 26 * 60 * minutes,
        answers_id=filed.id, detail={"outcome": "ticket", "ticket": number},
    )  # fmt: skip
    asked = await scene.say(thread, Author.PERSON, "用水报装怎么办", 15 * minutes)
    await scene.say(
        thread, Author.BOT, _ANSWER, 15 * minutes, answers_id=asked.id,
        detail={"outcome": "answered", "article": article, "aspect": "process"},
        buttons=[{"title": "所需材料", "payload": "x"}, {"title": "办理时限", "payload": "y"}],
    )  # fmt: skip
    asked = await scene.say(thread, Author.PERSON, "我们是临时用水，老厂房没有产权证能报吗", 13 * minutes)
    await scene.say(
        thread, Author.BOT, "知识库里没有关于这个问题的可靠答案，不好随意答复您。可以转人工，或者登记一张诉求工单。",
        13 * minutes, answers_id=asked.id, detail={"outcome": "unknown"},
    )  # fmt: skip
    asked = await scene.say(thread, Author.PERSON, "转人工", 12 * minutes)
    await scene.say(
        thread, Author.BOT, "已为您转人工，正在排队等待工作人员接入。请先把问题写在这里。", 12 * minutes,
        answers_id=asked.id, detail={"outcome": "handoff"},
    )  # fmt: skip
    await scene.say(thread, Author.PERSON, "麻烦快一点，施工队明天就进场了", 3 * minutes)
    window = QuotaWindow(
        channel="wechat", address="wx-1", kind="message", remaining=3,
        expires_at=scene.now + timedelta(hours=46, minutes=30),
    )  # fmt: skip
    scene.session.add(window)


async def _in_hand(scene: _Scene) -> None:
    minutes = timedelta(minutes=1)
    thread = await scene.thread(
        "telegram", "tg-1", holder=Holder.STAFF, staff="li.si", taken_at=scene.now - 30 * minutes
    )
    filed = await scene.say(thread, Author.PERSON, "停气两天了，食堂没法做饭", 50 * minutes)
    await scene.ticket(filed, "河南华诚纺织有限责任公司", "供气")
    await scene.note(thread, NoteKind.TAKEN, "li.si", filed, 30 * minutes)
    await scene.say(
        thread, Author.STAFF, "您好，我是企业服务专员李思远，正在联系燃气公司。", 29 * minutes, detail={"staff": "li.si"}
    )  # fmt: skip
    last = await scene.say(thread, Author.PERSON, "好的，谢谢，大概几点能通", 27 * minutes)
    await scene.note(
        thread, NoteKind.WRITTEN, "li.si", last, 26 * minutes,
        text="燃气公司说管网抢修，下午四点前恢复。@zhang.san 帮忙盯一下", mentions=["zhang.san"],
    )  # fmt: skip
    await scene.say(
        thread, Author.STAFF, "燃气公司正在抢修，预计下午四点前恢复，到时我再告诉您。", 20 * minutes,
        detail={"staff": "li.si"}, delivery=Delivery.FAILED, reason="Telegram 一直没有接受这条消息", attempts=9,
    )  # fmt: skip


async def _at_work(scene: _Scene, files: Files) -> None:
    """Somebody is called, a picture came, and two replies are kept."""
    note = (await scene.session.scalars(select(Note).where(Note.kind == NoteKind.WRITTEN))).one()
    call(scene.session, note, ["zhang.san"])
    asked = (await scene.session.scalars(select(Message).where(Message.text.contains("施工队")))).one()
    key = new_id()
    file = Attachment(
        id=new_id(), message_id=asked.id, thread_id=asked.thread_id, talk=1, channel="wechat", source="media-1",
        noun="图片", name="厂房平面图.png", state=Stored.STORED, media_type="image/png", size=len(_PICTURE), key=key,
        scanned=True, created_at=asked.created_at,
    )  # fmt: skip
    scene.session.add(file)
    files.put(key, _PICTURE)
    for owner, title, category, text in _CANNED:
        scene.session.add(
            CannedReply(
                id=new_id(), owner=owner, title=title, category=category, text=text, uses=3 if owner else 12,
                changed_at=scene.now, changed_by="chen.chen",
            )
        )  # fmt: skip


async def _others(scene: _Scene) -> None:
    minutes = timedelta(minutes=1)
    thread = await scene.thread("web", "web-1")
    asked = await scene.say(thread, Author.PERSON, "高新技术企业认定要什么材料", 8 * minutes)
    await scene.say(
        thread, Author.BOT, "【高新技术企业认定·所需材料】\n请准备下面的材料。", 8 * minutes,
        answers_id=asked.id, detail={"outcome": "answered"},
    )  # fmt: skip
    thread = await scene.thread(
        "web", "web-2", staff="zhang.san", ended_at=scene.now - 90 * minutes, staff_seen=10**6
    )
    asked = await scene.say(thread, Author.PERSON, "谢谢，明白了", 95 * minutes)
    await scene.note(thread, NoteKind.HANDED_BACK, "zhang.san", asked, 90 * minutes)
