"""Pushes as WeChat makes them, and as it never would."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from connectors.wechat.crypto import Account, aes_key, encrypt, sign
from tests.connectors.wechat.vectors import KEY, TOKEN, moment

TIMESTAMP = "1795413600"
NONCE = "415670741"
NOW = moment(TIMESTAMP)
RANDOM = bytes(range(16))
APP_ID = "wx134c8103faa5a59e"
ACCOUNT = Account(TOKEN, APP_ID, (KEY,))
TEXT = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oU1]]></FromUserName>"
    "<CreateTime>1795413600</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[企业开户 😀]]></Content><MsgId>6054768590064713728</MsgId></xml>"
)


def sealed_query(cipher: str, *, timestamp: str = TIMESTAMP, nonce: str = NONCE) -> dict[str, str]:
    """The query of an encrypted push, rightly signed."""
    return {
        "signature": sign(TOKEN, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": sign(TOKEN, timestamp, nonce, cipher),
    }


def plain_query(*, timestamp: str = TIMESTAMP, nonce: str = NONCE) -> dict[str, str]:
    """The query of a push in plaintext, rightly signed."""
    return {"signature": sign(TOKEN, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}


def sealed_body(cipher: str) -> bytes:
    """The body of an encrypted push."""
    return f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode()


def cipher_of(message: str = TEXT, *, key: str = KEY, app_id: str = APP_ID) -> str:
    """A message as WeChat encrypts it."""
    return encrypt(message.encode(), key=aes_key(key), app_id=app_id, random=RANDOM)


def cipher_of_raw(plain: bytes, *, key: str = KEY) -> str:
    """These very bytes encrypted, whatever they are; a multiple of 16."""
    secret = aes_key(key)
    encryptor = Cipher(AES256(secret), CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def padded(content: bytes) -> bytes:
    """Filled up to a multiple of 32 as WeChat does it."""
    pad = 32 - len(content) % 32
    return content + bytes([pad]) * pad
