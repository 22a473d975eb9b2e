"""What stands on a thread's page, read from the database: its entries, who has it, how it came here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from console.attached import files_of
from console.entries import Entry, Names, State, entries, named_in, state
from console.lines import COUNTED, title
from console.readable import readable
from conversations import holding, inbox, quotas
from conversations.models import Author, Holder, Message, Note, Person, Thread
from conversations.quotas import Left, Recipient
from desk.belonging import Reader
from desk.desk import Desk
from desk.values import CHANNEL_NAMES
from staff import accounts
from staff.actors import Actor
from tickets import lists
from tickets.lists import Row
from tickets.models import KIND_NAMES
from tickets.states import STATE_NAMES

PAGE = 60


@dataclass(frozen=True, slots=True)
class Head:
    """Who has a thread, and what may still be sent; `left` is None where the channel does not count."""

    thread: Thread
    person: Person
    name: str
    channel: str
    holder_name: str
    mine: bool
    left: Left | None

    @property
    def waiting(self) -> bool:
        """Whether it waits for somebody."""
        return self.thread.holder is Holder.WAITING

    @property
    def held(self) -> bool:
        """Whether somebody has it."""
        return self.thread.holder is Holder.STAFF


@dataclass(frozen=True, slots=True)
class Log:
    """A part of the history. `older`: the id before which there is more, else None."""

    entries: Sequence[Entry]
    states: Mapping[int, State]
    older: int | None
    newest: int


@dataclass(frozen=True, slots=True)
class Call:
    """Why staff were called, what was asked before, and what the bot answered to it."""

    why: str
    asked: str
    answered: str
    at: datetime


async def head(session: AsyncSession, thread_id: str, reader: Reader, now: datetime) -> Head | None:
    """Who has the thread; None where there is none."""
    thread = await session.get(Thread, thread_id)
    if thread is None:
        return None
    person = await session.get_one(Person, thread.person_id)
    tickets = await lists.newest_of(session, [thread_id], reader.sight)
    held = thread.holder is Holder.STAFF
    names = await accounts.names(session, [thread.staff] if held and thread.staff else [])
    left = None
    if thread.channel == COUNTED:
        left = await quotas.left(session, Recipient(thread.channel, person.address), now=now)
    return Head(
        thread=thread,
        person=person,
        name=title(person, tickets.get(thread_id)),
        channel=CHANNEL_NAMES.get(thread.channel, thread.channel),
        holder_name=names.get(thread.staff or "", "工作人员") if held else "",
        mine=held and thread.staff == reader.account,
        left=left,
    )


async def log(
    desk: Desk,
    session: AsyncSession,
    thread_id: str,
    reader: Reader,
    *,
    actor: Actor,
    before: int | None = None,
    revealed: bool = False,
) -> Log:
    """The newest part of the history, or the part before a message."""
    found = await inbox.messages(session, thread_id, before=before, limit=PAGE + 1)
    more, shown = len(found) > PAGE, found[-PAGE:]
    notes = [
        note
        for note in await holding.notes(session, thread_id)
        if (not more or note.after_id >= shown[0].id) and (before is None or note.after_id < before)
    ]
    return Log(
        entries=await told(desk, session, shown, notes, reader, actor=actor, revealed=revealed),
        states={message.id: about for message in shown if (about := state(message))},
        older=shown[0].id if more else None,
        newest=shown[-1].id if shown else 0,
    )


async def told(
    desk: Desk,
    session: AsyncSession,
    messages: Sequence[Message],
    notes: Sequence[Note],
    reader: Reader,
    *,
    actor: Actor,
    revealed: bool = False,
) -> list[Entry]:
    """Messages and notes with the names of what they name, as far as the reader may read them."""
    staff, articles = named_in(messages, notes)
    names = await accounts.names(session, staff) if staff else {}
    threads = {note.thread_id for note in notes}
    words = await readable(session, messages, reader, threads=threads, revealed=revealed)
    files = await files_of(session, messages, reader, actor, revealed=revealed)
    called = Names(names, desk.library.titles(articles, desk.today()), files)
    return entries(messages, notes, called, words)


async def call(
    session: AsyncSession, thread: Thread, reader: Reader, *, revealed: bool = False
) -> Call | None:
    """The last time that somebody was called; None where nobody was lately."""
    found = await inbox.messages(session, thread.id, limit=PAGE)
    called = next((m for m in reversed(found) if m.detail.get("outcome") == "handoff"), None)
    if called is None:
        return None
    asking = next((m for m in found if m.id == called.answers_id), None)
    answer = next(
        (
            m
            for m in reversed(found)
            if m.id < called.id and m.author is Author.BOT and m.detail.get("outcome") != "handoff"
        ),
        None,
    )
    question = next((m for m in found if answer and m.id == answer.answers_id), None)
    shown = [message for message in (asking, question, answer) if message]
    words = await readable(session, shown, reader, revealed=revealed)
    return Call(
        why=_why(called, words.text(asking) if asking else ""),
        asked=words.text(question) if question else "",
        answered=words.text(answer) if answer else "",
        at=called.created_at,
    )


def ticket_line(row: Row) -> tuple[str, str]:
    """Kind and subject of a ticket, and its state."""
    ticket = row.ticket
    return f"{KIND_NAMES[ticket.kind]} · {ticket.subject}", STATE_NAMES[ticket.state]


def _why(called: Message, asking: str) -> str:
    if called.detail.get("why") == "silent":
        return f"原接待人员超过 {called.detail['minutes']} 分钟没有回复，重新排队。"
    if called.author is Author.SYSTEM:
        return "智能助手当时不能回答，自动转给人工。"
    return f"对方要求人工：“{asking}”" if asking else "对方要求人工。"
