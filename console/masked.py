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


def shown(ticket: Ticket, actor: Actor, *, revealed: bool = False) -> Shown:
    """Who may never see the persons does not find them in the texts either."""
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
    return Shown(*persons, written(ticket, actor, ticket.description), written(ticket, actor, ticket.wanted))


def written(ticket: Ticket, actor: Actor, text: str) -> str:
    """What somebody wrote about a ticket, as this member of staff may read it."""
    if actor.may(Permission.PERSONAL_DATA_REVEAL):
        return text
    return masked_text(text, ticket.names)
