"""WeChat's API on a free loopback port: the rules of `fake_account` over HTTP, with faults to order and a record.

Annotations are evaluated here: FastAPI reads those of the routes.
"""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.connectors.wechat.fake_account import MESSAGES, Account, Refusal

# An escape is one where the backslash is not itself escaped.
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


@dataclass
class Fault:
    """What happens instead of the answer, so many times, to calls of `path` (of any, where empty).

    `code`: this errcode. `status`: this HTTP status without JSON. `raw`: these bytes as JSON. `drop`: the connection
    is cut, before or after the call has been carried out. `held`: the answer waits until `FakeWeChat.release`.
    `seconds`: it waits so long. `unmeasured`: it comes in pieces, without its length.
    """

    path: str = ""
    times: int = 1
    code: int | None = None
    status: int | None = None
    raw: bytes | None = None
    drop: Literal["", "before", "after"] = ""
    held: bool = False
    seconds: float = 0.0
    unmeasured: bool = False


@dataclass(frozen=True)
class Call:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass
class FakeWeChat:
    """The account, what is to go wrong, and what came in."""

    account: Account
    address: str = ""
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def begin(self, account: Account) -> None:
        """Forget everything: another account, no faults, no record."""
        self.release()
        self.account, self.calls, self.faults, self.released = account, [], [], threading.Event()

    def fault(self, fault: Fault) -> None:
        """The next calls that it is for go wrong like this."""
        self.faults.append(fault)

    def release(self) -> None:
        """Let the held answers go."""
        self.released.set()

    def to(self, path: str) -> list[Call]:
        """The calls of one interface, like `message/custom/send`."""
        return [call for call in self.calls if call.path == f"/cgi-bin/{path}"]

    def texts(self, openid: str) -> list[str]:
        """The texts that a person has received."""
        received = self.account.people[openid].received
        return [message["text"]["content"] for message in received if message["msgtype"] == "text"]

    def due(self, path: str) -> Fault | None:
        """The fault for this call, used up by it."""
        for fault in self.faults:
            if fault.times > 0 and fault.path in ("", path):
                fault.times -= 1
                return fault
        return None


@contextmanager
def served(fake: FakeWeChat) -> Iterator[FakeWeChat]:
    """The fake on a free port, until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    fake.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(_Faulty(_app(fake), fake), log_level="critical", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield fake
    finally:
        server.should_exit = True
        fake.release()
        thread.join()


class _Faulty:
    """Records each call and puts the faults between the server and the app."""

    def __init__(self, app: ASGIApp, fake: FakeWeChat) -> None:
        self._app = app
        self._fake = fake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        request = Request(scope)
        self._fake.calls.append(Call(scope["method"], scope["path"], dict(request.query_params), body))
        fault = self._fake.due(scope["path"]) or Fault()
        if fault.drop == "before":
            _cut(receive)
            return
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._answering(fault)(scope, _replay(body), keep)
        if fault.held:
            await asyncio.to_thread(self._fake.released.wait)
        await asyncio.sleep(fault.seconds)
        if fault.drop == "after":
            _cut(receive)
            return
        for message in _in_pieces(sent) if fault.unmeasured else sent:
            await send(message)

    def _answering(self, fault: Fault) -> ASGIApp:
        if fault.status is not None:
            return Response("<html>Bad Gateway</html>", fault.status, media_type="text/html")
        if fault.raw is not None:
            return Response(fault.raw, media_type="application/json")
        if fault.code is not None:
            return _json(_error(fault.code))
        return self._app


async def _whole_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _in_pieces(sent: list[Message]) -> Iterator[Message]:
    for message in sent:
        if message["type"] == "http.response.start":
            headers = [header for header in message["headers"] if header[0] != b"content-length"]
            yield {**message, "headers": headers}
        else:
            body: bytes = message.get("body", b"")
            for start in range(0, len(body), 1000):
                yield {"type": "http.response.body", "body": body[start : start + 1000], "more_body": True}
            yield {"type": "http.response.body", "body": b""}


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _cut(receive: Receive) -> None:
    # ASGI has no way to drop a connection; uvicorn's `receive` is a method of what holds the transport.
    receive.__self__.transport.abort()  # type: ignore[attr-defined]


def _app(fake: FakeWeChat) -> FastAPI:
    """The interfaces; each looks at the account of the moment."""
    app = FastAPI()
    _token_routes(app, fake)

    @app.post("/cgi-bin/message/custom/send")
    async def custom_send(request: Request) -> Response:
        return await _posted(fake, request, fake.account.custom_send)

    @app.post("/cgi-bin/message/custom/typing")
    async def typing(request: Request) -> Response:
        return await _posted(fake, request, fake.account.typing)

    @app.post("/cgi-bin/message/template/send")
    async def template_send(request: Request) -> Response:
        return await _posted(fake, request, fake.account.template_send)

    @app.post("/cgi-bin/menu/create")
    async def menu_create(request: Request) -> Response:
        return await _posted(fake, request, fake.account.menu_create)

    @app.post("/cgi-bin/openapi/quota/get")
    async def quota_get(request: Request) -> Response:
        return await _posted(fake, request, fake.account.quota_get)

    @app.get("/cgi-bin/menu/get")
    async def menu_get(access_token: str = "") -> Response:
        return _asked(fake, access_token, fake.account.menu_get, errcode=False)

    @app.get("/cgi-bin/menu/delete")
    async def menu_delete(access_token: str = "") -> Response:
        return _asked(fake, access_token, fake.account.menu_delete)

    @app.get("/cgi-bin/getcallbackip")
    async def getcallbackip(access_token: str = "") -> Response:
        addresses = {"ip_list": ["198.51.100.1", "203.0.113.0/24"]}
        return _asked(fake, access_token, lambda: addresses, errcode=False)

    @app.get("/cgi-bin/media/get")
    async def media_get(media_id: str = "", access_token: str = "") -> Response:
        try:
            fake.account.check_token(access_token)
            content_type, content = fake.account.media_get(media_id)
        except Refusal as refusal:
            return _json(_error(refusal.code))
        if content_type == "video/link":
            return _json({"video_url": content.decode()})
        return Response(content, media_type=content_type)

    return app


def _token_routes(app: FastAPI, fake: FakeWeChat) -> None:
    @app.get("/cgi-bin/token")
    async def token(request: Request) -> Response:
        return _answer(lambda: fake.account.token(request.query_params), errcode=False)

    @app.get("/cgi-bin/stable_token")
    async def stable_token_by_get() -> Response:
        return _json(_error(43002))

    @app.post("/cgi-bin/stable_token")
    async def stable_token(request: Request) -> Response:
        body = await request.body()
        return _answer(lambda: fake.account.stable_token(_object(body)), errcode=False)


async def _posted(
    fake: FakeWeChat, request: Request, rule: Callable[[dict[str, Any]], dict[str, Any]]
) -> Response:
    body = await request.body()
    token = request.query_params.get("access_token", "")
    return _asked(fake, token, lambda: rule(_object(body)))


def _asked(
    fake: FakeWeChat, token: str, rule: Callable[[], dict[str, Any]], *, errcode: bool = True
) -> Response:
    def checked() -> dict[str, Any]:
        fake.account.check_token(token)
        return rule()

    return _answer(checked, errcode=errcode)


def _answer(rule: Callable[[], dict[str, Any]], *, errcode: bool) -> Response:
    try:
        answer = rule()
    except Refusal as refusal:
        return _json(_error(refusal.code))
    return _json({"errcode": 0, "errmsg": "ok", **answer} if errcode else answer)


def _object(body: bytes) -> dict[str, Any]:
    if _ESCAPE.search(body):
        raise Refusal(40033)
    try:
        value = json.loads(body)
    except ValueError:
        raise Refusal(47001) from None
    if not isinstance(value, dict):
        raise Refusal(47001)
    return value


def _error(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": f"{MESSAGES.get(code, 'unknown')} rid: 65537abc-1234abcd-0badcafe"}


def _json(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), media_type="application/json; encoding=utf-8")
