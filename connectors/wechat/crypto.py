"""What WeChat signs and encrypts: a push is opened only if it is WeChat's, fresh and meant for this account."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from connectors.wechat.errors import Refused
from connectors.wechat.xml import MAX_BYTES, read_fields

Mode = Literal["plaintext", "compatible", "secure"]

WINDOW = timedelta(seconds=300)
RANDOM_BYTES = 16
_BLOCK = 16
_PAD_TO = 32  # WeChat pads to 32 bytes, not to the 16 of AES
_HEAD = RANDOM_BYTES + 4
_DIGEST = re.compile("[0-9a-f]{40}")
# Of fixed length: the signature is over texts put together, where digits could else wander from one to the other.
_TIMESTAMP = re.compile("[0-9]{10}")
_NONCE = re.compile("[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Account:
    """An Official Account as set on its platform. Raises `ValueError` naming what cannot be right.

    `aes_keys`: the EncodingAESKey in use and, after a change, the one before it: 43 letters and digits each.
    """

    token: str = field(repr=False)
    app_id: str
    aes_keys: tuple[str, ...] = field(default=(), repr=False)
    mode: Mode = "secure"

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9A-Za-z]{3,32}", self.token):
            raise ValueError("the token of a WeChat account is 3 to 32 letters and digits")
        if not re.fullmatch("[0-9A-Za-z_-]{1,64}", self.app_id):
            raise ValueError("the app id of a WeChat account is letters and digits")
        if not all(re.fullmatch("[0-9A-Za-z]{43}", key) for key in self.aes_keys):
            raise ValueError("an EncodingAESKey is 43 letters and digits")
        if self.mode not in get_args(Mode):
            raise ValueError(f"the mode of a WeChat account is one of {', '.join(get_args(Mode))}")
        if self.mode != "plaintext" and not self.aes_keys:
            raise ValueError(f"the mode {self.mode} needs an EncodingAESKey")


@dataclass(frozen=True, slots=True)
class Opened:
    """A push that is WeChat's. `key` opened it and seals the reply; None: it came, and is answered, in plaintext."""

    xml: bytes
    nonce: str
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted reply with its signature. `timestamp`: seconds."""

    cipher: str
    signature: str
    timestamp: int
    nonce: str


def check_url(
    account: Account, query: Mapping[str, str], *, now: datetime, window: timedelta = WINDOW
) -> str:
    """The `echostr` to answer to WeChat's verification (GET), as `text/plain`. Raises `Refused`.

    In every mode it is signed by `signature` and not encrypted.
    """
    timestamp, nonce = _fresh(query, now, window)
    _check(query, "signature", account.token, timestamp, nonce)
    echo = query.get("echostr", "")
    if not _NONCE.fullmatch(echo):
        raise Refused(400, "echostr is missing or malformed")
    return echo


def open_push(
    account: Account,
    query: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    window: timedelta = WINDOW,
    most: int = MAX_BYTES,
) -> Opened:
    """The XML of a push (POST), when `query` proves it. Raises `Refused`.

    `window`: how far the push's timestamp may be from `now`; `most`: bytes of the body.
    """
    timestamp, nonce = _fresh(query, now, window)
    if query.get("encrypt_type") in (None, "", "raw"):
        if account.mode == "secure":
            raise Refused(403, "a push in plaintext, but the account is set to secure")
        _check(query, "signature", account.token, timestamp, nonce)
        return Opened(body, nonce)
    if query["encrypt_type"] != "aes":
        raise Refused(400, "encrypt_type is another one than aes")
    if account.mode == "plaintext":
        raise Refused(400, "an encrypted push, but the account is set to plaintext")
    cipher = read_fields(body, most=most).get("Encrypt", "")
    _check(query, "msg_signature", account.token, timestamp, nonce, cipher)
    xml, key = _open(account, cipher)
    return Opened(xml, nonce, key)


def seal(account: Account, xml: str, *, key: bytes, now: datetime, nonce: str, random: bytes) -> Sealed:
    """The reply encrypted and signed; `key` and `nonce` are those of the push, `random` is 16 bytes."""
    timestamp = int(now.timestamp())
    cipher = encrypt(xml.encode(), key=key, app_id=account.app_id, random=random)
    return Sealed(cipher, sign(account.token, str(timestamp), nonce, cipher), timestamp, nonce)


def sign(*texts: str) -> str:
    """WeChat's signature: the SHA-1 of the sorted texts put together, in hexadecimal."""
    return hashlib.sha1("".join(sorted(texts)).encode(), usedforsecurity=False).hexdigest()


def aes_key(encoding_aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey; the two bits that 43 characters have too many do not count."""
    return base64.b64decode(encoding_aes_key + "=")


def encrypt(message: bytes, *, key: bytes, app_id: str, random: bytes) -> str:
    """AES-256-CBC over random, length, message and app id, in base64. `random`: 16 bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are needed")
    plain = random + len(message).to_bytes(4, "big") + message + app_id.encode()
    pad = _PAD_TO - len(plain) % _PAD_TO
    encryptor = _cipher(key).encryptor()
    sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def decrypt(cipher: str, *, key: bytes, app_id: str) -> bytes:
    """The message in a cipher for `app_id`. Raises `Refused(400)`.

    To be called only after the signature was checked: else its refusals would tell an attacker about the padding.
    """
    try:
        sealed = base64.b64decode(cipher, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(400, "the cipher is not base64") from error
    if not sealed or len(sealed) % _BLOCK:
        raise Refused(400, "the cipher is cut off")
    decryptor = _cipher(key).decryptor()
    return _message(decryptor.update(sealed) + decryptor.finalize(), app_id)


def _open(account: Account, cipher: str) -> tuple[bytes, bytes]:
    # WeChat may go on with the key before for a while, and wants its reply under the key that the push came with.
    refusals = []
    for key in map(aes_key, account.aes_keys):
        try:
            return decrypt(cipher, key=key, app_id=account.app_id), key
        except Refused as error:
            refusals.append(error)
    raise refusals[0]


def _message(plain: bytes, app_id: str) -> bytes:
    pad = plain[-1]
    if not 1 <= pad <= _PAD_TO or plain[-pad:] != bytes([pad]) * pad:
        raise Refused(400, "the padding is wrong")
    content = plain[:-pad]
    if len(content) < _HEAD:
        raise Refused(400, "the plain text is too short")
    end = _HEAD + int.from_bytes(content[RANDOM_BYTES:_HEAD], "big")
    if end > len(content):
        raise Refused(400, "the length of the message is wrong")
    if not hmac.compare_digest(content[end:], app_id.encode()):
        raise Refused(400, "the message is for another app id")
    return content[_HEAD:end]


def _cipher(key: bytes) -> Cipher[CBC]:
    return Cipher(AES256(key), CBC(key[:_BLOCK]))


def _fresh(query: Mapping[str, str], now: datetime, window: timedelta) -> tuple[str, str]:
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
        raise Refused(400, "timestamp or nonce is missing or malformed")
    if abs(int(timestamp) - now.timestamp()) > window.total_seconds():
        raise Refused(403, "the timestamp is too far from now")
    return timestamp, nonce


def _check(query: Mapping[str, str], name: str, *texts: str) -> None:
    given = query.get(name, "")
    if not _DIGEST.fullmatch(given) or not hmac.compare_digest(given, sign(*texts)):
        raise Refused(403, f"{name} is missing or wrong")
