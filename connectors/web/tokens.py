"""Tokens of conversations: derived from a secret, so that nothing about them has to be stored."""

from __future__ import annotations

import hashlib
import hmac


class Tokens:
    """A conversation's token is an HMAC of its id: it cannot be guessed, and a lost database tells none."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"qifu web conversations:" + secret.encode()).digest()

    def of(self, conversation_id: str) -> str:
        """The token of a conversation."""
        return hmac.new(self._key, conversation_id.encode(), hashlib.sha256).hexdigest()

    def right(self, conversation_id: str, token: str) -> bool:
        """Whether this is its token; takes the same time either way."""
        return hmac.compare_digest(self.of(conversation_id).encode(), token.encode())
