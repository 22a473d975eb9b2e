"""Who reads through the public API: a token, its scopes, how often."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from connectors.web.limits import Limits
from connectors.web.problems import scope_missing, token_unknown
from desk.desk import Desk
from systems.tokens import Bearer, Scope, bearer, see

_SCHEME = HTTPBearer(
    auto_error=False, scheme_name="api token", description="`qifu_api_…`, made by an admin in the console."
)


def reader(desk: Desk, limits: Limits, *needed: Scope) -> Callable[..., Awaitable[Bearer]]:
    """A dependency: whoever holds a good token with one of these scopes.

    Raises the problems `token-unknown`, `scope-missing` and `rate-limited`.
    """

    async def read_by(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)]
    ) -> Bearer:
        given = credentials.credentials if credentials else ""
        async with desk.database.read() as session:
            found = await bearer(session, given, now=desk.clock())
        if found is None:
            await limits.wrong_token(request.client.host if request.client else "unknown")
            raise token_unknown()
        await limits.system(found.id)
        if not found.scopes & set(needed):
            raise scope_missing(needed[0])
        if found.unseen:
            async with desk.database.write() as session:
                await see(session, found.id, at=desk.clock())
        return found

    return read_by


def etag(body: bytes) -> str:
    """The mark of a body: the same as long as it says the same."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(marks: str | None, mark: str) -> bool:
    """Whether `If-None-Match` names the mark (RFC 9110, 13.1.2: compared weakly)."""
    given = [one.strip().removeprefix("W/") for one in (marks or "").split(",")]
    return mark in given or given == ["*"]
