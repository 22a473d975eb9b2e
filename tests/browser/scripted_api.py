"""The chat API's contract with scripted faults: it stands in for the product only where the page's own behaviour is tested."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from connectors.web.pages import mount_static, page_router

Message = dict[str, Any]


@dataclass
class ScriptedApi:
    """What the API holds and does. `faults` are used up one per POST of a text, see `_send`."""

    address: str = ""
    faults: list[str] = field(default_factory=list)
    replies: dict[str, list[Message]] = field(default_factory=dict)
    conversations: dict[str, list[Message]] = field(default_factory=dict)
    turns: dict[str, tuple[str, Message, list[Message]]] = field(default_factory=dict)
    attempts: list[tuple[str, str]] = field(default_factory=list)
    streams: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    closing: bool = False
    cut: bool = False
    _last: int = 0

    def message(self, author: str, text: str, **more: Any) -> Message:
        """A message of the contract with the next id."""
        self._last += 1
        empty: Message = {
            "buttons": [],
            "outcome": None,
            "article": None,
            "aspect": None,
            "options": [],
            "ticket": None,
        }
        at = f"2026-11-23T09:{self._last % 60:02}:00+08:00"
        return {"id": self._last, "author": author, "text": text, "at": at, **empty, **more}

    def answer(self, text: str) -> list[Message]:
        """What the bot says to a text: scripted, or an echo."""
        scripted = self.replies.get(text, [{"text": f"您说的是：{text}", "outcome": "smalltalk"}])
        return [self.message(**{"author": "bot", **reply}) for reply in scripted]

    def push(self, author: str, text: str, **more: Any) -> None:
        """A later message in the newest conversation, for the stream to bring."""
        key = list(self.conversations)[-1]
        self.conversations[key].append(self.message(author, text, **more))

    def finish_pending(self) -> None:
        """The dialogue model is back: every turn without a reply gets one."""
        for _, message, replies in self.turns.values():
            if not replies:
                replies.extend(self.answer(message["text"]))
                self.conversations[list(self.conversations)[-1]].extend(replies)

    def texts(self, author: str) -> list[str]:
        """What an author has said, over all conversations."""
        return [
            m["text"] for messages in self.conversations.values() for m in messages if m["author"] == author
        ]


@contextmanager
def served(api: ScriptedApi) -> Iterator[ScriptedApi]:
    """The real page and the scripted API on a free port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0))
    api.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(_app(api), log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield api
    finally:
        api.closing = server.should_exit = True
        api.gate.set()
        thread.join()


def _app(api: ScriptedApi) -> FastAPI:
    app = FastAPI()
    app.include_router(page_router("平顶山"))
    mount_static(app)

    @app.post("/api/conversations", status_code=201)
    def open_conversation() -> dict[str, str]:
        key = f"c{len(api.conversations) + 1}"
        api.conversations[key] = []
        return {"id": key, "token": f"token-{key}"}

    @app.post("/api/conversations/{key}/messages")
    async def send(key: str, request: Request) -> Response:
        body = await request.json()
        return _refusal(api, key, request) or await _send(api, key, body["id"], body["text"])

    @app.get("/api/conversations/{key}/messages")
    def history(key: str, request: Request, after: int = 0) -> Response:
        found = [message for message in api.conversations.get(key, []) if message["id"] > after]
        return _refusal(api, key, request) or JSONResponse({"messages": found})

    @app.get("/api/conversations/{key}/events")
    async def events(key: str, request: Request, after: int = 0) -> Response:
        stream = StreamingResponse(_stream(api, key, after), media_type="text/event-stream")
        return _refusal(api, key, request) or stream

    return app


async def _send(api: ScriptedApi, key: str, client_id: str, text: str) -> Response:
    """Faults: `down` before storing, `lost` after storing, `pending`, `slow` (until the gate opens), or a problem's type."""
    api.attempts.append((client_id, text))
    fault = api.faults.pop(0) if api.faults else ""
    if fault == "down":
        return _problem(503, "unavailable", "")
    if fault == "text-too-long":
        return _problem(422, fault, "内容太长，请分开发送。")
    if fault == "rate-limited":
        return _problem(429, fault, "发送太快，请稍后再发。", {"Retry-After": "5"})
    if fault == "slow":
        await asyncio.to_thread(api.gate.wait)
    known = api.turns.get(client_id)
    if known is None:
        message = api.message("person", text)
        replies = [] if fault == "pending" else api.answer(text)
        api.turns[client_id] = known = (key, message, replies)
        api.conversations[key].extend([message, *replies])
    if fault == "lost":
        return _problem(504, "unavailable", "")
    pending = not known[2]
    body = {"message": known[1], "replies": known[2], "pending": pending}
    return JSONResponse(body, status_code=202 if pending else 200)


async def _stream(api: ScriptedApi, key: str, after: int) -> AsyncIterator[str]:
    api.streams += 1
    yield ": connected\r\n\r\n"
    while not api.closing and not api.cut:
        for message in list(api.conversations.get(key, [])):
            if message["id"] > after and message["author"] != "person":
                data = json.dumps(message, ensure_ascii=False)
                yield f"id: {message['id']}\r\nevent: message\r\ndata: {data}\r\n\r\n"
                after = message["id"]
        await asyncio.sleep(0.03)
    api.cut = False


def _refusal(api: ScriptedApi, key: str, request: Request) -> Response | None:
    known = key in api.conversations and request.headers.get("authorization") == f"Bearer token-{key}"
    return None if known else _problem(401, "unauthorized", "对话不存在或已失效。")


def _problem(status: int, type: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = {"type": f"urn:qifu:problem:{type}", "title": type, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")
