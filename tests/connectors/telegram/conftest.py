"""The two Bot APIs of the tests: one that fails on demand, and the fake of others behind its front."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.telegram.client import Client
from connectors.telegram.line import Line
from connectors.telegram.pace import Pace
from tests.connectors.served import served
from tests.connectors.telegram.faults import TOKEN, Faults, faulty_api
from tests.connectors.telegram.front import Front, free_port
from tests.peers.node import PEERS, node


@pytest.fixture
def faults() -> Faults:
    """What the failing API does."""
    return Faults()


@pytest.fixture
def faulty(faults: Faults) -> Iterator[str]:
    """The address of the failing API."""
    with served(faulty_api(faults)) as url:
        yield url


@pytest.fixture
async def line(faulty: str) -> AsyncIterator[Line]:
    """A line to the failing API; it waits a second for an answer."""
    opened = Line(TOKEN, base_url=faulty, read_seconds=1.0)
    yield opened
    await opened.close()


@pytest.fixture
def client(line: Line) -> Client:
    """A client that does not pace, so that no test waits."""
    return Client(line, pace=Pace(chat_gap=0, bot_gap=0))


@pytest.fixture
def front() -> Iterator[Front]:
    """telegram-test-api behind its front."""
    program = node("telegram-test-api")
    port = free_port()
    command = [program, str(PEERS / "telegram-front.cjs"), str(port), TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "listening"
            yield Front(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
