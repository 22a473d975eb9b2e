"""What keeps open pages up to date: one look at the database for all of a process, three times a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from console.presence import Colleague, Presence
from conversations import changes
from conversations.changes import Mark, Standing, Unsettled
from conversations.models import Holder
from staff import notices
from store.database import Database

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.3
# On PostgreSQL a message with a smaller id may be committed after one with a greater: so far back is looked again.
LOOK_BACK = 200
_MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the inbox as HTML, with what tells in which lists it stands."""

    html: str
    holder: Holder
    staff: str | None
    ended: bool


_Key = TypeVar("_Key")
Render = Callable[[Sequence[str]], Awaitable[Mapping[str, Shown]]]


@dataclass(eq=False, slots=True)
class Listener:
    """An open page: of the inbox where `thread` is None. What it has not yet been told collects in the rest."""

    thread: str | None = None
    rows: dict[str, Shown] = field(default_factory=dict)
    messages: set[int] = field(default_factory=set)
    touched: bool = False
    rung: bool = False
    closed: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float) -> bool:
        """Until there is something to tell, or no longer than that. False: there is nothing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), seconds)
        told = self.woken.is_set()
        self.woken.clear()
        return told


class Live:
    """Listeners, and the look that is taken for them all as long as there are any."""

    def __init__(
        self, database: Database, render: Render, presence: Presence, stopping: asyncio.Event
    ) -> None:
        self.presence = presence
        self.mark = Mark(0, 0)
        self.standing: dict[str, Standing] = {}
        self.render = render
        self._database = database
        self._stopping = stopping
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._known: dict[str, set[int]] = {"messages": set(), "notes": set()}
        self._unsettled: dict[int, Unsettled] = {}
        self._present: dict[str, dict[str, Colleague]] = {}
        self._notice = 0

    @asynccontextmanager
    async def listen(self, thread: str | None) -> AsyncIterator[Listener]:
        """Hear of everything that happens from here on: what was before has to be asked for after this."""
        listener = Listener(thread)
        async with self._starting:
            if self._task is None or self._task.done():
                await self._begin()
                self._task = asyncio.create_task(self._watch())
            self._listeners.add(listener)
        listener.closed = self._stopping.is_set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _begin(self) -> None:
        async with self._database.read() as session:
            self.mark = await changes.newest_mark(session)
            written = await changes.written_since(session, self.mark.less(LOOK_BACK))
            self.standing = await changes.standing(session)
            self._notice = await notices.newest(session)
        self._known = {"messages": set(written.messages), "notes": set(written.notes)}
        self._unsettled, self._present = {}, {}

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
            written = await changes.written_since(session, self.mark.less(LOOK_BACK))
            standing = await changes.standing(session)
            unsettled = await changes.unsettled(session, open_threads)
            notice = await notices.newest(session)
        messages = {
            id_: thread for id_, thread in written.messages.items() if id_ not in self._known["messages"]
        }
        notes = {id_: thread for id_, thread in written.notes.items() if id_ not in self._known["notes"]}
        moved = {*messages.values(), *notes.values(), *_differences(self.standing, standing)}
        settled = _differences(self._unsettled, unsettled)
        present = {thread: self.presence.at(thread) for thread in open_threads}
        touched = {
            *moved,
            *((unsettled.get(id_) or self._unsettled[id_]).thread_id for id_ in settled),
            *_differences(self._present, present),
        }
        self._known = {"messages": set(written.messages), "notes": set(written.notes)}
        self.mark = Mark(max(self.mark.message, *written.messages, 0), max(self.mark.note, *written.notes, 0))
        self.standing, self._unsettled, self._present = standing, unsettled, present
        rung, self._notice = notice != self._notice, notice
        await self._tell(moved, touched, messages, rung=rung)

    async def _tell(
        self, moved: set[str], touched: set[str], messages: Mapping[int, str], *, rung: bool
    ) -> None:
        lists = [listener for listener in self._listeners if listener.thread is None]
        rows = await self.render(sorted(moved)[-_MOST_ROWS:]) if moved and lists else {}
        for listener in self._listeners:
            if listener.thread is None:
                listener.rows.update(rows)
            elif listener.thread in touched:
                listener.messages |= {id_ for id_, thread in messages.items() if thread == listener.thread}
                listener.touched = True
            listener.rung = listener.rung or rung
            if listener.rows or listener.touched or listener.rung:
                listener.woken.set()


def _differences(before: Mapping[_Key, object], after: Mapping[_Key, object]) -> set[_Key]:
    """The keys whose value is another one, or that came or went."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
