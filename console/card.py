"""The card of the enterprise beside a thread: its tickets and threads in every channel that it has linked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from conversations import circles
from conversations.models import Thread
from desk.officers import acting
from desk.values import CHANNEL_NAMES
from staff.masks import masked_enterprise, masked_name, masked_phone
from tickets import lists
from tickets.lists import Row, Sight
from tickets.models import Ticket

MOST = 10


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another thread of the enterprise. `at`: when somebody said something there last."""

    id: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of the enterprise, masked or not; only its threads where it has not filed a ticket.

    `filed_in`: a ticket's id -> the channel of another thread, for tickets from there.
    """

    enterprise: str
    contact: str
    phone: str
    district: str
    tickets: Sequence[Row]
    officer: str  # who looks after the enterprise
    threads: Sequence[Elsewhere]
    filed_in: Mapping[str, str]

    @property
    def linked(self) -> str:
        """The channels that it has linked: 微信、Telegram."""
        return "、".join(dict.fromkeys(thread.channel for thread in self.threads))


async def card_of(session: AsyncSession, thread_id: str, sight: Sight, *, revealed: bool = False) -> Card:
    """What is known from the tickets that may be seen, the newest first; those of this thread speak for it."""
    threads = [_elsewhere(thread) for thread in await circles.other_threads(session, thread_id, MOST)]
    found = await lists.of_threads(session, [thread_id, *(thread.id for thread in threads)], sight, MOST)
    here = next((ticket for ticket in found if ticket.thread_id == thread_id), None)
    first = here or (found[0] if found else None)
    officer = await acting(session, first.credit_code) if first else None
    channels = {thread.id: thread.channel for thread in threads}
    enterprise, contact, phone, district = _facts(first, revealed=revealed)
    return Card(
        enterprise=enterprise,
        contact=contact,
        phone=phone,
        district=district,
        tickets=await lists.due_of(session, found),
        officer=officer.name if officer else "",
        threads=threads,
        filed_in={ticket.id: channels[ticket.thread_id] for ticket in found if ticket.thread_id in channels},
    )


def _facts(ticket: Ticket | None, *, revealed: bool) -> tuple[str, str, str, str]:
    if ticket is None:
        return "", "", "", ""
    if revealed:
        return ticket.enterprise, ticket.contact, ticket.phone.removeprefix("+86"), ticket.district
    return (
        masked_enterprise(ticket.enterprise),
        masked_name(ticket.contact),
        masked_phone(ticket.phone),
        ticket.district,
    )


def _elsewhere(thread: Thread) -> Elsewhere:
    return Elsewhere(thread.id, CHANNEL_NAMES.get(thread.channel, thread.channel), thread.last_message_at)
