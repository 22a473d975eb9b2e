"""A ticket's persons as a page shows them: masked, unless somebody has asked to see them and that is written down."""

from __future__ import annotations

from dataclasses import dataclass

from staff.actors import Actor
from staff.masks import masked_code, masked_enterprise, masked_name, masked_phone, masked_text
from staff.roles import Permission
from tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a ticket's persons is shown, and its texts."""

    enterprise: str
    credit_code: str
    contact: str
    phone: str
    description: str
    wanted: str


def shown(ticket: Ticket, *, revealed: bool = False) -> Shown:
    """The persons, and what was written about them."""
    if revealed:
        persons = (ticket.enterprise, ticket.credit_code or "", ticket.contact, ticket.phone)
    else:
        code = masked_code(ticket.credit_code) if ticket.credit_code else ""
        persons = (
            masked_enterprise(ticket.enterprise),
            code,
            masked_name(ticket.contact),
            masked_phone(ticket.phone),
        )
    return Shown(
        *persons,
        written(ticket, ticket.description, revealed=revealed),
        written(ticket, ticket.wanted, revealed=revealed),
    )


def written(ticket: Ticket, text: str, *, revealed: bool) -> str:
    """What somebody wrote about a ticket: as everywhere, who it is about is masked until somebody asks."""
    return text if revealed else masked_text(text, ticket.names)


def answered(ticket: Ticket, actor: Actor, text: str) -> str:
    """What is to be sent to the enterprise, word for word for whoever works on it: it has to be judged as it is."""
    return written(ticket, text, revealed=actor.may(Permission.PERSONAL_DATA_REVEAL))
