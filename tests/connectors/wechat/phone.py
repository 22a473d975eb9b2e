"""A person's phone on our webhook: what they do becomes pushes, what we answer is read as WeChat reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from connectors.wechat.answers import Answers, Patience
from connectors.wechat.channel import WeChatChannel
from connectors.wechat.conversation import NO_SCENES
from connectors.wechat.crypto import Account, decrypt
from connectors.wechat.crypto import aes_key as key_of
from connectors.wechat.notices import TicketNotices
from connectors.wechat.replies import SUCCESS
from connectors.wechat.routes import PATH, wechat_router
from connectors.wechat.xml import read_fields, write_fields
from conversations.models import Author, Message
from desk.desk import Desk
from desk.journal import Journal
from tests.connectors.wechat.forging import ACCOUNT, APP_ID, cipher_of, plain_query, sealed_body, sealed_query
from tests.connectors.wechat.vectors import KEY

PERSON = "oU1"
# Nothing is timed: who waits so long has waited in vain.
LONG = Patience(ready=60.0, cut=0.1)
# Over before any turn can be taken.
SHORT = Patience(ready=0.0, cut=0.1)
_NUMBERS = count(6054768590064713000)


@dataclass
class Phone:
    """`openid`'s phone. `clock` tells the second of a push; `answers` is the process that it reaches."""

    http: httpx.AsyncClient
    clock: object
    answers: Answers
    openid: str = PERSON
    seen: list[httpx.Response] = field(default_factory=list)

    async def writes(self, text: str, *, id: str = "", **fields: str) -> str:
        """What is answered to a text; empty for `success`. `id`: the MsgId, the same for attempts of one message."""
        return await self.sends("text", id=id, Content=text, **fields)

    async def sends(self, kind: str, *, id: str = "", **fields: str) -> str:
        """What is answered to a message of a kind."""
        return await self.push(MsgType=kind, **fields, MsgId=id or str(next(_NUMBERS)))

    async def does(self, event: str, **fields: str) -> str:
        """What is answered to an event."""
        return await self.push(MsgType="event", Event=event, **fields)

    async def push(self, **fields: str) -> str:
        """What is answered to one attempt, in secure mode."""
        cipher = cipher_of(self.xml(**fields))
        query = sealed_query(cipher, timestamp=self.second())
        response = await self.http.post(PATH, params=query, content=sealed_body(cipher))
        self.seen.append(response)
        assert response.status_code == 200
        if response.text == SUCCESS:
            return ""
        sealed = read_fields(response.content)["Encrypt"]
        reply = read_fields(decrypt(sealed, key=key_of(KEY), app_id=APP_ID))
        assert (reply["ToUserName"], reply["FromUserName"], reply["MsgType"]) == (self.openid, "gh_1", "text")
        assert len(reply["Content"].encode()) <= 2048
        return reply["Content"]

    def xml(self, **fields: str) -> str:
        """A push as WeChat writes it."""
        head = {
            "ToUserName": "gh_1",
            "FromUserName": self.openid,
            "CreateTime": self.second(),
        }
        return write_fields(list({**head, **fields}.items()))

    def query(self) -> dict[str, str]:
        """The signed query of a push in plaintext, of this second."""
        return plain_query(timestamp=self.second())

    def second(self) -> str:
        """The second of a push as its query has it."""
        return str(int(self.now().timestamp()))

    def now(self) -> datetime:
        """The second of a push."""
        assert callable(self.clock)
        now: datetime = self.clock()
        return now


@asynccontextmanager
async def phone_of(
    desk: Desk,
    channel: WeChatChannel,
    *,
    patience: Patience = LONG,
    account: Account = ACCOUNT,
    notices: TicketNotices | None = None,
    journal: Journal | None = None,
    scenes: Mapping[str, str] = NO_SCENES,
) -> AsyncIterator[Phone]:
    """A phone that reaches a process of ours."""
    answers = Answers(
        desk,
        channel,
        max_letters=1000,
        unfollow_grace=timedelta(hours=24),
        patience=patience,
        notices=notices,
        journal=journal,
        scenes=scenes,
    )
    app = FastAPI()
    app.include_router(wechat_router(account, answers, clock=desk.clock))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://qifu") as http:
        yield Phone(http, desk.clock, answers)
        await answers.close()


async def rows(desk: Desk, author: Author = Author.BOT) -> list[Message]:
    """What an author has said, in order."""
    async with desk.database.read() as session:
        found = await session.scalars(select(Message).where(Message.author == author).order_by(Message.id))
        return list(found)


async def plain(phone: Phone, **fields: str) -> httpx.Response:
    """A push in plaintext."""
    return await phone.http.post(PATH, params=phone.query(), content=phone.xml(**fields).encode())
