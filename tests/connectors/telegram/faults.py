"""A Bot API that fails as the real one does, told by the chat's id, and refuses what the real one refuses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

TOKEN = "7654321:AAbcdefghijklmnopqrstuvwxyz-0123456"
BLOCKED, GONE, CONFLICT, SLOWER, BAD, GATEWAY, SLOW, CUT, ODD, MOVED, GATE_429, GATE_403 = (
    403, 4030, 409, 429, 400, 502, 504, 500, 200, 301, 4290, 4031,
)  # fmt: skip
SLOW_SECONDS = 3.0
_GATES = {GATEWAY: 502, GATE_429: 429, GATE_403: 403}
_ANSWERS: dict[int, tuple[int, str, dict[str, int] | None]] = {
    BLOCKED: (403, "Forbidden: bot was blocked by the user", None),
    GONE: (400, "Bad Request: chat not found", None),
    CONFLICT: (409, "Conflict: terminated by other getUpdates request", None),
    BAD: (400, "Bad Request: message text is empty", None),
    MOVED: (400, "Bad Request: group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": -1001}),
}


@dataclass
class Faults:
    """What happened and what shall happen. `files`: id -> (told size, bytes); `updates`: answers of getUpdates."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refuse_all: set[int] = field(default_factory=set)
    files: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    updates: list[Any] = field(default_factory=list)
    taken: int = 0

    def of(self, method: str) -> list[dict[str, Any]]:
        """The calls of a method."""
        return [body for name, body in self.calls if name == method]


def faulty_api(faults: Faults) -> FastAPI:
    """The API of the bot with `TOKEN`; any other is unknown."""
    app = FastAPI()

    @app.post("/bot{token}/{method}")
    async def call(token: str, method: str, request: Request) -> Response:
        if token != TOKEN:
            return _error(401, "Unauthorized")
        body: dict[str, Any] = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        faults.calls.append((method, body))
        if method == "getUpdates":
            return _updates(faults)
        if method == "getFile":
            return _file(faults, str(body["file_id"]))
        if method == "getMe":
            return _ok({"id": 1, "is_bot": True, "first_name": "企服", "username": "QifuBot"})
        return await _message(faults, body) if method == "sendMessage" else _ok(True)

    @app.get("/file/bot{token}/{path:path}")
    def download(token: str, path: str) -> Response:
        if token != TOKEN or path not in faults.files:
            return _error(404, "Not Found")
        return Response(faults.files[path][1])

    return app


async def _message(faults: Faults, body: dict[str, Any]) -> Response:
    chat = int(body["chat_id"])
    if chat in faults.refuse_all or chat == SLOWER:
        return _error(429, "Too Many Requests: retry after 7", {"retry_after": 7})
    if chat in _ANSWERS:
        return _error(*_ANSWERS[chat])
    if chat in _GATES:
        return Response("<html>a gateway speaks</html>", _GATES[chat])
    if len(body["text"].encode("utf-16-le")) // 2 > 4096:
        return _error(400, "Bad Request: message is too long")
    for row in json.loads(body.get("reply_markup", "{}")).get("inline_keyboard", []):
        if any(not 1 <= len(key["callback_data"].encode()) <= 64 for key in row):
            return _error(400, "Bad Request: BUTTON_DATA_INVALID")
    faults.taken += 1
    if chat == SLOW:
        await asyncio.sleep(SLOW_SECONDS)
    if chat == CUT:
        return StreamingResponse(_half(), headers={"Content-Length": "500"})
    if chat == ODD:
        return Response("<html>welcome to the wifi</html>")
    sent = {"message_id": faults.taken, "date": 1_795_000_000, "chat": {"id": chat, "type": "private"}}
    return _ok({**sent, "text": body["text"]})


async def _half() -> AsyncIterator[bytes]:
    yield b'{"ok":true,'


def _updates(faults: Faults) -> Response:
    answer = faults.updates.pop(0) if faults.updates else []
    return answer if isinstance(answer, Response) else _ok(answer)


def _file(faults: Faults, id: str) -> Response:
    if id == "huge":
        return _error(400, "Bad Request: file is too big")
    size, _ = faults.files.get(id, (1, b""))
    return _ok({"file_id": id, "file_unique_id": "u", "file_size": size, "file_path": id})


def conflict(words: str) -> Response:
    """A 409, for `Faults.updates`."""
    return _error(409, f"Conflict: {words}")


def too_fast(seconds: int) -> Response:
    """A 429, for `Faults.updates`."""
    return _error(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def _ok(result: Any) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _error(code: int, words: str, parameters: dict[str, int] | None = None) -> Response:
    more = {"parameters": parameters} if parameters else {}
    return JSONResponse({"ok": False, "error_code": code, "description": words, **more}, code)
