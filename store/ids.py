"""Identifiers: unguessable, and in order of time so that an index stays compact (RFC 9562, version 7)."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable

NewId = Callable[[], str]


def new_id() -> str:
    """A UUIDv7 as 32 hex digits."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10)).hex


def uuid7(milliseconds: int, randomness: bytes) -> uuid.UUID:
    """The UUIDv7 of a moment and 10 random bytes."""
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(randomness, "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)
