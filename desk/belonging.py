"""What a message belongs to: the form of a complaint or request, or a ticket; and to whom it is closed for that.

A form begins with the bot's first question and ends when it is filed or left. Whether the enterprise wants confidence is
the last thing that it is asked, so until a ticket tells, everything of a form is treated as if it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from conversations.models import Author, Holder, Message, Thread
from tickets.lists import Sight, unseen
from tickets.models import Ticket

# A form whose question does not say which one it is of.
_UNKNOWN = 0


class Why(StrEnum):
    """Why a message is not shown."""

    CONFIDENTIAL = "confidential"  # of a ticket that the reader may not see
    UNFILED = "unfiled"  # of a form that no ticket came of (yet)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: an account (empty: anybody of the staff), and the tickets that it may see."""

    account: str
    sight: Sight


EVERYBODY = Reader("", Sight(""))


@dataclass(frozen=True, slots=True)
class Matter:
    """`forms`: by the message that began them; `tickets`: their numbers; `asked`: the field that it answers."""

    forms: frozenset[int] = frozenset()
    tickets: frozenset[str] = frozenset()
    asked: str = ""


async def matters(session: AsyncSession, messages: Iterable[Message]) -> dict[int, Matter]:
    """What each message belongs to, of those that belong to something."""
    messages = list(messages)
    before = await _bot_before(session, [m.id for m in messages if m.author in (Author.PERSON, Author.STAFF)])
    replies = await _replies(session, [m.id for m in messages if m.author is Author.PERSON])
    found = {}
    for message in messages:
        open_form = before.get(message.id, {})
        details = [message.detail, *replies.get(message.id, ())]
        if open_form.get("form"):
            details.append(open_form)
        asked = str(open_form.get("asks") or "") if message.author is Author.PERSON else ""
        matter = _matter(details, asked)
        if matter != Matter():
            found[message.id] = matter
    return found


async def closed(
    session: AsyncSession, messages: Sequence[Message], found: Mapping[int, Matter], reader: Reader
) -> dict[int, Why]:
    """The messages that the reader is not shown, and why. Who has taken a thread reads the form that runs in it."""
    if not found:
        return {}
    threads = {message.thread_id for message in messages if message.id in found}
    filed = await _filed(session, threads) if any(matter.forms for matter in found.values()) else {}
    numbers = {number for matter in found.values() for number in matter.tickets} | set(filed.values())
    hidden = await unseen(session, numbers, reader.sight)
    held = set(threads) if reader.sight.confidential else await _held(session, threads, reader.account)
    why = {}
    for message in messages:
        matter = found.get(message.id, Matter())
        of_forms = {filed.get(form) for form in matter.forms}
        if (matter.tickets | of_forms) & hidden:
            why[message.id] = Why.CONFIDENTIAL
        elif None in of_forms and message.thread_id not in held:
            why[message.id] = Why.UNFILED
    return why


def _matter(details: Iterable[Mapping[str, Any]], asked: str) -> Matter:
    forms, tickets = set(), set()
    for detail in details:
        if detail.get("form") or detail.get("intake"):
            forms.add(int(detail.get("intake") or _UNKNOWN))
        if detail.get("ticket"):
            tickets.add(str(detail["ticket"]))
    return Matter(frozenset(forms), frozenset(tickets), asked if forms else "")


async def _bot_before(session: AsyncSession, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Message -> the bot's last word before it. That a person was called for ends no form."""
    if not ids:
        return {}
    word, bot = aliased(Message), aliased(Message)
    last = (
        select(func.max(bot.id))
        .where(
            bot.thread_id == word.thread_id,
            bot.id < word.id,
            bot.author == Author.BOT,
            func.coalesce(bot.detail["outcome"].as_string(), "") != "handoff",
        )
        .correlate(word)
        .scalar_subquery()
    )
    pairs = (await session.execute(select(word.id, last).where(word.id.in_(ids)))).all()
    rows = await session.execute(
        select(Message.id, Message.detail).where(Message.id.in_({before for _, before in pairs if before}))
    )
    details: dict[int, Mapping[str, Any]] = {row[0]: row[1] for row in rows}
    return {id_: details[before] for id_, before in pairs if before}


async def _replies(session: AsyncSession, ids: Sequence[int]) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    if ids:
        rows = await session.execute(
            select(Message.answers_id, Message.detail).where(Message.answers_id.in_(ids))
        )
        for answers, detail in rows:
            found.setdefault(answers or 0, []).append(detail)
    return found


async def _filed(session: AsyncSession, threads: Iterable[str]) -> dict[int, str]:
    """Form -> the number of the ticket that came of it."""
    rows = await session.execute(
        select(Ticket.confirmed_by, Ticket.number).where(Ticket.thread_id.in_(threads))
    )
    numbers: dict[int, str] = {row[0]: row[1] for row in rows}
    replies = await _replies(session, list(numbers))
    return {
        int(detail["intake"]): numbers[confirmed]
        for confirmed, details in replies.items()
        for detail in details
        if detail.get("intake")
    }


async def _held(session: AsyncSession, threads: Iterable[str], account: str) -> set[str]:
    if not account:
        return set()
    rows = await session.scalars(
        select(Thread.id).where(
            Thread.id.in_(threads), Thread.holder == Holder.STAFF, Thread.staff == account
        )
    )
    return set(rows)
