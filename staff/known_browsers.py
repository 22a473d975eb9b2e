"""Browsers that an account has signed in with: what strangers get wrong elsewhere does not hold them up.

A browser keeps the mark as a cookie (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). It lets nobody in; it
only has the tries made with it counted apart.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets


def mark_for(secret: bytes, account_id: str) -> str:
    """A new mark for a browser that the account has signed in with."""
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{_signature(secret, account_id, nonce)}"


def knows(secret: bytes, account_id: str, mark: str) -> bool:
    """Whether the browser with this mark has been the account's before."""
    nonce, _, signature = mark.partition(".")
    return hmac.compare_digest(signature.encode(), _signature(secret, account_id, nonce).encode())


def _signature(secret: bytes, account_id: str, nonce: str) -> str:
    return hmac.new(secret, f"known browser:{account_id}:{nonce}".encode(), hashlib.sha256).hexdigest()
