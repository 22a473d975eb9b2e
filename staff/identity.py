"""Signing in with what the city's own identity service says (OpenID Connect): the port, and its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Started:
    """Where the browser is sent, and what it keeps until it comes back."""

    url: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back from there."""

    code: str = field(repr=False)
    issuer: str = ""


class IdentityFailed(Exception):
    """The service cannot be reached, or what it says does not hold; the message is for the log."""


class IdentityService(Protocol):
    """An OpenID provider. `name`: what staff call it."""

    @property
    def name(self) -> str:
        """What the sign-in page calls it."""
        ...

    async def start(self) -> Started:
        """Begin. Raises `IdentityFailed`."""
        ...

    async def finish(self, started: Started, returned: Returned) -> str:
        """The user name that the service vouches for. Raises `IdentityFailed`."""
        ...

    async def farewell(self) -> str | None:
        """Where the browser signs out of the service, if it offers that."""
        ...
