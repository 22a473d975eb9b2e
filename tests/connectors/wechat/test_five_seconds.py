"""WeChat hangs up after five seconds and tries three times: against the running product, in real seconds."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from connectors.wechat.conversation import STILL_LOOKING
from connectors.wechat.crypto import aes_key, decrypt
from connectors.wechat.xml import read_fields, write_fields
from conversations.models import Author, Delivery, Message
from store.clock import utc_now
from store.database import Database
from tests.connectors.served import served as serve_app
from tests.connectors.wechat.fake_account import Account
from tests.connectors.wechat.fake_api import FakeWeChat, served
from tests.connectors.wechat.forging import APP_ID, cipher_of, sealed_body, sealed_query
from tests.connectors.wechat.gateway import SECRET, SlowModel, gateway
from tests.connectors.wechat.vectors import KEY

CUT_SECONDS = 5.0
ATTEMPTS = 3
_PATIENCE_SECONDS = 60.0
CUT, SUCCESS, ANSWER = "cut", "", "answer"
LATER, ONLY_REPLIES = True, False
# By the kind of account and the seconds that the dialogue takes: what the attempts get. What an account that can
# reply later does not answer in time it acknowledges, and sends by itself.
GOT = {
    (LATER, 3.0): [ANSWER],
    (LATER, 4.9): [SUCCESS],
    (LATER, 7.0): [SUCCESS],
    (LATER, 12.0): [SUCCESS],
    (LATER, 20.0): [SUCCESS],
    (ONLY_REPLIES, 3.0): [ANSWER],
    (ONLY_REPLIES, 4.9): [CUT, ANSWER],
    (ONLY_REPLIES, 7.0): [CUT, ANSWER],
    (ONLY_REPLIES, 12.0): [CUT, CUT, ANSWER],
    (ONLY_REPLIES, 20.0): [CUT, CUT, STILL_LOOKING],
}
_NUMBERS = count(6054768590064713000)


@dataclass
class WeChat:
    """WeChat's servers for one person."""

    url: str
    openid: str
    types: set[str] = field(default_factory=set)

    async def push(self, text: str) -> list[str]:
        """What each attempt to deliver a text gets; the last one is what the person sees."""
        number, got = str(next(_NUMBERS)), list[str]()
        while not got or (got[-1] == CUT and len(got) < ATTEMPTS):
            got.append(await self._attempt(text, number))
        return got

    async def _attempt(self, text: str, number: str) -> str:
        second = str(int(utc_now().timestamp()))
        cipher = cipher_of(
            write_fields(
                [("ToUserName", "gh_1"), ("FromUserName", self.openid), ("CreateTime", second),
                 ("MsgType", "text"), ("Content", text), ("MsgId", number)]
            )
        )  # fmt: skip
        query = sealed_query(cipher, timestamp=second)
        # A connection of its own for each attempt; to leave the block is to hang up.
        async with httpx.AsyncClient(timeout=None, trust_env=False) as http:
            try:
                async with asyncio.timeout(CUT_SECONDS):
                    response = await http.post(self.url, params=query, content=sealed_body(cipher))
            except TimeoutError:
                return CUT
        assert response.status_code == 200
        self.types.add(response.headers["content-type"].partition(";")[0])
        if response.text == "success":
            return SUCCESS
        sealed = read_fields(response.content)["Encrypt"]
        return read_fields(decrypt(sealed, key=aes_key(KEY), app_id=APP_ID))["Content"]


@dataclass
class Product:
    """A running product, its database and what it talks to."""

    url: str
    database: str
    model: SlowModel
    api: FakeWeChat

    async def replies(self) -> list[tuple[str, Delivery]]:
        """What we have said, and what became of it."""
        database = Database(self.database)
        try:
            async with database.read() as session:
                ours = select(Message).where(Message.author != Author.PERSON).order_by(Message.id)
                return [(row.text, row.delivery) for row in await session.scalars(ours)]
        finally:
            await database.close()


@pytest.fixture
def products(tmp_path: Path, sqlite_template: Path) -> Iterator[dict[bool, Product]]:
    """One of an account that can reply later, and one of an account that cannot."""
    with ExitStack() as stack:
        made = {}
        for later in (LATER, ONLY_REPLIES):
            file, model = tmp_path / f"{later}.db", SlowModel()
            shutil.copy(sqlite_template, file)
            api = stack.enter_context(served(FakeWeChat(Account(utc_now, app_id=APP_ID, secret=SECRET))))
            rasa = stack.enter_context(serve_app(model.app()))
            database = f"sqlite:///{file}"
            running = gateway(tmp_path, database=database, model=rasa, api=api.address, later=later)
            made[later] = Product(stack.enter_context(running), database, model, api)
        yield made


async def test_however_late_the_answer_there_is_one_turn_and_it_arrives_once(
    products: dict[bool, Product],
) -> None:
    people = [WeChat(products[later].url, f"o{number}") for number, (later, _) in enumerate(GOT)]
    cases = list(zip(people, GOT, strict=True))
    got = await asyncio.gather(*(_asks(person, products[case[0]], case[1]) for person, case in cases))
    for (person, case), answers in zip(cases, got, strict=True):
        text, *cuts, last = answer(case[1]), *answers
        expected = GOT[case]
        assert set(cuts) <= {CUT}, case
        # A machine that has much else to do may miss a moment once.
        assert len(expected) <= len(answers) <= len(expected) + 1, case
        sent = products[case[0]].api.texts(person.openid)
        if expected == [SUCCESS]:
            assert sorted([last, *sent]) in ([text], [SUCCESS, text]), case
        else:
            assert (last, sent) == (text if expected[-1] == ANSWER else expected[-1], []), case
        assert person.types <= {"text/xml", "text/plain"}
    for later, product in products.items():
        said = [question(seconds) for kind, seconds in GOT if kind == later]
        said += ["好了吗"] * (not later)
        assert sorted(product.model.asked) == sorted(said)
        replies = await product.replies()
        assert sorted(replies) == sorted((f"答：{text}", Delivery.SENT) for text in said)


async def _asks(person: WeChat, product: Product, seconds: float) -> list[str]:
    """What the attempts got, once all has come to its end."""
    product.api.account.writes(person.openid)
    got = await person.push(question(seconds))
    until = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while (answer(seconds), Delivery.SENT) not in (replies := await product.replies()):
        assert asyncio.get_running_loop().time() < until, (seconds, got, replies)
        if got[-1] in (STILL_LOOKING, CUT) and (answer(seconds), Delivery.PENDING) in replies:
            # It is parked, and the next message fetches it.
            assert await person.push("好了吗") == [f"{answer(seconds)}\n\n答：好了吗"]
        await asyncio.sleep(0.2)
    return got


def question(seconds: float) -> str:
    """What makes the model think so long."""
    return f"想 {seconds} 秒"


def answer(seconds: float) -> str:
    """What it then says."""
    return f"答：{question(seconds)}"
