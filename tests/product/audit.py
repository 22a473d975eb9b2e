"""What the database and the channels hold after the kill test, compared with what was said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from connectors.wechat.conversation import NOT_STORED
from connectors.wechat.letters import TYPE_SOMETHING
from connectors.wechat.replies import numbered
from conversations.models import Author, Delivery, Message, Person, Thread, Turn
from store.database import Database
from tests.product.people import Person as Somebody
from tests.product.senders import Said
from tickets.models import Ticket


@dataclass
class Audit:
    """The counts, and a sentence for each thing that is wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reply:
    """A row of ours without white space. `tails`: what its channel may add; `doubtful`: it may not have arrived."""

    text: str
    tails: tuple[str, ...]
    doubtful: bool


async def audit(
    database: Database,
    people: Sequence[Somebody],
    said: Sequence[Said],
    delivered: Mapping[str, Sequence[str]],
) -> Audit:
    """Compare. `delivered`: what arrived at each address, in order."""
    found = Audit()
    async with database.read() as session:
        rows = (
            await session.execute(
                select(Message, Person.address)
                .join(Thread, Thread.id == Message.thread_id)
                .join(Person, Person.id == Thread.person_id)
                .order_by(Message.id)
            )
        ).all()
        tickets = (await session.scalars(select(Ticket))).all()
    stored = {row.external_id: row for row, _ in rows if row.author == Author.PERSON}
    _check_stored(found, said, stored)
    mine = {one.id: one for one in said}
    for address in sorted({one.address for one in said}):
        thread = [row for row, at in rows if at == address]
        _check_thread(found, address, thread, mine, delivered.get(address, ()))
    _check_tickets(found, people, tickets)
    answers = [row for row, _ in rows if row.author != Author.PERSON]
    answered = {row.answers_id for row in answers if not _notice(row)}
    found.counts = {
        "people": len(people),
        "sent": len(said),
        "duplicates": sum(one.pushes for one in said) - len(said),
        "received": len(stored),
        "answered": sum(row.id in answered for row in stored.values()),
        "replies": len(answers),
        "told to wait": sum(map(_notice, answers)),
        "unknown": sum(row.delivery == Delivery.UNKNOWN for row in answers),
        "tickets": len(tickets),
    }
    return found


def explained(delivered: Sequence[str], replies: Sequence[Reply]) -> bool:
    """Whether the deliveries are the replies: each once and in order, in one part or several, doubtful ones or not."""
    states = _skipped({(0, 0)}, replies)
    for text in delivered:
        states = _skipped(
            {after for state in states for after in _taken("".join(text.split()), state, replies)}, replies
        )
    return (len(replies), 0) in states


def _skipped(states: set[tuple[int, int]], replies: Sequence[Reply]) -> set[tuple[int, int]]:
    """And the states where doubtful replies have not arrived, or not to their end."""
    reached, new = set(states), list(states)
    while new:
        number, _ = new.pop()
        after = (number + 1, 0)
        if number < len(replies) and replies[number].doubtful and after not in reached:
            reached.add(after)
            new.append(after)
    return reached


def _taken(text: str, state: tuple[int, int], replies: Sequence[Reply]) -> set[tuple[int, int]]:
    """The states after one delivery: a part of a reply, or its rest, its options, and whole further replies."""
    number, start = state
    if number == len(replies):
        return set()
    expected = replies[number].text[start:]
    if len(text) < len(expected):
        return {(number, start + len(text))} if expected.startswith(text) else set()
    if not text.startswith(expected):
        return set()
    rest = text[len(expected) :]
    if rest in ("", *replies[number].tails):
        return {(number + 1, 0)}
    return _taken(rest, (number + 1, 0), replies)


def _check_stored(found: Audit, said: Sequence[Said], stored: Mapping[str | None, Message]) -> None:
    for one in said:
        if one.acknowledged and one.shown != NOT_STORED and one.id not in stored:
            found.problems.append(f"{one.channel} {one.id}: acknowledged and not stored")
        if one.channel == "telegram" and not one.acknowledged:
            found.problems.append(f"telegram {one.id}: never acknowledged")
    if strangers := set(stored) - {one.id for one in said}:
        found.problems.append(f"nobody said {strangers}")


def _check_thread(
    found: Audit,
    address: str,
    thread: Sequence[Message],
    said: Mapping[str, Said],
    delivered: Sequence[str],
) -> None:
    asked = [row for row in thread if row.author == Author.PERSON]
    answers = [row for row in thread if row.author != Author.PERSON]
    for row in asked:
        if row.turn != Turn.DONE:
            found.problems.append(f"{address}: message {row.id} has its turn {row.turn}")
        if all(answer.answers_id != row.id or _notice(answer) for answer in answers):
            found.problems.append(f"{address}: message {row.id} has no reply")
    for answer in answers:
        if answer.delivery not in (Delivery.SENT, Delivery.UNKNOWN):
            found.problems.append(f"{address}: reply {answer.id} is {answer.delivery}: {answer.reason}")
    order = [answer.answers_id or 0 for answer in answers if not _notice(answer)]
    if order != sorted(order):
        found.problems.append(f"{address}: answered out of order: {order}")
    if [row.channel for row in asked[:1]] == ["telegram"]:
        ids = [int(row.external_id or 0) for row in asked]
        if ids != sorted(ids):
            found.problems.append(f"{address}: stored out of order")
    replies = [_reply(answer, asked, said) for answer in answers]
    if not explained(delivered, replies):
        listed = "\n".join(f"  {reply.doubtful} {reply.text[:60]}" for reply in replies)
        texts = "\n".join(f"  {''.join(text.split())[:60]}" for text in delivered)
        found.problems.append(f"{address}: rows\n{listed}\n arrived as\n{texts}")


def _reply(answer: Message, asked: Sequence[Message], said: Mapping[str, Said]) -> Reply:
    # A passive reply is out when it is on the wire; whether WeChat still listened can only WeChat know.
    _, passive, number = (answer.sent_id or "").partition("reply:")
    took_along = [row for row in asked if passive and str(row.id) == number]
    unheard = any(not said[row.external_id or ""].acknowledged for row in took_along)
    options = numbered([str(button["title"]) for button in answer.buttons])
    tails = tuple("".join(tail.split()) for tail in (options, TYPE_SOMETHING, TYPE_SOMETHING + options))
    doubtful = answer.delivery == Delivery.UNKNOWN or unheard
    return Reply("".join(answer.text.split()), tails, doubtful)


def _notice(row: Message) -> bool:
    """Whether it only tells that the answer takes longer: the model was away."""
    return (row.external_id or "").startswith("outage:")


def _check_tickets(found: Audit, people: Sequence[Somebody], tickets: Sequence[Ticket]) -> None:
    expected = sorted(
        (person.enterprise, person.phone, "李明", "宝丰县") for person in people if person.enterprise
    )
    actual = sorted(
        (ticket.enterprise, re.sub(r"^\+86", "", ticket.phone), ticket.contact, ticket.district)
        for ticket in tickets
    )
    if expected != actual:
        found.problems.append(f"complaints {expected} became tickets {actual}")
