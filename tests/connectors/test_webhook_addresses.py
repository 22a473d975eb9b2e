"""Nothing inside is reached by a webhook, however its address is written."""

from __future__ import annotations

import ipaddress

import pytest

from connectors.webhooks.addresses import Allowed
from connectors.webhooks.posting import Postman
from desk.pushing import NotAnswered
from tests.connectors.receiving import answer, receiving
from tests.fakes import HandClock

INSIDE = (
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "fe80::1", "fd00::1", "ff02::1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "::127.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
async def test_a_name_that_leads_inside_is_not_reached_although_it_leads_outside_too(
    address: str, clock: HandClock
) -> None:
    async def resolving(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]

    postman = Postman(Allowed(), clock, resolving=resolving)
    said = await postman.post("https://hooks.example.cn/x", {}, b"{}")
    assert isinstance(said, NotAnswered) and "内部网络" in said.reason
    await postman.close()


@pytest.mark.parametrize("address", ["93.184.216.34", "223.5.5.5", "2400:3200::1", "::ffff:223.5.5.5"])
def test_public_addresses_may_be_reached(address: str) -> None:
    assert Allowed().holds(ipaddress.ip_address(address))


def test_networks_that_are_named_may_be_reached_and_no_other() -> None:
    allowed = Allowed.parse("10.20.0.0/16, 192.168.3.7,fd00::/8")
    for address, reached in (
        ("10.20.1.1", True), ("::ffff:10.20.1.1", True), ("10.21.1.1", False), ("192.168.3.7", True),
        ("192.168.3.8", False), ("fd12::1", True), ("127.0.0.1", False),
    ):  # fmt: skip
        assert allowed.holds(ipaddress.ip_address(address)) is reached, address


@pytest.mark.parametrize("text", ["localhost", "10.0.0.1/8", "10.0.0.0/33", "https://10.0.0.1"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Allowed.parse(text)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "localhost", "[::1]", "[::ffff:7f00:1]"]
)
async def test_no_writing_of_the_own_machine_gets_through(host: str, clock: HandClock) -> None:
    async with receiving() as receiver:
        postman = Postman(Allowed(), clock)
        port = receiver.url.split(":")[2].split("/")[0]
        said = await postman.post(f"http://{host}:{port}/x", {}, b"{}")
        assert isinstance(said, NotAnswered) and receiver.received == []
        await postman.close()


async def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(clock: HandClock) -> None:
    asked = []

    async def resolving(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with receiving() as receiver:
        receiver.answers = [answer(204)]
        postman = Postman(Allowed.parse("127.0.0.1"), clock, resolving=resolving)
        port = receiver.url.split(":")[2].split("/")[0]
        await postman.post(f"http://hooks.invalid:{port}/x", {}, b"{}")
        assert asked == ["hooks.invalid"]
        assert receiver.received[0].headers["host"] == f"hooks.invalid:{port}"
        await postman.close()
