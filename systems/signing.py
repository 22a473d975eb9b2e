"""The signature of what is pushed, after Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

PREFIX = "whsec_"


class Secrets:
    """The secrets of all subscriptions, derived from one key: a lost database tells none of them."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.new(key, b"qifu webhooks", hashlib.sha256).digest()

    def of(self, subscription_id: str, generation: int) -> bytes:
        """The secret of a subscription, another one in each generation."""
        return hmac.new(self._key, f"{subscription_id}:{generation}".encode(), hashlib.sha256).digest()

    def shown(self, subscription_id: str, generation: int) -> str:
        """As the other side has to enter it."""
        return PREFIX + base64.b64encode(self.of(subscription_id, generation)).decode()

    def check(self, subscription_id: str, generation: int) -> str:
        """What is kept of a secret, to tell whether the key has been exchanged since it was shown."""
        return hashlib.sha256(b"check:" + self.of(subscription_id, generation)).hexdigest()[:16]


def signature(secrets: Iterable[bytes], id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`, one signature for each secret that counts."""
    signed = f"{id}.{timestamp}.".encode() + body
    digests = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
