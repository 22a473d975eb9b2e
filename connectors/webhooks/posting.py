"""`desk.pushing.Posting` over HTTP: to the address that was looked at, no redirect followed, little of the answer read."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore

from connectors.webhooks.addresses import Allowed, Forbidden, Resolve, reachable, resolve
from desk.pushing import Answered, NotAnswered, PostResult
from store.clock import Clock

_MOST_BYTES = 2_000
_TIMEOUT = {"connect": 5.0, "read": 15.0, "write": 5.0, "pool": 5.0}
_USER_AGENT = "qifu-webhooks/1"


class Postman:
    """Posts to other systems. Whether an address may be reached is asked at each connection, and that one is used."""

    def __init__(self, allowed: Allowed, clock: Clock, *, resolving: Resolve = resolve) -> None:
        self._clock = clock
        # No connection is kept: the next one may have to be looked at anew.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=_Guarded(allowed, resolving),
            max_connections=100,
            max_keepalive_connections=0,
        )

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> PostResult:
        """Post it and say what came of it."""
        sent = {"user-agent": _USER_AGENT, "accept": "*/*", "accept-encoding": "identity", **headers}
        try:
            async with self._pool.stream(
                "POST", url, headers=list(sent.items()), content=body, extensions={"timeout": _TIMEOUT}
            ) as answer:
                text = await _beginning(answer)
                return Answered(answer.status, text, self._retry_after(answer.headers))
        except Forbidden as forbidden:
            return NotAnswered(str(forbidden))
        except ssl.SSLError:
            return NotAnswered("对方的证书不能通过验证。")
        except httpcore.TimeoutException:
            return NotAnswered("对方在规定的时间里没有回答。")
        except httpcore.ConnectError as error:
            certificate = "certificate" in str(error).lower() or "ssl" in str(error).lower()
            return NotAnswered("对方的证书不能通过验证。" if certificate else "连接不上对方的地址。")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            return NotAnswered("连接中断，没有收到完整的回答。")

    async def close(self) -> None:
        """Close what is open."""
        await self._pool.aclose()

    def _retry_after(self, headers: Iterable[tuple[bytes, bytes]]) -> float | None:
        given = next((value for name, value in headers if name.lower() == b"retry-after"), None)
        if given is None:
            return None
        return _seconds(given.decode("latin-1").strip(), self._clock())


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to allowed addresses only. The certificate is still asked for by the host's name."""

    def __init__(self, allowed: Allowed, resolving: Resolve) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allowed = allowed
        self._resolving = resolving

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's own name)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Look the host up, and connect to what was found. Raises `Forbidden`."""
        try:
            addresses = await reachable(host, port, self._allowed, self._resolving)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        problem: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: other systems are not files."""
        raise Forbidden("不能推送到本机的套接字。")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)


async def _beginning(answer: httpcore.Response) -> str:
    read = b""
    async for chunk in answer.aiter_stream():
        read += chunk
        if len(read) >= _MOST_BYTES:
            break
    text = read[:_MOST_BYTES].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _seconds(given: str, now: datetime) -> float | None:
    if given.isascii() and given.isdecimal():
        return float(given[:9])
    try:
        at = parsedate_to_datetime(given)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return max(0.0, (at - now).total_seconds())
