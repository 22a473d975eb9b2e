"""Polling a Bot API that fails: nothing is confirmed before it is stored."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.telegram.account import Account
from connectors.telegram.incoming import Incoming
from connectors.telegram.line import Line
from connectors.telegram.outcomes import Refused
from connectors.telegram.poll import poll
from tests.connectors.telegram.faults import Faults, conflict, too_fast

RECEIVED = datetime(2026, 11, 23, tzinfo=UTC)


def text(update_id: int, words: str = "你好") -> dict[str, Any]:
    chat = {"id": 55, "type": "private"}
    return {"update_id": update_id, "message": {"message_id": 9, "chat": chat, "text": words}}


@dataclass
class Desk:
    """Stores updates; ends the polling after so many calls of getUpdates."""

    faults: Faults
    account: Account
    until: int
    stored: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    async def accept(self, incoming: Incoming) -> None:
        if incoming.external_id in self.failing:
            self.failing.remove(incoming.external_id)
            raise ConnectionError("the database is away")
        self.stored.append(incoming.external_id)

    async def acknowledge(self, incoming: Incoming) -> None:
        self.told.append(incoming.external_id)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def run(self) -> None:
        """Poll, and cancel as Ctrl-C does."""
        polling = asyncio.create_task(
            poll(
                self.account,
                self.accept,
                self.acknowledge,
                clock=lambda: RECEIVED,
                jitter=lambda: 0.5,
                sleep=self.sleep,
                wait_seconds=1,
            )
        )
        async with asyncio.timeout(20):
            while len(self.faults.of("getUpdates")) < self.until:
                await asyncio.sleep(0.001)
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling

    def offsets(self) -> list[int]:
        """What was asked for, up to the end."""
        return [int(body["offset"]) for body in self.faults.of("getUpdates")][: self.until]


def desk(faults: Faults, line: Line, until: int, failing: tuple[str, ...] = ()) -> Desk:
    return Desk(faults, Account(line), until, failing=set(failing))


async def test_updates_are_stored_and_only_then_confirmed(faults: Faults, line: Line) -> None:
    faults.updates = [[text(7), text(8)], [text(9)]]
    polled = desk(faults, line, until=4)
    await polled.run()
    assert polled.stored == polled.told == ["7", "8", "9"]
    assert polled.offsets() == [0, 9, 10, 0]
    assert faults.of("deleteWebhook") == [{"drop_pending_updates": "false"}]
    assert polled.slept == []


async def test_an_update_that_could_not_be_stored_is_fetched_again(faults: Faults, line: Line) -> None:
    faults.updates = [[text(7), text(8), text(9)], [text(8), text(9)]]
    polled = desk(faults, line, until=3, failing=("8",))
    await polled.run()
    assert polled.stored == ["7", "8", "9"]
    assert polled.offsets() == [0, 8, 10]
    assert polled.slept == [1.0]


async def test_the_first_update_that_could_not_be_stored_confirms_nothing(faults: Faults, line: Line) -> None:
    faults.updates = [[text(7)], [text(7)]]
    polled = desk(faults, line, until=3, failing=("7",))
    await polled.run()
    assert (polled.stored, polled.offsets()) == (["7"], [0, 0, 8])


async def test_an_update_that_is_nothing_for_us_is_confirmed_too(faults: Faults, line: Line) -> None:
    faults.updates = [[{"update_id": 7, "poll": {}}, {"update_id": 8, "message": "broken"}]]
    polled = desk(faults, line, until=2)
    await polled.run()
    assert (polled.stored, polled.offsets()) == ([], [0, 9])


async def test_ids_that_begin_anew_lower_are_seen(faults: Faults, line: Line) -> None:
    faults.updates = [[text(900_000)], [], [text(5)]]
    polled = desk(faults, line, until=4)
    await polled.run()
    assert polled.stored == ["900000", "5"]
    assert polled.offsets() == [0, 900_001, 0, 6]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "terminated by other getUpdates request; make sure that only one bot instance is running",
            "另一个程序",
        ),
        ("can't use getUpdates method while webhook is active", "回调地址"),
    ],
)
async def test_a_conflict_is_said_clearly_and_waited_out(
    faults: Faults, line: Line, caplog: pytest.LogCaptureFixture, words: str, said: str
) -> None:
    faults.updates = [conflict(words), conflict(words), [text(7)]]
    polled = desk(faults, line, until=4)
    await polled.run()
    assert polled.stored == ["7"]
    assert polled.slept == [1.0, 2.0]
    assert said in caplog.text


async def test_a_429_is_waited_out_as_long_as_it_says(faults: Faults, line: Line) -> None:
    faults.updates = [too_fast(9), [text(7)]]
    polled = desk(faults, line, until=3)
    await polled.run()
    assert (polled.stored, polled.slept) == (["7"], [9])


async def test_a_refused_token_ends_the_polling_with_clear_words(
    faulty: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = Line("1:wrong-token-wrong-token", base_url=faulty)
    polled = desk(Faults(), line, until=0)
    end = await poll(
        polled.account, polled.accept, polled.acknowledge, clock=lambda: RECEIVED, jitter=lambda: 0.5
    )
    await line.close()
    assert isinstance(end, Refused)
    assert end.reason == "token"
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "令牌" in caplog.text
    assert "wrong-token" not in caplog.text
