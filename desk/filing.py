"""A talk with staff becomes a ticket: filled in beforehand from what was said, filed by the agent for the enterprise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from conversations import inbox
from conversations.attachments import give_to_ticket
from conversations.messages import by_external_id
from conversations.models import Author, Holder, Message, Thread
from desk.announcing import announce_step
from desk.belonging import Reader, closed, matters
from desk.complaints import draft_of, receipt
from desk.desk import Desk
from desk.intake.extract import extract
from desk.intake.fields import MAX_TEXT, SKIPPED, Refused, guessed_subject
from desk.notices import at_first
from desk.rules import rules
from desk.takeover import NotYours
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from tickets import lists
from tickets.models import Kind, Ticket
from tickets.states import Step
from tickets.tickets import by_number, open_ticket

_LOOKED_AT = 60
# Shorter than this, or a call for a person: nothing of the matter.
_SHORTEST = 5
# How a file stands among the words.
_FILE = re.compile(r"^［[^］]*］")
_CALLS = ("转人工", "人工客服", "找人工")


class WrongFields(ValueError):
    """What is wrong, by the name of the field, in Chinese."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        super().__init__("、".join(wrong))
        self.wrong = dict(wrong)


class FiledOtherwise(Exception):
    """The form was filed already, with other content, as this ticket."""

    def __init__(self, number: str) -> None:
        super().__init__(number)
        self.number = number


async def drafted(desk: Desk, session: AsyncSession, thread_id: str, reader: Reader) -> dict[str, str]:
    """The fields as far as the talk and the newest ticket tell them; others are empty."""
    told = await _told(desk, session, thread_id, reader)
    story = "\n".join(told)
    values = dict.fromkeys(desk.intake.fields, "")
    tickets = await lists.of_thread(session, thread_id, reader.sight)
    if tickets:
        last = tickets[0]
        values |= {
            "enterprise": last.enterprise, "credit_code": last.credit_code or "", "contact": last.contact,
            "phone": last.phone, "district": last.district,
        }  # fmt: skip
    values |= extract(story, desk.city)
    values["phone"] = values["phone"].removeprefix("+86")
    values["description"] = story[:MAX_TEXT]
    values["subject"] = guessed_subject(story) or ""
    return values


def checked(desk: Desk, given: Mapping[str, str]) -> dict[str, str]:
    """The values as a ticket has them. Raises `WrongFields`."""
    values, wrong = {}, {}
    for name, field in desk.intake.fields.items():
        text = given.get(name, "").strip()
        if not text and field.optional:
            values[name] = SKIPPED
            continue
        try:
            values[name] = field.read(text)
        except Refused as refused:
            wrong[name] = str(refused)
    if wrong:
        raise WrongFields(wrong)
    return values


async def file_for(
    desk: Desk, actor: Actor, thread_id: str, key: str, kind: Kind, given: Mapping[str, str]
) -> str:
    """File the ticket for the enterprise, which gets the receipt; its number. Once under the form's `key`.

    Raises `WrongFields`, `FiledOtherwise`, `NotYours`.
    """
    values, account = checked(desk, given), actor.account_id or ""
    async with desk.database.write() as session:
        thread = await session.get_one(Thread, thread_id, with_for_update=True, populate_existing=True)
        external_id = f"filed:{account}:{key}"
        if known := await by_external_id(session, thread.channel, external_id):
            return await _filed_before(session, known, kind, values)
        if thread.holder != Holder.STAFF or thread.staff != account:
            raise NotYours(thread_id, thread.staff if thread.holder == Holder.STAFF else None)
        message = await _receipt_row(desk, session, thread, external_id)
        ticket = await open_ticket(
            session,
            draft_of(kind, values),
            prefix=desk.city.prefix,
            person_id=thread.person_id,
            thread_id=thread_id,
            confirmed_by=message.id,
            at=desk.clock(),
            new_id=desk.new_id,
            rules=await rules(desk, session),
            filed_by=account,
        )
        await announce_step(desk, session, ticket, Step.SUBMITTED, ticket.submitted_at)
        attached = await give_to_ticket(session, thread_id, ticket.id)
        message.text = f"工作人员已按您说的情况代为登记。{receipt(ticket, desk.limits, attached)}"
        message.detail = {"outcome": "ticket", "ticket": ticket.number}
        audit.record(session, actor, Action.TICKET_FILED, audit.ticket(ticket.number), at=desk.clock())
    desk.to_send.set()
    return ticket.number


async def _receipt_row(desk: Desk, session: AsyncSession, thread: Thread, external_id: str) -> Message:
    """By its id a repetition finds the ticket, so it is there before it."""
    message = Message(
        thread_id=thread.id,
        author=Author.SYSTEM,
        channel=thread.channel,
        external_id=external_id,
        text="",
        delivery=at_first(thread.channel),
        created_at=desk.clock(),
    )
    session.add(message)
    await session.flush()
    return message


async def _filed_before(session: AsyncSession, known: Message, kind: Kind, values: Mapping[str, str]) -> str:
    number = str(known.detail.get("ticket"))
    ticket = await by_number(session, number)
    if ticket is None or not _is_of(ticket, kind, values):
        raise FiledOtherwise(number)
    return number


def _is_of(ticket: Ticket, kind: Kind, values: Mapping[str, str]) -> bool:
    draft = draft_of(kind, values)
    return all(getattr(ticket, name) == getattr(draft, name) for name in draft.__slots__)


async def _told(desk: Desk, session: AsyncSession, thread_id: str, reader: Reader) -> Sequence[str]:
    """What the person said of the matter in the present talk, as far as the reader may read it."""
    since = desk.clock() - desk.talk_idle
    found = await inbox.messages(session, thread_id, limit=_LOOKED_AT)
    words = [m for m in found if m.author is Author.PERSON and m.created_at >= since]
    hidden = await closed(session, words, await matters(session, words), reader)
    told = [_FILE.sub("", m.text).strip() for m in words if m.id not in hidden]
    return [text for text in told if len(text) >= _SHORTEST and text not in _CALLS]
