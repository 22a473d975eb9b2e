"""The webhooks stand before everything else: they are found by their address alone."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """ASGI middleware. `posts`: path -> what answers a POST there, which looks after sizes and errors itself.

    The app tries its routes one after the other, some two hundred; for a push that is more work than to store it.
    """

    def __init__(self, app: ASGIApp, posts: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._posts = posts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it to the webhook of its path, else to the app."""
        post = (
            self._posts.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        )
        await (post or self._app)(scope, receive, send)
