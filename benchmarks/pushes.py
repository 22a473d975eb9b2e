"""Load on a webhook: pushes made beforehand, sent over open connections, each timed to the end of its answer."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from benchmarks.load import Clock, Figures

CONNECTIONS = 100
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Load:
    """`rate`: pushes per second, arriving at random; None: each connection sends its next push after its answer."""

    name: str
    seconds: float
    rate: float | None = None


async def press(
    url: str,
    pushes: Sequence[bytes],
    load: Load,
    *,
    cpu: Callable[[], float],
    settled: Callable[[], Awaitable[None]],
    clock: Clock,
    chance: random.Random,
) -> Figures:
    """Send pushes, whole HTTP requests, to a server over 100 connections until time is up.

    A push that finds no connection free waits for one, and its waiting counts. An answer other than 200, and none, is
    an error. The processor time is taken when `settled` returns: what was put off is in it.
    """
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await _connect(url))
    queue, sent = iter(pushes), _Sent(clock)
    spent, began = cpu(), clock()
    if load.rate is None:
        await asyncio.gather(
            *(_in_turn(free.get_nowait(), queue, sent, began + load.seconds) for _ in range(CONNECTIONS))
        )
    else:
        await _at_random(free, queue, sent, load, chance)
    seconds = clock() - began
    await settled()
    return Figures(seconds, cpu() - spent, tuple(sent.answered_ms), sent.errors)


class _Sent:
    """What became of the pushes so far."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.answered_ms: list[float] = []
        self.errors = 0

    def note(self, status: int, since: float) -> None:
        if status == 200:
            self.answered_ms.append(1000 * (self.clock() - since))
        else:
            self.errors += 1


class _Connection(asyncio.Protocol):
    """One connection: a request out, its status back. Lean, since the load shares the machine with what it loads."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass

    async def ask(self, request: bytes) -> int:
        """The status of the answer; 0 where the connection is lost."""
        assert self._transport is not None
        if self._transport.is_closing():
            return 0
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self._buffer = b""
            self._end(int(head[9:12]))

    def connection_lost(self, _: Exception | None) -> None:
        self._end(0)

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.close()

    def _end(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line[len(_LENGTH) :]) for line in lines if line.startswith(_LENGTH)), 0)


async def _connect(url: str) -> _Connection:
    host, _, port = urlsplit(url).netloc.partition(":")
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, host, int(port))
    return connection


async def _in_turn(connection: _Connection, queue: Iterator[bytes], sent: _Sent, until: float) -> None:
    for push in queue:
        since = sent.clock()
        if since >= until:
            break
        sent.note(await connection.ask(push), since)
    connection.close()


async def _at_random(
    free: asyncio.Queue[_Connection], queue: Iterator[bytes], sent: _Sent, load: Load, chance: random.Random
) -> None:
    assert load.rate is not None
    at = began = sent.clock()
    async with asyncio.TaskGroup() as group:
        for push in queue:
            at += chance.expovariate(load.rate)
            if at >= began + load.seconds:
                break
            await asyncio.sleep(at - sent.clock())
            group.create_task(_one(free, push, sent, at))
    while not free.empty():
        free.get_nowait().close()


async def _one(free: asyncio.Queue[_Connection], push: bytes, sent: _Sent, since: float) -> None:
    connection = await free.get()
    sent.note(await connection.ask(push), since)
    free.put_nowait(connection)
