"""A pusher by others: Node encrypts with two libraries that we did not write, the running product answers, both read it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from connectors.wechat.conversation import UNHEARD, WELCOME
from conversations.models import Author, Message
from store.database import Database
from tests.connectors.served import served
from tests.connectors.wechat.forging import APP_ID
from tests.connectors.wechat.gateway import SlowModel, gateway
from tests.connectors.wechat.vectors import KEY, TOKEN
from tests.peers.node import PEERS, node

NODE_PEERS = ("@wecom/crypto", "wechat-crypto")
ODD = "企业开户 😀 a&b <b> ]]"


@pytest.fixture
def model() -> SlowModel:
    return SlowModel()


@pytest.fixture
def webhook(tmp_path: Path, database_url: str, model: SlowModel) -> Iterator[str]:
    """The product on SQLite, then on PostgreSQL; nothing is sent through WeChat's API here."""
    with (
        served(model.app()) as rasa,
        gateway(tmp_path, database=database_url, model=rasa, api="http://127.0.0.1:9", later=False) as url,
    ):
        yield url


async def pushed(url: str, *pushes: dict[str, Any]) -> list[dict[str, Any]]:
    """What came back for each push, one after the other."""
    process = await asyncio.create_subprocess_exec(
        node("@wecom/crypto"), "--no-deprecation", str(PEERS / "push-wechat.mjs"), url, TOKEN, KEY, APP_ID,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate(json.dumps(pushes).encode())
    assert process.returncode == 0
    answers: list[dict[str, Any]] = json.loads(out)
    return answers


def push(peer: str, kind: str, **fields: str) -> dict[str, Any]:
    """A push of a person that is the peer's own."""
    return {
        "peer": peer,
        "openid": f"o-{peer.strip('@').replace('/', '-')}",
        "fields": {"MsgType": kind, **fields},
    }


def said(answer: dict[str, Any], openid: str) -> str:
    """The text of a reply, the same to both peers and rightly addressed and signed."""
    assert (answer["status"], answer["type"].partition(";")[0]) == (200, "text/xml")
    first, second = answer["replies"]
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert first["signed"]
    assert first["ours"]
    assert (first["to"], first["from"], first["type"]) == (openid, "gh_1", "text")
    assert first["seconds"] < 60
    content: str = first["content"]
    return content


@pytest.mark.parametrize("peer", NODE_PEERS)
async def test_what_node_pushes_is_answered_so_that_node_reads_it(
    peer: str, webhook: str, database: Database, model: SlowModel
) -> None:
    pushes = [
        push(peer, "event", Event="subscribe", EventKey=""),
        push(peer, "text", Content=ODD, MsgId="6054768590064713728"),
        push(peer, "text", Content=ODD, MsgId="6054768590064713728"),
        push(peer, "voice", MediaId="m", Format="amr", Recognition="停水了", MsgId="6054768590064713729"),
        push(peer, "voice", MediaId="m", Format="amr", Recognition="", MsgId="6054768590064713730"),
        push(peer, "event", Event="CLICK", EventKey="human"),
    ]
    answers = await pushed(webhook, *pushes)
    texts = [said(answer, pushes[0]["openid"]) for answer in answers]
    assert texts == [WELCOME, f"答：{ODD}", f"答：{ODD}", "答：停水了", UNHEARD, "答：转人工"]
    assert model.asked == [ODD, "停水了", "转人工"]
    async with database.read() as session:
        counted = await session.execute(select(Message.author, func.count()).group_by(Message.author))
        assert dict(counted.all()) == {Author.PERSON: 4, Author.BOT: 3, Author.SYSTEM: 1}


@pytest.mark.parametrize("peer", NODE_PEERS)
async def test_what_has_no_answer_is_acknowledged_and_what_is_forged_refused(
    peer: str, webhook: str, model: SlowModel
) -> None:
    answers = await pushed(
        webhook,
        push(peer, "event", Event="unsubscribe", EventKey=""),
        push(peer, "event", Event="VIEW", EventKey="https://a.example"),
        {**push(peer, "text", Content="你好", MsgId="1"), "forged": True},
    )
    assert [(answer["status"], answer["body"]) for answer in answers] == [
        (200, "success"), (200, "success"), (403, "refused"),
    ]  # fmt: skip
    assert model.asked == []
