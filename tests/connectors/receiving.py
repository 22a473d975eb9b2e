"""A receiver of webhooks on the loopback interface that does as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """`answers`: what is said to the next requests, then 200. `hold`: while it is closed, nothing is answered."""

    url: str = ""
    answers: list[bytes | None] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    hold: asyncio.Event | None = None

    def told(self) -> list[str]:
        """The events in the order in which they came."""
        return [one.event["type"] for one in self.received]


def answer(status: int, *headers: str, body: str = "") -> bytes:
    """An answer as it goes over the wire."""
    data = body.encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + data


HANG_UP = None
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 5_000_000


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver, listening."""
    receiver = Receiver()
    open_writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:-2]
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head)}
            body = await reader.readexactly(int(headers["content-length"]))
            receiver.received.append(Received(headers, body))
            if receiver.hold is not None:
                await receiver.hold.wait()
            said = receiver.answers.pop(0) if receiver.answers else answer(200, body="ok")
            if said is not None:
                writer.write(said)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            open_writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?key=geheim"
    try:
        yield receiver
    finally:
        server.close()
        for writer in list(open_writers):
            writer.transport.abort()
