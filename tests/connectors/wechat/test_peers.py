"""Other people's implementations understand ours, and ours theirs: wechatpy, @wecom/crypto and wechat-crypto."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy import parse_message  # type: ignore[import-untyped]
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]
from wechatpy.exceptions import InvalidAppIdException  # type: ignore[import-untyped]
from wechatpy.replies import TextReply  # type: ignore[import-untyped]
from wechatpy.utils import check_signature  # type: ignore[import-untyped]

from connectors.wechat import pushes
from connectors.wechat.crypto import (
    Account,
    Opened,
    aes_key,
    decrypt,
    encrypt,
    open_push,
    seal,
    sign,
)
from connectors.wechat.messages import read_push
from connectors.wechat.replies import reply_body, text_reply
from connectors.wechat.xml import legal, read_fields
from tests.connectors.wechat.forging import (
    APP_ID,
    NONCE,
    NOW,
    RANDOM,
    TEXT,
    TIMESTAMP,
    plain_query,
    sealed_body,
    sealed_query,
)
from tests.connectors.wechat.vectors import OTHER_KEY, PUSH_JSON, PUSH_XML, REPLY_XML, TOKEN, Vector
from tests.peers.node import PEERS
from tests.peers.node import node as find_node

NODE_PEERS = ["@wecom/crypto", "wechat-crypto"]
ACCOUNT = Account(TOKEN, APP_ID, (OTHER_KEY,))
# Node reads UTF-8 back from what was UTF-8, and JSON lines hold no lone surrogates.
TEXTS = st.text(max_size=200) | st.sampled_from(["", "企业开户 😀", TEXT, "a" * 31, "a" * 32, "]]>", "\x00"])


class NodePeer:
    """The Node script as a process; one line is asked, one answered."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen(
            [program, "--no-deprecation", str(PEERS / "wechat-crypto.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def ask(self, peer: str, verb: str, **request: str) -> Any:
        """What the peer makes of it; the account's values are added."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = {"peer": peer, "verb": verb, "token": TOKEN, "key": OTHER_KEY, "id": APP_ID, **request}
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        return answer["value"]

    def close(self) -> None:
        """End the process."""
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def node() -> Iterator[NodePeer]:
    """The peers written for Node."""
    peer = NodePeer(find_node("@wecom/crypto"))
    yield peer
    peer.close()


@pytest.mark.parametrize("peer", NODE_PEERS)
@pytest.mark.parametrize("vector", [PUSH_JSON, PUSH_XML, REPLY_XML])
def test_the_peers_agree_with_the_vendor_too(node: NodePeer, peer: str, vector: Vector) -> None:
    given = {"timestamp": vector.timestamp, "nonce": vector.nonce, "cipher": vector.cipher}
    assert node.ask(peer, "sign", **given) == vector.signature
    opened = node.ask(peer, "decrypt", key="A" * 43, cipher=vector.cipher)
    assert opened["id"] == vector.app_id
    ours = decrypt(vector.cipher, key=aes_key("A" * 43), app_id=vector.app_id)
    assert opened["message"] == ours.decode()


@pytest.mark.parametrize("peer", NODE_PEERS)
@given(text=TEXTS)
@settings(deadline=None)
def test_what_we_seal_the_node_peers_open(node: NodePeer, peer: str, text: str) -> None:
    random = secrets.token_bytes(16)
    sealed = seal(ACCOUNT, text, key=aes_key(OTHER_KEY), now=NOW, nonce=NONCE, random=random)
    given = {"timestamp": TIMESTAMP, "nonce": NONCE, "cipher": sealed.cipher}
    assert node.ask(peer, "sign", **given) == sealed.signature
    opened = node.ask(peer, "decrypt", cipher=sealed.cipher)
    assert (opened["message"], opened["id"]) == (text, APP_ID)
    assert opened.get("random", random.hex()) == random.hex()


@pytest.mark.parametrize("peer", NODE_PEERS)
@given(text=TEXTS)
@settings(deadline=None)
def test_what_the_node_peers_seal_we_open(node: NodePeer, peer: str, text: str) -> None:
    cipher = node.ask(peer, "encrypt", message=text)
    query = sealed_query(cipher)
    query["msg_signature"] = node.ask(peer, "sign", timestamp=TIMESTAMP, nonce=NONCE, cipher=cipher)
    assert open_push(ACCOUNT, query, sealed_body(cipher), now=NOW).xml == text.encode()


@given(text=TEXTS, random=st.binary(min_size=16, max_size=16))
@settings(deadline=None)
def test_with_the_same_randomness_the_cipher_is_the_same_byte_for_byte(
    node: NodePeer, text: str, random: bytes
) -> None:
    theirs = node.ask("@wecom/crypto", "encrypt", message=text, random=random.hex())
    assert encrypt(text.encode(), key=aes_key(OTHER_KEY), app_id=APP_ID, random=random) == theirs


def test_wechatpy_finds_our_signature_right() -> None:
    query = plain_query()
    check_signature(TOKEN, query["signature"], query["timestamp"], query["nonce"])


@given(text=st.text())
@settings(deadline=None)
def test_wechatpy_opens_our_replies(text: str) -> None:
    push = read_push(TEXT.encode())
    opened = Opened(TEXT.encode(), NONCE, aes_key(OTHER_KEY))
    reply = text_reply(push, f"答：{text}", now=NOW)
    body = reply_body(ACCOUNT, opened, reply, now=NOW, random=RANDOM)
    signature = read_fields(body.encode())["MsgSignature"]
    theirs = WeChatCrypto(TOKEN, OTHER_KEY, APP_ID).decrypt_message(body, signature, TIMESTAMP, NONCE)
    assert theirs == reply
    message = parse_message(theirs)
    assert (message.type, message.source, message.target) == ("text", "gh_1", "oU1")
    assert int(message.create_time.timestamp()) == int(TIMESTAMP)
    assert message.content == legal(f"答：{text}").strip()


def test_wechatpy_refuses_our_reply_in_the_name_of_another_account() -> None:
    sealed = seal(
        Account(TOKEN, "wx0000000000000000", (OTHER_KEY,)),
        "<xml/>",
        key=aes_key(OTHER_KEY),
        now=NOW,
        nonce=NONCE,
        random=RANDOM,
    )
    with pytest.raises(InvalidAppIdException):
        WeChatCrypto(TOKEN, OTHER_KEY, APP_ID).decrypt_message(
            {"Encrypt": sealed.cipher}, sealed.signature, TIMESTAMP, NONCE
        )


@given(text=TEXTS)
@settings(deadline=None)
def test_we_open_what_wechatpy_seals(text: str) -> None:
    sealed = WeChatCrypto(TOKEN, OTHER_KEY, APP_ID).encrypt_message(text, NONCE, TIMESTAMP)
    query = {
        "timestamp": TIMESTAMP,
        "nonce": NONCE,
        "encrypt_type": "aes",
        "msg_signature": re.findall(r"<MsgSignature><!\[CDATA\[(.*)\]\]>", sealed)[0],
    }
    assert open_push(ACCOUNT, query, sealed.encode(), now=NOW).xml == text.encode()


def test_we_read_what_wechatpy_writes() -> None:
    written = TextReply(source="gh_1", target="oU1", content="a & <b> 😀", time=int(TIMESTAMP)).render()
    body = written.replace("</xml>", "<MsgId>1</MsgId></xml>").encode()
    read = read_push(body)
    assert read == pushes.Text(
        sender="gh_1", account="oU1", created=int(TIMESTAMP), key="1", content="a & <b> 😀", menu_id=None
    )


_FIELDS = "<ToUserName>gh_1</ToUserName><FromUserName>oU1</FromUserName><CreateTime>1795413600</CreateTime>"


@pytest.mark.parametrize(
    ("fields", "ours", "theirs"),
    [
        ("<MsgType>image</MsgType><PicUrl>http://x/</PicUrl><MediaId>m</MediaId>", "media_id", "media_id"),
        ("<MsgType>voice</MsgType><Format>amr</Format><MediaId>m</MediaId>", "media_id", "media_id"),
        (
            "<MsgType>voice</MsgType><Format>amr</Format><MediaId>m</MediaId><Recognition>好</Recognition>",
            "recognition",
            "recognition",
        ),
        (
            "<MsgType>video</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId>",
            "thumb_media_id",
            "thumb_media_id",
        ),
        (
            "<MsgType>location</MsgType><Location_X>33.76</Location_X><Location_Y>113.19</Location_Y>"
            "<Scale>15</Scale><Label>平顶山市</Label>",
            "label",
            "label",
        ),
        ("<MsgType>link</MsgType><Title>公告</Title><Url>https://x.cn/</Url>", "url", "url"),
        ("<MsgType>event</MsgType><Event>CLICK</Event><EventKey>human</EventKey>", "item", "key"),
        ("<MsgType>event</MsgType><Event>VIEW</Event><EventKey>https://x.cn/</EventKey>", "url", "url"),
        ("<MsgType>event</MsgType><Event>SCAN</Event><EventKey>3</EventKey>", "scene", "scene_id"),
        (
            "<MsgType>event</MsgType><Event>subscribe</Event><EventKey>qrscene_3</EventKey>",
            "scene",
            "scene_id",
        ),
        (
            "<MsgType>event</MsgType><Event>LOCATION</Event><Latitude>33.1</Latitude>"
            "<Longitude>113.2</Longitude><Precision>119.385</Precision>",
            "precision",
            "precision",
        ),
        (
            "<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><Status>failed:user block</Status>",
            "status",
            "status",
        ),
    ],
)
def test_we_read_every_kind_as_wechatpy_does(fields: str, ours: str, theirs: str) -> None:
    xml = f"<xml>{_FIELDS}{fields}<MsgID>1</MsgID><MsgId>1</MsgId></xml>"
    read, peer = read_push(xml.encode()), parse_message(xml)
    assert (read.sender, read.account) == (peer.source, peer.target)
    assert str(getattr(read, ours)) == str(getattr(peer, theirs))


def test_the_signature_is_over_the_sorted_texts() -> None:
    assert sign("b", "a", "c") == sign("c", "b", "a") == "a9993e364706816aba3e25717850c26c9cd0d89d"
