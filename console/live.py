"""What keeps open pages up to date: one look at the database for all of a process, three times a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from console.horizon import Horizon
from console.presence import Colleague, Presence
from conversations import changes, mentions
from conversations.changes import Mark, Standing, Unsettled
from conversations.models import Holder
from staff import notices
from store.database import Database

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.3
# For five minutes a transaction may still commit what others have overtaken.
_PATIENCE = 1000
_ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the inbox as HTML, with what tells in which lists it stands."""

    html: str
    holder: Holder
    staff: str | None
    ended: bool


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
Render = Callable[[Sequence[str]], Awaitable[Mapping[str, Shown]]]


@dataclass(eq=False, slots=True)
class Listener:
    """An open page of an account: of the inbox where `thread` is None. What it has not yet been told collects in the rest.

    `rows`: None for a thread that is no more; `mark`: up to where it has been told everything when it takes the rest.
    """

    thread: str | None = None
    account: str = ""
    rows: dict[str, Shown | None] = field(default_factory=dict)
    messages: set[int] = field(default_factory=set)
    touched: bool = False
    called: bool = False
    rung: bool = False
    mark: Mark = field(default_factory=lambda: Mark(0, 0))
    closed: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> bool:
        """Until there is something to tell, or no longer than that. False: there is nothing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), seconds)
        told = self.woken.is_set()
        self.woken.clear()
        return told


@dataclass(slots=True)
class _Untold:
    """What was found and is not told yet: it stays here until it is, whatever fails in between."""

    moved: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    messages: dict[int, str] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    rung: bool = False

    def add(self, other: _Untold) -> None:
        """What another holds, too."""
        self.moved |= other.moved
        self.touched |= other.touched
        self.messages |= other.messages
        self.called |= other.called
        self.rung = self.rung or other.rung


class Live:
    """Listeners, and the look that is taken for them all as long as there are any."""

    def __init__(
        self, database: Database, render: Render, presence: Presence, stopping: asyncio.Event
    ) -> None:
        self.presence = presence
        self.mark = Mark(0, 0)
        self.standing: dict[str, Standing] = {}
        self.called: dict[str, int] = {}
        self.render = render
        self._database = database
        self._stopping = stopping
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._messages, self._notes = Horizon(0, _PATIENCE), Horizon(0, _PATIENCE)
        self._unsettled: dict[int, Unsettled] = {}
        self._arriving: dict[int, str] = {}
        self._present: dict[str, dict[str, Colleague]] = {}
        self._untold = _Untold()
        self._notice = 0

    @asynccontextmanager
    async def listen(self, thread: str | None, account: str = "") -> AsyncIterator[Listener]:
        """Hear of everything that happens from here on: what was before has to be asked for after this."""
        listener = Listener(thread, account)
        async with self._starting:
            if self._task is None or self._task.done():
                await self._begin()
                self._task = asyncio.create_task(self._watch())
            self._listeners.add(listener)
        listener.mark = self.mark
        listener.closed = self._stopping.is_set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def touch(self, thread_id: str) -> None:
        """Something of the thread is another that no look at the database finds: its rows are told anew."""
        self._untold.moved.add(thread_id)

    async def _begin(self) -> None:
        async with self._database.read() as session:
            top = await changes.newest_mark(session)
            since = Mark(Horizon.begins_at(top.message), Horizon.begins_at(top.note))
            there = await changes.written_since(session, since)
            self.standing = await changes.standing(session)
            self.called = await mentions.unseen_of_all(session)
            self._notice = await notices.newest(session)
        self._messages = Horizon.over(there.messages, top.message, _PATIENCE)
        self._notes = Horizon.over(there.notes, top.note, _PATIENCE)
        self.mark = Mark(self._messages.complete, self._notes.complete)
        self._unsettled, self._arriving, self._present, self._untold = {}, {}, {}, _Untold()

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
            # Nothing is awaited between this and the end: who comes later finds the task done and begins anew.
            if self._stopping.is_set() or not self._listeners:
                break
            try:
                await self._look()
            except Exception:  # the pages are better off with the next look than with none
                log.exception("what is new could not be told to the open pages; looked again")
        for listener in self._listeners:
            listener.closed = True
            listener.woken.set()

    async def _look(self) -> None:
        open_threads = {listener.thread for listener in self._listeners if listener.thread}
        async with self._database.read() as session:
            await self._find(session, open_threads)
        await self._tell()

    async def _find(self, session: AsyncSession, open_threads: set[str]) -> None:
        """What is another than at the last look. Nothing is awaited once that is known: all of it is kept, or nothing."""
        since = Mark(self._messages.top, self._notes.top)
        missing = (tuple(self._messages.missing), tuple(self._notes.missing))
        written = await changes.written_since(session, since, missing)
        standing = await changes.standing(session)
        unsettled = await changes.unsettled(session, open_threads)
        arriving = await changes.arriving(session, open_threads)
        called = await mentions.unseen_of_all(session)
        notice = await notices.newest(session)
        present = {thread: self.presence.at(thread) for thread in open_threads}
        moved = {*written.threads(), *_differences(self.standing, standing)}
        self._untold.moved |= moved
        self._untold.messages |= written.messages
        self._untold.called |= _differences(self.called, called)
        self._untold.touched |= {
            *moved,
            *(one.thread_id for one in _changed(self._unsettled, unsettled)),
            *_changed(self._arriving, arriving),
            *_differences(self._present, present),
        }
        self._messages.take(written.messages)
        self._notes.take(written.notes)
        self._untold.rung = self._untold.rung or notice != self._notice
        self.standing, self.called, self._notice = standing, called, notice
        self._unsettled, self._arriving, self._present = unsettled, arriving, present

    async def _tell(self) -> None:
        # What is touched from here on is told next time.
        untold, self._untold = self._untold, _Untold()
        rows: dict[str, Shown | None] = {}
        try:
            if any(listener.thread is None for listener in self._listeners):
                in_order = sorted(untold.moved)
                for first in range(0, len(in_order), _ROWS_AT_ONCE):
                    rows |= await self._rendered(in_order[first : first + _ROWS_AT_ONCE])
        except BaseException:
            self._untold.add(untold)
            raise
        self.mark = Mark(self._messages.complete, self._notes.complete)
        for listener in self._listeners:
            _collect(listener, untold, rows)
            listener.mark = self.mark

    async def _rendered(self, threads: Sequence[str]) -> dict[str, Shown | None]:
        try:
            rows = await self.render(threads)
        except SQLAlchemyError:  # looked again, and all told then
            raise
        except Exception:
            if len(threads) == 1:  # one row that cannot be shown does not keep the others from being told
                log.exception("a row of the inbox cannot be shown: thread %s", threads[0])
                return {}
            return {id_: row for one in threads for id_, row in (await self._rendered([one])).items()}
        return {thread: rows.get(thread) for thread in threads}


def _collect(listener: Listener, untold: _Untold, rows: Mapping[str, Shown | None]) -> None:
    if listener.thread is None:
        listener.rows.update(rows)
    elif listener.thread in untold.touched:
        listener.messages |= {id_ for id_, thread in untold.messages.items() if thread == listener.thread}
        listener.touched = True
    listener.called = listener.called or listener.account in untold.called
    listener.rung = listener.rung or untold.rung
    if listener.rows or listener.touched or listener.called or listener.rung:
        listener.woken.set()


def _changed(before: Mapping[_Key, _Value], after: Mapping[_Key, _Value]) -> list[_Value]:
    """The values, old or new, of what is another."""
    return [(after.get(key) or before[key]) for key in _differences(before, after)]


def _differences(before: Mapping[_Key, object], after: Mapping[_Key, object]) -> set[_Key]:
    """The keys whose value is another one, or that came or went."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
