"""Bodies are measured as they come in, so that nobody fills the memory; what is too large is told as a problem."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.web.problems import too_large

# Where people are at it: who reads the body there answers with a page of their own.
_PAGES = "/console/"


class BodyLimit:
    """ASGI middleware. `most`: bytes; `others`: path -> bytes where it is another number, a path that ends in `/` for all below.

    Starlette's own answers in plain text, which the API's clients do not read.
    """

    def __init__(self, app: ASGIApp, most: int, others: Mapping[str, int]) -> None:
        self._app = app
        self._most = most
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse at once where the size is told, else as soon as it is passed."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        most = self._most_of(scope["path"])
        told = _told(scope)
        if told > most and not scope["path"].startswith(_PAGES):
            return await too_large(most).response()(scope, receive, send)
        seen = told if told > most else 0

        async def measured() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413)
            return message

        return await self._app(scope, measured, send)

    def _most_of(self, path: str) -> int:
        if path in self._others:
            return self._others[path]
        return next(
            (
                most
                for folder, most in self._others.items()
                if folder.endswith("/") and path.startswith(folder)
            ),
            self._most,
        )


def _told(scope: Scope) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0
