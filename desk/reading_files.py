"""Which of the files that people sent a member of staff may open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Attachment, Message, Stored
from desk.belonging import Reader, closed, matters
from staff.actors import Actor
from staff.roles import Permission
from tickets import lists
from tickets.models import Ticket


async def readable_files(
    session: AsyncSession, attachments: Sequence[Attachment], reader: Reader
) -> list[tuple[Attachment, Ticket | None]]:
    """Those that the reader may know of, each with its ticket if it has one.

    What belongs to a ticket goes with the ticket, anything else with the message that it came with.
    """
    of_tickets = {one.ticket_id for one in attachments if one.ticket_id}
    tickets = await lists.visible(session, of_tickets, reader.sight)
    free = [one.message_id for one in attachments if not one.ticket_id and one.message_id]
    messages = [message for id_ in free if (message := await session.get(Message, id_))]
    hidden = await closed(session, messages, await matters(session, messages), reader)
    open_messages = {message.id for message in messages if message.id not in hidden}
    return [
        (one, tickets.get(one.ticket_id or ""))
        for one in attachments
        if (one.ticket_id in tickets if one.ticket_id else one.message_id in open_messages)
    ]


def opens(actor: Actor, attachment: Attachment) -> bool:
    """Whether the file is there to be opened by who may see persons: it shows whom it is about."""
    return attachment.state is Stored.STORED and actor.may(Permission.PERSONAL_DATA_REVEAL)
