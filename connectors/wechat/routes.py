"""The webhook of an Official Account: what is WeChat's gets `success` or a reply, never JSON and never a 500."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from connectors.faults import report
from connectors.wechat.answers import Answers
from connectors.wechat.carriage import Answer, Carried
from connectors.wechat.conversation import unknown
from connectors.wechat.crypto import RANDOM_BYTES, Account, Opened, check_url, open_push
from connectors.wechat.errors import Refused
from connectors.wechat.messages import read_push
from connectors.wechat.pushes import Push
from connectors.wechat.replies import SUCCESS, reply_body, text_reply
from connectors.wechat.xml import MAX_BYTES

PATH = "/webhooks/wechat"
_PLAIN, _XML = "text/plain", "text/xml"
log = logging.getLogger(__name__)


def wechat_router(account: Account, answers: Answers, *, clock: Callable[[], datetime]) -> APIRouter:
    """Both routes. The body is measured here: a middleware would answer in JSON."""
    router = APIRouter()
    webhook = _Webhook(account, answers, clock)

    async def verify(request: Request) -> Response:
        return webhook.verify(request)

    # Starlette's own routes: what FastAPI does for one costs as much as to open the push.
    router.add_route(PATH, verify, methods=["GET"], include_in_schema=False)
    router.add_route(PATH, webhook.push, methods=["POST"], include_in_schema=False)
    return router


class _Webhook:
    """One account's webhook, and how often it was sent what it does not know."""

    def __init__(self, account: Account, answers: Answers, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._answers = answers
        self._clock = clock
        self._unknown: Counter[str] = Counter()

    def verify(self, request: Request) -> Response:
        """WeChat's question, when an operator enters our address, whether it is ours."""
        try:
            echo = check_url(self._account, request.query_params, now=self._clock())
        except Refused as refusal:
            return _refused(refusal)
        return Response(echo, media_type=_PLAIN)

    async def push(self, request: Request) -> Response:
        """403, 400, 413: not WeChat's, or nothing that it would send. Everything else is answered as it likes it."""
        arrived = asyncio.get_running_loop().time()
        body = await _body(request)
        if body is None:
            return Response("too large", 413, media_type=_PLAIN)
        try:
            opened = open_push(self._account, request.query_params, body, now=self._clock())
        except Refused as refusal:
            return _refused(refusal)
        try:
            return await self._answered(request, opened, arrived)
        except (
            Refused
        ) as refusal:  # WeChat's own, and of a form that is not known: it would only send it again
            log.warning("a push of WeChat could not be read: %s", refusal.reason)
        except Exception as error:
            report("answering a push of WeChat", error)
        return Response(SUCCESS, media_type=_PLAIN)

    async def _answered(self, request: Request, opened: Opened, arrived: float) -> Response:
        push = read_push(opened.xml)
        if name := unknown(push):
            self._unknown[name] += 1
            log.warning("WeChat sent %s, which is not known here, %d times", name, self._unknown[name])
        answer = await self._answers.to(push, arrived=arrived)
        if answer.overdue:
            await _until_cut(request, arrived + self._answers.patience.cut * 1.2)
        if answer.carried is None:
            return self._response(push, opened, answer)
        try:
            gone = await request.is_disconnected()
            response = self._response(push, opened, answer)
        except BaseException:
            await self._answers.carriage.unsent(answer.carried)
            raise
        if gone:
            await self._answers.carriage.unsent(answer.carried)
        else:
            response.background = BackgroundTask(self._sent, answer.carried)
        return response

    def _response(self, push: Push, opened: Opened, answer: Answer) -> Response:
        now = self._clock()
        reply = text_reply(push, answer.text, now=now)
        random = secrets.token_bytes(RANDOM_BYTES)
        body = reply_body(self._account, opened, reply, now=now, random=random)
        return Response(body, media_type=_PLAIN if body == SUCCESS else _XML)

    async def _sent(self, carried: Carried) -> None:
        try:
            await self._answers.carriage.sent(carried)
        except Exception as error:  # its claim ends by itself, and its result counts as unknown
            report("writing down that a reply went out to WeChat", error)


def _refused(refusal: Refused) -> Response:
    log.info("refused a push to the WeChat webhook: %s", refusal.reason)
    return Response("refused", refusal.status, media_type=_PLAIN)


async def _body(request: Request) -> bytes | None:
    """The body; None where it is too large. What is cut off has no right signature."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)


async def _until_cut(request: Request, moment: float) -> None:
    """Keep WeChat waiting until it hangs up, or until `moment`, when it would have done so long since."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(moment):
            while (await request.receive())["type"] != "http.disconnect":
                pass
