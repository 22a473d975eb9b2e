"""Which network addresses other systems may be reached at: none of our own network, unless it is named."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """The host's addresses are none that may be reached; the message says so in Chinese."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Every public address, and the private ones of these networks."""

    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """`10.20.0.0/16, 192.168.3.7`. Raises `ValueError`."""
        return cls(tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()))

    def holds(self, address: Address) -> bool:
        """Whether it may be reached. What is wrapped in an IPv6 address counts as what it is."""
        inner = _unwrapped(address)
        if any(inner in network for network in self.networks if network.version == inner.version):
            return True
        return inner.is_global and not inner.is_multicast and not inner.is_reserved


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def reachable(host: str, port: int, allowed: Allowed, resolving: Resolve = resolve) -> Sequence[str]:
    """The addresses to connect to. All of them have to be allowed: a name that also leads inside is a trick.

    Raises `Forbidden`, or `OSError` where there are none.
    """
    found = await resolving(host, port)
    for text in found:
        if not allowed.holds(ipaddress.ip_address(text.partition("%")[0])):
            raise Forbidden("这个地址在内部网络，没有列入允许推送的范围（QIFU_WEBHOOK_NETWORKS）。")
    return found


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
