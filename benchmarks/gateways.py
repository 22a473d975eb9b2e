"""What the benchmark of webhooks loads, each as a process of its own, and the pushes that it is sent."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exists, func, select, update

from app.scratch import free_port
from benchmarks.pushes import CONNECTIONS
from benchmarks.systems import await_ok, cpu, end, start, tree
from connectors.telegram.routes import PATH as TELEGRAM_PATH
from connectors.wechat.crypto import RANDOM_BYTES, aes_key, encrypt, sign
from connectors.wechat.routes import PATH as WECHAT_PATH
from connectors.wechat.xml import write_fields
from conversations.models import Arrival, Author, Holder, Message, Thread
from conversations.threads import open_thread
from store.clock import utc_now
from store.database import Database
from store.ids import new_id

TOKEN, KEY, APP_ID = "benchmark", "B" * 43, "wx0123456789abcdef"
SECRET = "benchmark-secret"
_TEXT = "供电公司报装拖了半个月都不给我们厂送电，请问什么时候能有结果？"
_PLACING_SECONDS = 120.0
_SECRET_KEY = aes_key(KEY)

Make = Callable[[int], bytes]  # the number of a push in; the whole request out


def wechat_push(number: int) -> bytes:
    """An encrypted push of a text, as WeChat sends it."""
    now, nonce = str(int(time.time())), secrets.token_hex(5)
    fields = {
        "ToUserName": "gh_1", "FromUserName": f"oBench{number % CONNECTIONS:03}", "CreateTime": now, "MsgType": "text",
        "Content": _TEXT, "MsgId": str(10**18 + number),
    }  # fmt: skip
    xml = write_fields(list(fields.items())).encode()
    cipher = encrypt(xml, key=_SECRET_KEY, app_id=APP_ID, random=os.urandom(RANDOM_BYTES))
    query = (
        f"signature={sign(TOKEN, now, nonce)}&timestamp={now}&nonce={nonce}&encrypt_type=aes"
        f"&msg_signature={sign(TOKEN, now, nonce, cipher)}"
    )
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode()
    return _request(f"{WECHAT_PATH}?{query}", body, "Content-Type: text/xml")


def telegram_push(number: int) -> bytes:
    """An update with a text, as Telegram sends it."""
    person = 10**9 + number % CONNECTIONS
    message = {
        "message_id": number, "date": int(time.time()), "text": _TEXT, "chat": {"id": person, "type": "private"},
        "from": {"id": person, "is_bot": False, "first_name": "李", "language_code": "zh-hans"},
    }  # fmt: skip
    body = json.dumps({"update_id": 10**8 + number, "message": message}).encode()
    headers = f"Content-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}"
    return _request(TELEGRAM_PATH, body, headers)


class Gateway:
    """A running webhook: where it is, what it costs, and how many of the pushes it holds."""

    def __init__(self, name: str, url: str, pid: int, database_url: str = "") -> None:
        self.name = name
        self.url = url
        self.stores = bool(database_url)
        self._pid = pid
        self._database_url = database_url

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return sum(map(cpu, tree(self._pid)))

    async def settled(self) -> None:
        """Returns when nothing of the journal waits any more; TimeoutError after two minutes."""
        if not self.stores:
            return
        database = Database(self._database_url)
        async with asyncio.timeout(_PLACING_SECONDS):
            while await _waits(database):
                await asyncio.sleep(0.2)
        await database.close()

    async def stored(self) -> int:
        """How many messages are in their threads."""
        database = Database(self._database_url)
        async with database.read() as session:
            count = await session.scalar(select(func.count()).where(Message.author == Author.PERSON))
        await database.close()
        return int(count or 0)


@contextmanager
def ours(kind: str, database_url: str, folder: Path) -> Iterator[Gateway]:
    """`qifu serve` with both channels, without a Rasa. Every thread is held by staff: no turn of the bot is needed."""
    port, api_port = free_port(), free_port()
    api = f"http://127.0.0.1:{api_port}"
    environment = {
        "QIFU_DATA": str(folder), "QIFU_DATABASE": database_url, "QIFU_PORT": str(port),
        "QIFU_RASA_URL": "http://127.0.0.1:9", "QIFU_WECHAT_APP_ID": APP_ID, "QIFU_WECHAT_APP_SECRET": "s" * 32,
        "QIFU_WECHAT_TOKEN": TOKEN, "QIFU_WECHAT_AES_KEY": KEY, "QIFU_WECHAT_API_URL": api,
        "QIFU_TELEGRAM_TOKEN": "1:benchmark", "QIFU_TELEGRAM_API_URL": api, "QIFU_TELEGRAM_WEBHOOK_SECRET": SECRET,
        "QIFU_TELEGRAM_WEBHOOK_URL": f"https://qifu.example.cn{TELEGRAM_PATH}",
    }  # fmt: skip
    asyncio.run(_staff_hold(database_url))
    apis = start([sys.executable, "-m", "benchmarks.stock.apis", str(api_port)], {}, folder / "apis.log")
    process = start([sys.executable, "-m", "app.cli", "serve"], environment, folder / "serve.log")
    url = f"http://127.0.0.1:{port}"
    try:
        await_ok(f"{url}/chat", process)
        yield Gateway(f"ours, {kind}", url, process.pid, database_url)
    finally:
        end(process, signal.SIGINT)
        end(apis, signal.SIGINT)


@contextmanager
def bare(folder: Path) -> Iterator[Gateway]:
    """wechatpy in a bare FastAPI app."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.stock.wechat", TOKEN, KEY, APP_ID, str(port)]
    process = start(command, {}, folder / "wechatpy.log")
    url = f"http://127.0.0.1:{port}"
    try:
        await_ok(f"{url}/docs", process)
        yield Gateway("bare wechatpy", url, process.pid)
    finally:
        end(process, signal.SIGINT)


async def _staff_hold(database_url: str) -> None:
    database = Database(database_url)
    async with database.write() as session:
        for number in range(CONNECTIONS):
            for channel, address in (("wechat", f"oBench{number:03}"), ("telegram", str(10**9 + number))):
                await open_thread(session, channel=channel, address=address, at=utc_now(), new_id=new_id)
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    await database.close()


async def _waits(database: Database) -> bool:
    async with database.read() as session:
        return bool(await session.scalar(select(exists().select_from(Arrival))))


def _request(target: str, body: bytes, headers: str) -> bytes:
    head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
