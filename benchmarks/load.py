"""Talks held with a system, so many at a time, and what their turns cost."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from benchmarks.talks import Talk

Clock = Callable[[], float]
Say = Callable[[str], Awaitable[bool]]  # a text in; whether it was answered


class Channel(Protocol):
    """How a system is talked to."""

    async def begin(self, client: aiohttp.ClientSession) -> Say:
        """Begin a conversation and return how to say something in it."""

    def cpu(self) -> float:
        """Processor seconds taken so far."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Turns taken: seconds in all, the system's processor seconds, milliseconds of each turn that was answered."""

    seconds: float
    cpu_seconds: float
    answered_ms: tuple[float, ...]
    errors: int

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            self.answered_ms + other.answered_ms,
            self.errors + other.errors,
        )

    def per_second(self) -> float:
        """Answered turns per second."""
        return len(self.answered_ms) / self.seconds

    def cpu_ms(self) -> float:
        """Processor milliseconds a turn: what else the machine does hardly moves them."""
        return 1000 * self.cpu_seconds / (len(self.answered_ms) + self.errors)

    def percentile(self, share: float) -> float:
        """The milliseconds within which that share of the answered turns ended (nearest rank)."""
        ordered = sorted(self.answered_ms)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


async def hold(channel: Channel, talks: Sequence[Talk], at_a_time: int, clock: Clock) -> Figures:
    """Hold every talk, `at_a_time` of them at any time; a talk's next message follows the answer to its last.

    A conversation's beginning is not timed: only turns are.
    """
    # The load shares the machine with what it measures: aiohttp takes a sixth of httpx's processor time.
    connector = aiohttp.TCPConnector(limit=at_a_time)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as client:
        begun = [(await channel.begin(client), talk) for talk in talks]
        queue = iter(begun)
        spent, started = channel.cpu(), clock()
        parts = await asyncio.gather(*(_hold_some(queue, clock) for _ in range(at_a_time)))
        seconds, spent = clock() - started, channel.cpu() - spent
    answered = [ms for part, _ in parts for ms in part]
    return Figures(seconds, spent, tuple(answered), sum(errors for _, errors in parts))


async def _hold_some(queue: Iterator[tuple[Say, Talk]], clock: Clock) -> tuple[list[float], int]:
    answered: list[float] = []
    errors = 0
    for say, talk in queue:
        for text in talk:
            started = clock()
            try:
                said = await say(text)
            except (aiohttp.ClientError, TimeoutError):
                said = False
            if said:
                answered.append(1000 * (clock() - started))
            else:
                errors += 1
    return answered, errors
