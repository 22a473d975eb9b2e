"""Who may push, when and how well protected: signatures, the window of time, modes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.wechat.crypto import (
    Account,
    Mode,
    aes_key,
    check_url,
    open_push,
    sign,
)
from connectors.wechat.errors import Refused
from tests.connectors.wechat import vectors
from tests.connectors.wechat.forging import (
    ACCOUNT,
    APP_ID,
    NOW,
    TEXT,
    TIMESTAMP,
    cipher_of,
    plain_query,
    sealed_body,
    sealed_query,
)
from tests.connectors.wechat.vectors import KEY, TOKEN, moment

CIPHER = cipher_of()
PLAIN = Account(TOKEN, APP_ID, (), "plaintext")
COMPATIBLE = Account(TOKEN, APP_ID, (KEY,), "compatible")


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"signature": "0" * 40}, 403, "signature is missing or wrong"),
        ({"signature": vectors.URL["signature"].upper()}, 403, "signature is missing or wrong"),
        ({"signature": vectors.URL["signature"][:-1]}, 403, "signature is missing or wrong"),
        ({"signature": ""}, 403, "signature is missing or wrong"),
        ({"signature": "é" * 40}, 403, "signature is missing or wrong"),
        ({"nonce": "1514711493"}, 403, "signature is missing or wrong"),
        ({"nonce": ""}, 400, "timestamp or nonce"),
        ({"nonce": "1514711492\n"}, 400, "timestamp or nonce"),
        ({"nonce": "\ud800"}, 400, "timestamp or nonce"),
        ({"nonce": "9" * 129}, 400, "timestamp or nonce"),
        ({"timestamp": ""}, 400, "timestamp or nonce"),
        ({"timestamp": "now"}, 400, "timestamp or nonce"),
        ({"timestamp": "17140365040"}, 400, "timestamp or nonce"),
        ({"timestamp": "-714036504"}, 400, "timestamp or nonce"),
        ({"timestamp": "1_14036504"}, 400, "timestamp or nonce"),
        ({"timestamp": "１７１４０３６５０４"}, 400, "timestamp or nonce"),
        ({"timestamp": "1714036804.5"}, 400, "timestamp or nonce"),
        ({"echostr": ""}, 400, "echostr"),
        ({"echostr": "你好"}, 400, "echostr"),
        ({"echostr": "a\r\nb"}, 400, "echostr"),
    ],
)
def test_an_address_check_that_is_not_wechats_is_refused(
    changed: dict[str, str], status: int, reason: str
) -> None:
    with pytest.raises(Refused, match=reason) as refused:
        check_url(ACCOUNT, {**vectors.URL, **changed}, now=moment(vectors.URL["timestamp"]))
    assert refused.value.status == status


def test_an_address_check_without_any_parameter_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        check_url(ACCOUNT, {}, now=NOW)
    assert refused.value.status == 400


@pytest.mark.parametrize(("seconds", "taken"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_push_is_taken_within_five_minutes_and_no_later(seconds: int, taken: bool) -> None:
    def opened() -> bytes:
        now = NOW + timedelta(seconds=seconds)
        return open_push(ACCOUNT, sealed_query(CIPHER), sealed_body(CIPHER), now=now).xml

    if taken:
        assert opened() == TEXT.encode()
        return
    with pytest.raises(Refused, match="too far from now") as refused:
        opened()
    assert refused.value.status == 403


def test_the_window_is_a_setting() -> None:
    with pytest.raises(Refused, match="too far from now"):
        check_url(
            ACCOUNT,
            vectors.URL,
            now=moment(vectors.URL["timestamp"]) + timedelta(seconds=11),
            window=timedelta(seconds=10),
        )


def test_digits_cannot_wander_from_the_nonce_to_the_timestamp() -> None:
    # The signature is over the texts put together: only the fixed length tells these two apart.
    given = plain_query(nonce="99")
    wandered = {**given, "timestamp": TIMESTAMP + "9", "nonce": "9"}
    assert sign(TOKEN, wandered["timestamp"], wandered["nonce"]) == given["signature"]
    with pytest.raises(Refused, match="timestamp or nonce"):
        open_push(PLAIN, wandered, b"<xml/>", now=NOW)


_MODES: list[tuple[Mode, str | None, int | None]] = [
    ("plaintext", None, None),
    ("plaintext", "", None),
    ("plaintext", "raw", None),
    ("plaintext", "aes", 400),
    ("compatible", None, None),
    ("compatible", "raw", None),
    ("compatible", "aes", None),
    ("compatible", "AES", 400),
    ("secure", None, 403),
    ("secure", "", 403),
    ("secure", "raw", 403),
    ("secure", "aes", None),
    ("secure", "des", 400),
]


@pytest.mark.parametrize(("mode", "encrypt_type", "status"), _MODES)
def test_each_mode_takes_what_it_should_and_no_downgrade(
    mode: Mode, encrypt_type: str | None, status: int | None
) -> None:
    account = Account(TOKEN, APP_ID, (KEY,), mode)
    query = sealed_query(CIPHER)
    del query["encrypt_type"]
    if encrypt_type is not None:
        query["encrypt_type"] = encrypt_type
    body = TEXT.replace("</xml>", f"<Encrypt>{CIPHER}</Encrypt></xml>").encode()
    if status is None:
        opened = open_push(account, query, body, now=NOW)
        assert opened.xml == (TEXT.encode() if encrypt_type == "aes" else body)
        assert opened.key == (aes_key(KEY) if encrypt_type == "aes" else None)
        return
    with pytest.raises(Refused) as refused:
        open_push(account, query, body, now=NOW)
    assert refused.value.status == status


def test_in_compatible_mode_what_stands_beside_the_cipher_is_not_believed() -> None:
    body = TEXT.replace("oU1", "oSomebodyElse").replace("</xml>", f"<Encrypt>{CIPHER}</Encrypt></xml>")
    assert open_push(COMPATIBLE, sealed_query(CIPHER), body.encode(), now=NOW).xml == TEXT.encode()


def test_the_plain_signature_does_not_stand_for_that_of_the_cipher() -> None:
    query = sealed_query(CIPHER)
    query["msg_signature"] = query["signature"]
    with pytest.raises(Refused, match="msg_signature"):
        open_push(ACCOUNT, query, sealed_body(CIPHER), now=NOW)
