"""The webhook: what Telegram pushes is stored before it is acknowledged, and what we cannot use is acknowledged too."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from connectors.faults import report
from connectors.telegram.incoming import Incoming
from connectors.telegram.updates import read_update, update_id_of

PATH = "/webhooks/telegram"
# Far above any update; Telegram repeats what is refused, so the limit must not meet a real one.
BODY_BYTES = 1024 * 1024
_SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 (the header's name)
_LOG = logging.getLogger(__name__)


class Accept(Protocol):
    """Stores an update. Returns after the commit; a known `external_id` changes nothing."""

    async def __call__(self, incoming: Incoming, /) -> None: ...


Acknowledge = Callable[[Incoming], Awaitable[None]]


def telegram_router(
    secret: str,
    accept: Accept,
    acknowledge: Acknowledge,
    *,
    username: Callable[[], str],
    clock: Callable[[], datetime],
) -> APIRouter:
    """The route of the webhook. Without a secret there is none: anybody could write in anybody's name.

    `acknowledge` runs after the 200 has gone out; `username`: the bot's, empty where not known yet.
    """
    if not secret:
        raise ValueError("the Telegram webhook needs a secret")
    router = APIRouter()

    async def push(request: Request) -> Response:
        """403: not from Telegram; 400 and 413: no update; 503: not stored, to be pushed again; 200: done with."""
        if not hmac.compare_digest(request.headers.get(_SECRET, "").encode(), secret.encode()):
            return Response(status_code=403)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        update = _decoded(body)
        if update_id_of(update) is None:
            return Response(status_code=400)
        incoming = read_update(update, bot=username(), received=clock())
        if incoming is None:
            return Response(status_code=200)
        try:
            await accept(incoming)
        except Exception as error:  # Telegram will push it again
            report(f"storing update {incoming.update_id} of Telegram", error)
            return Response(status_code=503)
        return Response(status_code=200, background=BackgroundTask(acknowledge, incoming))

    # Starlette's own route: what FastAPI does for one costs more than to read an update.
    router.add_route(PATH, push, methods=["POST"], include_in_schema=False)
    return router


async def _body(request: Request) -> bytes | None:
    """The body; None where it is too large. It is measured as it comes; what is cut off is no update."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
