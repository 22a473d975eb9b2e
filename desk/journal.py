"""The journal: words are on the disk before they are acknowledged, and get into their threads right after.

See docs/decisions/0010-acknowledged-from-a-journal.md. Nobody owns a row: whoever finds words that wait places them, in the
order in which one person wrote them, and a message that is there already is not stored twice. So a process that dies
leaves nothing but rows, which the next round of any process finds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError

from conversations.arrivals import Sender, Words, any_and_holder, append, of_senders, senders_since
from conversations.models import Holder
from desk.desk import Desk
from desk.placing import Placed, place, place_alone
from store.writers import TransactionLost

log = logging.getLogger(__name__)

Begin = Callable[[str, str], object]  # a thread's id, its person's address

# What is wrong with one row, and no reason to let those beside it wait; and what is wrong with the database.
_OF_ONE = (DataError, IntegrityError, ValueError)
_OF_ALL = (OperationalError, InterfaceError, TransactionLost)
# As many rows as the event loop can be kept from everything else for: some ten milliseconds.
_BATCH = 100
_REST = 2.0  # times as long as a batch took
_SWEEP_SECONDS = 2.0
# Younger rows are with the process that stored them.
_LEFT_BEHIND = timedelta(seconds=5)
_SWEPT = 1000
# Words that cannot be placed hold up what the person wrote after them so many times.
_TRIES = 5
# So long a thread is believed to be with staff. What they give back to the bot meanwhile is answered all the same, only
# not within the request that brings it.
_BELIEVED = timedelta(seconds=30)
_MOST_BELIEVED = 10_000


class Journal:
    """One process's way through the journal: `keep` on the one side, `round` and `wait` in a loop on the other."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._begin: dict[str, Begin] = {}
        self._coming: list[tuple[Words, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._due: Counter[Sender] = Counter()  # how many words, as far as this process knows
        self._wake = asyncio.Event()
        self._passed = asyncio.Event()
        self._at: frozenset[Sender] = frozenset()
        self._swept_at = 0.0  # on the event loop's clock
        self._kept = 0
        self._failures: Counter[int] = Counter()
        self._held: dict[Sender, datetime] = {}

    def serve(self, channel: str, begin: Begin) -> None:
        """Have turns of a channel begun so; of others the loop of waiting turns takes them."""
        self._begin[channel] = begin

    async def keep(self, words: Words) -> None:
        """Returns when they are on the disk; known ones change nothing. What comes meanwhile shares the next commit."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._coming.append((words, kept))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await kept

    def held(self, channel: str, sender: str) -> bool:
        """Whether staff hold the thread of a person, as far as this process knows: the bot will not answer."""
        until = self._held.get((channel, sender))
        return until is not None and until > self._desk.clock()

    def _note(self, channel: str, sender: str, *, held: bool) -> None:
        """Who holds the thread of a person was seen just now."""
        if not held:
            self._held.pop((channel, sender), None)
            return
        if len(self._held) >= _MOST_BELIEVED:
            now = self._desk.clock()
            self._held = {who: until for who, until in self._held.items() if until > now}
        self._held[channel, sender] = self._desk.clock() + _BELIEVED

    async def settled(self, channel: str, sender: str) -> None:
        """What a person wrote before is in their thread now, so that what comes next comes after it; see `held`, too.

        Waits as long as the database is away; what cannot be placed for another reason is not waited for.
        """
        who = (channel, sender)
        if who not in self._due and who not in self._at:
            # Of a talk that is over, staff had the last word or not: whoever places the next one sees to it.
            since = self._desk.clock() - self._desk.talk_idle
            async with self._desk.database.read() as session:
                waits, holder = await any_and_holder(session, channel, sender, since)
            self._note(channel, sender, held=holder == Holder.STAFF)
            if not waits:
                return
            self._put([who])
        while who in self._due or who in self._at:
            await self._passed.wait()

    def _put(self, senders: Iterable[Sender] | Counter[Sender]) -> None:
        self._due.update(senders)
        if self._due:
            self._wake.set()

    async def sweep(self, *, older: timedelta = _LEFT_BEHIND) -> None:
        """Take up what has waited for so long: its process is gone, or could not place it."""
        self._swept_at = asyncio.get_running_loop().time()
        async with self._desk.database.read() as session:
            waiting = await senders_since(session, self._desk.clock() - older, _SWEPT)
        self._put(who for who in waiting if who not in self._due)

    async def wait(self) -> None:
        """Until something has come, or it is time to sweep."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._swept_at + _SWEEP_SECONDS):
                await self._wake.wait()

    async def round(self) -> None:
        """Place what has come, batch by batch, until nothing has."""
        if asyncio.get_running_loop().time() >= self._swept_at + _SWEEP_SECONDS:
            await self.sweep()
        self._wake.clear()
        while self._due:
            channel = next(iter(self._due))[0]
            batch = self._next_batch(channel)
            self._at = frozenset(batch)
            began, kept = asyncio.get_running_loop().time(), self._kept
            try:
                await self._place(channel, batch)
            except BaseException:
                self._put(batch)
                raise
            finally:
                self._at = frozenset()
                self._passed.set()
                self._passed = asyncio.Event()
            # Acknowledging goes before: what comes meanwhile makes the next batch a larger one, and so a cheaper one.
            if self._kept > kept:
                await asyncio.sleep(_REST * (asyncio.get_running_loop().time() - began))

    def _next_batch(self, channel: str) -> Counter[Sender]:
        """Take whose turn it is: of so few that what waits of them is about a batch, so that no look reads much more."""
        batch: Counter[Sender] = Counter()
        words = 0
        for who, count in self._due.items():
            if who[0] == channel:
                batch[who] = count
                words += count
                if words >= _BATCH:
                    break
        for who in batch:
            del self._due[who]
        return batch

    async def _place(self, channel: str, batch: Counter[Sender]) -> None:
        async with self._desk.database.read() as session:
            words = await of_senders(session, channel, [sender for _, sender in batch], _BATCH)
        if not words:
            return
        try:
            placed = await place(self._desk, channel, words)
        except _OF_ALL:
            raise
        except Exception:  # of one of them, or another process is at the same: each for itself
            placed = Placed(special=list(words))
        for sender in {one.sender for one in words}:
            self._note(channel, sender, held=sender in placed.held)
        self._begin_turns(channel, placed.turns.items())
        if placed.to_send:
            self._desk.to_send.set()
        moved = await self._one_by_one(channel, placed.special)
        if len(words) == _BATCH and (moved or placed.turns or placed.held):  # there may be more
            left = batch - Counter((channel, one.sender) for one in words)
            self._put(left | Counter(list(batch)))

    async def _one_by_one(self, channel: str, special: Sequence[Words]) -> bool:
        """Whether any of them is in its thread now."""
        stopped: set[str] = set()
        turns: dict[str, str] = {}
        try:
            for words in special:
                if words.sender not in stopped and not await self._alone(words, turns):
                    stopped.add(words.sender)
        finally:
            self._begin_turns(channel, turns.items())
        return bool(turns)

    async def _alone(self, words: Words, turns: dict[str, str]) -> bool:
        """Place one message. False where it could not be, and is to be tried again before what came after it."""
        try:
            turns[await place_alone(self._desk, words)] = words.sender
        except _OF_ALL:
            raise
        except Exception as error:  # without its message, which may hold what the person wrote
            self._failures[words.id] += 1
            if self._failures[words.id] > _TRIES:
                return True
            log.error("placing words of %s failed: %s", words.channel, type(error).__name__)
            return False
        self._failures.pop(words.id, None)
        return True

    def _begin_turns(self, channel: str, turns: Iterable[tuple[str, str]]) -> None:
        begin = self._begin.get(channel)
        for thread_id, sender in turns if begin else ():
            assert begin is not None
            begin(thread_id, sender)

    async def _write(self) -> None:
        try:
            while self._coming:
                batch, self._coming = self._coming, []
                await self._write_batch(batch)
        finally:
            self._writing = None

    async def _write_batch(self, batch: Sequence[tuple[Words, asyncio.Future[None]]]) -> None:
        error: Exception | None = None
        try:
            async with self._desk.database.write() as session:
                await append(session, [words for words, _ in batch], now=self._desk.clock())
        except _OF_ONE as its_own:
            error = its_own
            if len(batch) > 1:
                for one in batch:
                    await self._write_batch([one])
                return
        except Exception as of_all:
            error = of_all
        if error is None:
            self._kept += len(batch)
            self._put((words.channel, words.sender) for words, _ in batch)
        for _, kept in batch:
            if kept.done():  # its request is gone; what was stored is stored all the same
                continue
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)
