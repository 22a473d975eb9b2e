"""Signatures and encryption: the vendor's vectors byte for byte, and everything an attacker may send."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wechat.crypto import (
    Account,
    Mode,
    aes_key,
    check_url,
    decrypt,
    encrypt,
    open_push,
    seal,
    sign,
)
from connectors.wechat.errors import Refused
from tests.connectors.wechat import vectors
from tests.connectors.wechat.forging import (
    ACCOUNT,
    APP_ID,
    NONCE,
    NOW,
    RANDOM,
    TIMESTAMP,
    cipher_of,
    cipher_of_raw,
    padded,
    sealed_body,
    sealed_query,
)
from tests.connectors.wechat.vectors import KEY, OTHER_KEY, TOKEN, moment

CIPHER = cipher_of()


def test_the_vendors_address_check_is_answered_with_its_echostr() -> None:
    query = vectors.URL
    assert check_url(ACCOUNT, query, now=moment(query["timestamp"])) == "4375120948345356249"


def test_the_vendors_push_in_plaintext_is_taken_as_it_is() -> None:
    opened = open_push(
        Account(TOKEN, APP_ID, (), "plaintext"),
        vectors.PLAIN,
        b"<xml/>",
        now=moment(vectors.PLAIN["timestamp"]),
    )
    assert (opened.xml, opened.key, opened.nonce) == (b"<xml/>", None, "486452656")


@pytest.mark.parametrize(("vector", "length"), [(vectors.PUSH_JSON, 167), (vectors.PUSH_XML, 292)])
def test_the_vendors_encrypted_push_is_opened(vector: vectors.Vector, length: int) -> None:
    opened = open_push(vector.account(), vector.query(), vector.body(), now=vector.at())
    assert len(opened.xml) == length
    assert b"o9AgO5Kd5ggOC-bXrbNODIiE3bGY" in opened.xml
    assert b"hello world" in opened.xml


def test_the_vendors_encrypted_push_is_made_again_byte_for_byte() -> None:
    vector = vectors.PUSH_JSON
    xml = open_push(vector.account(), vector.query(), vector.body(), now=vector.at()).xml
    again = encrypt(xml, key=aes_key(KEY), app_id=vector.app_id, random=vector.random.encode())
    assert again == vector.cipher


@pytest.mark.parametrize("vector", [vectors.REPLY_JSON, vectors.REPLY_XML])
def test_the_vendors_encrypted_reply_is_made_byte_for_byte(vector: vectors.Vector) -> None:
    sealed = seal(
        vector.account(),
        vector.message,
        key=aes_key(KEY),
        now=vector.at(),
        nonce=vector.nonce,
        random=vector.random.encode(),
    )
    assert sealed.cipher == vector.cipher
    assert sealed.signature == vector.signature
    assert (sealed.timestamp, sealed.nonce) == (int(vector.timestamp), vector.nonce)


@pytest.mark.parametrize(
    "changed",
    [
        {"msg_signature": ""},
        {"msg_signature": "0" * 40},
        {"msg_signature": "签" * 40},
        {"nonce": "1"},
        {"timestamp": str(int(TIMESTAMP) + 1)},
    ],
)
def test_a_push_with_a_wrong_signature_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(Refused, match="msg_signature is missing or wrong") as refused:
        open_push(ACCOUNT, {**sealed_query(CIPHER), **changed}, sealed_body(CIPHER), now=NOW)
    assert refused.value.status == 403


def test_a_cipher_that_was_changed_on_the_way_is_refused() -> None:
    changed = ("B" if CIPHER[0] == "A" else "A") + CIPHER[1:]
    with pytest.raises(Refused, match="msg_signature is missing or wrong"):
        open_push(ACCOUNT, sealed_query(CIPHER), sealed_body(changed), now=NOW)


_HEAD = RANDOM + (5).to_bytes(4, "big") + b"hello"


@pytest.mark.parametrize(
    ("cipher", "reason"),
    [
        (cipher_of(app_id="wxba5fad812f8e6fb9"), "another app id"),
        (cipher_of(app_id=""), "another app id"),
        (cipher_of(app_id=APP_ID + "0"), "another app id"),
        (cipher_of(key=OTHER_KEY), "padding|length|app id"),
        ("", "cut off"),
        ("====", "base64"),
        ("not base64!", "base64"),
        (CIPHER[:-1], "base64"),
        (CIPHER + "A", "base64"),
        (CIPHER + "\n", "base64"),
        ("密文" * 8, "base64"),
        (base64.b64encode(base64.b64decode(CIPHER)[:-1]).decode(), "cut off"),
        (base64.b64encode(base64.b64decode(CIPHER)[:5]).decode(), "cut off"),
        (base64.b64encode(base64.b64decode(CIPHER)[:-16]).decode(), "padding|length|app id"),
        (base64.b64encode(base64.b64decode(CIPHER)[:-32]).decode(), "padding|length|app id"),
        (cipher_of_raw(bytes(32)), "padding"),
        (cipher_of_raw(bytes([33]) * 64), "padding"),
        (cipher_of_raw(bytes([32]) * 16), "padding"),
        (cipher_of_raw(bytes([255]) * 32), "padding"),
        (cipher_of_raw(b"\x01" * 30 + b"\x01\x02" + b"\x03" * 30 + b"\x02\x03"), "padding"),
        (cipher_of_raw(bytes([32]) * 32), "too short"),
        (cipher_of_raw(padded(RANDOM + b"\x00\x00\x00")), "too short"),
        (cipher_of_raw(padded(RANDOM + b"\xff\xff\xff\xffhello" + APP_ID.encode())), "length"),
        (cipher_of_raw(padded(RANDOM + (24).to_bytes(4, "big") + b"hello" + APP_ID.encode())), "length"),
        (cipher_of_raw(padded(RANDOM + (23).to_bytes(4, "big") + b"hello" + APP_ID.encode())), "app id"),
        (cipher_of_raw(padded(_HEAD + APP_ID.encode()[:-1])), "app id"),
        (cipher_of_raw(padded(_HEAD + "应用".encode())), "app id"),
        (cipher_of_raw(padded(_HEAD + b"\xff\xfe")), "app id"),
    ],
)
def test_a_rightly_signed_cipher_that_is_broken_is_refused(cipher: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        open_push(ACCOUNT, sealed_query(cipher), sealed_body(cipher), now=NOW)
    assert refused.value.status == 400


def test_a_cipher_that_is_cut_off_anywhere_is_refused() -> None:
    raw = base64.b64decode(CIPHER)
    for length in range(len(raw)):
        cipher = base64.b64encode(raw[:length]).decode()
        with pytest.raises(Refused) as refused:
            open_push(ACCOUNT, sealed_query(cipher), sealed_body(cipher), now=NOW)
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml>",
        b"<xml></xml>",
        b"<xml><Encrypt/></xml>",
        b"<xml><Encrypt><b>x</b></Encrypt></xml>",
        b'{"Encrypt": "x"}',
        b"\xff\xfe",
        b"<xml><Encrypt>" + b"A" * 64_000 + b"</Encrypt></xml>",
    ],
)
def test_an_encrypted_push_with_a_broken_body_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        open_push(ACCOUNT, sealed_query(CIPHER), body, now=NOW)


def test_the_size_of_an_encrypted_push_is_looked_at_before_its_xml() -> None:
    with pytest.raises(Refused, match="longer than 10 bytes") as refused:
        open_push(ACCOUNT, sealed_query(CIPHER), b"<" * 11, now=NOW, most=10)
    assert refused.value.status == 400


def test_after_a_change_of_the_key_both_are_read_and_the_reply_takes_the_pushs_own() -> None:
    account = Account(TOKEN, APP_ID, (OTHER_KEY, KEY))
    for key in (KEY, OTHER_KEY):
        cipher = cipher_of(key=key)
        opened = open_push(account, sealed_query(cipher), sealed_body(cipher), now=NOW)
        assert opened.key == aes_key(key)
        sealed = seal(account, "<xml/>", key=aes_key(key), now=NOW, nonce=opened.nonce, random=RANDOM)
        assert decrypt(sealed.cipher, key=aes_key(key), app_id=APP_ID) == b"<xml/>"


def test_with_two_keys_the_refusal_is_that_of_the_key_in_use() -> None:
    cipher = cipher_of(app_id="wxba5fad812f8e6fb9")
    with pytest.raises(Refused, match="another app id"):
        open_push(
            Account(TOKEN, APP_ID, (KEY, OTHER_KEY)), sealed_query(cipher), sealed_body(cipher), now=NOW
        )


def test_a_key_whose_last_character_has_bits_too_many_is_the_same_key() -> None:
    assert aes_key(KEY[:-1] + "D") == aes_key(KEY)
    assert len(aes_key(OTHER_KEY)) == 32


@pytest.mark.parametrize(
    ("token", "app_id", "keys", "mode", "named"),
    [
        ("", APP_ID, (KEY,), "secure", "token"),
        ("with space", APP_ID, (KEY,), "secure", "token"),
        (TOKEN, "", (KEY,), "secure", "app id"),
        (TOKEN, APP_ID, (KEY[:-1],), "secure", "43"),
        (TOKEN, APP_ID, (KEY, "A" * 42 + "="), "secure", "43"),
        (TOKEN, APP_ID, (), "secure", "secure needs"),
        (TOKEN, APP_ID, (), "compatible", "compatible needs"),
        (TOKEN, APP_ID, (KEY,), "open", "plaintext, compatible, secure"),
    ],
)
def test_an_account_that_cannot_work_is_named_at_the_start(
    token: str, app_id: str, keys: tuple[str, ...], mode: Mode, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        Account(token, app_id, keys, mode)


def test_no_secret_is_shown_where_a_value_is_printed() -> None:
    opened = open_push(ACCOUNT, sealed_query(CIPHER), sealed_body(CIPHER), now=NOW)
    assert KEY not in repr(ACCOUNT)
    assert TOKEN not in repr(ACCOUNT)
    assert "key" not in repr(opened)


def test_too_little_randomness_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="16 random bytes"):
        encrypt(b"x", key=aes_key(KEY), app_id=APP_ID, random=b"short")


@given(message=st.binary(max_size=300), random=st.binary(min_size=16, max_size=16))
@settings(deadline=None)
def test_whatever_is_encrypted_is_decrypted_again(message: bytes, random: bytes) -> None:
    cipher = encrypt(message, key=aes_key(OTHER_KEY), app_id=APP_ID, random=random)
    raw = base64.b64decode(cipher)
    assert len(raw) % 32 == 0
    assert re.fullmatch("[0-9A-Za-z+/]+=*", cipher)
    assert decrypt(cipher, key=aes_key(OTHER_KEY), app_id=APP_ID) == message


@given(text=st.text(), random=st.binary(min_size=16, max_size=16))
@settings(deadline=None)
def test_whatever_is_sealed_is_opened_again(text: str, random: bytes) -> None:
    sealed = seal(ACCOUNT, text, key=aes_key(KEY), now=NOW, nonce=NONCE, random=random)
    assert sealed.signature == sign(TOKEN, TIMESTAMP, NONCE, sealed.cipher)
    query = sealed_query(sealed.cipher)
    assert open_push(ACCOUNT, query, sealed_body(sealed.cipher), now=NOW).xml == text.encode()


@given(plain=st.binary(min_size=1, max_size=20).map(lambda part: (part * 64)[:64]) | st.just(bytes(16)))
@settings(deadline=None)
def test_any_bytes_under_the_right_key_are_refused_in_one_way(plain: bytes) -> None:
    cipher = cipher_of_raw(plain)
    with pytest.raises(Refused) as refused:
        open_push(ACCOUNT, sealed_query(cipher), sealed_body(cipher), now=NOW)
    assert refused.value.status == 400


@given(
    query=st.dictionaries(
        st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "echostr", "encrypt_type"]),
        st.text(st.characters(), max_size=50) | st.sampled_from([TIMESTAMP, NONCE, "aes", "raw", "0" * 40]),
    ),
    body=st.binary(max_size=200),
    mode=st.sampled_from(["plaintext", "compatible", "secure"]),
)
@settings(deadline=None)
def test_what_nobody_signed_is_refused_and_never_an_error(
    query: dict[str, str], body: bytes, mode: Mode
) -> None:
    account = Account(TOKEN, APP_ID, (KEY,), mode)
    with pytest.raises(Refused):
        open_push(account, query, body, now=NOW)
    with pytest.raises(Refused):
        check_url(account, query, now=NOW)
