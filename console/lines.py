"""The rows of the inbox: what somebody sees of a thread without opening it, the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from console.readable import Readable, readable
from conversations import quotas
from conversations.inbox import Row
from conversations.models import Author, Holder, Message, Person
from desk.belonging import EVERYBODY
from desk.values import CHANNEL_NAMES
from staff import accounts
from staff.masks import masked_enterprise
from tickets import lists
from tickets.models import Ticket

AUTHORS: Mapping[Author, str] = {
    Author.PERSON: "",
    Author.BOT: "机器人：",
    Author.STAFF: "工作人员：",
    Author.SYSTEM: "系统：",
}
# The channel that takes only so many messages after each of the person's.
COUNTED = "wechat"
_MOST_LETTERS = 80


@dataclass(frozen=True, slots=True)
class Line:
    """A thread in the list. `since`: since when it waits, else None; `staff`: the name of who has it, or nothing.

    `left`: how many messages may still go out, None where the channel does not count them.
    """

    id: str
    name: str
    channel: str
    last: str
    at: datetime
    since: datetime | None
    unread: int
    holder: Holder
    staff: str
    staff_id: str | None
    ended: bool
    left: int | None


async def lines(session: AsyncSession, rows: Sequence[Row], now: datetime) -> list[Line]:
    """The rows as they are shown, in the same order.

    Live rows are made once for all who look at the list: what only some may see is in none of them.
    """
    tickets = await lists.newest_of(session, [row.thread.id for row in rows], EVERYBODY.sight)
    names = await accounts.names(session, [row.thread.staff for row in rows if row.thread.staff])
    words = await readable(session, [row.last for row in rows if row.last], EVERYBODY)
    counted = [row.person.address for row in rows if row.thread.channel == COUNTED]
    left = await quotas.messages_left(session, COUNTED, counted, now=now)
    return [_line(row, tickets.get(row.thread.id), names, words, left) for row in rows]


def title(person: Person, ticket: Ticket | None) -> str:
    """What a thread is called: its enterprise, masked, or the channel with the end of its address."""
    if ticket is not None:
        return masked_enterprise(ticket.enterprise)
    return f"{CHANNEL_NAMES.get(person.channel, person.channel)}用户 {person.id[-4:]}"


def _line(
    row: Row, ticket: Ticket | None, names: Mapping[str, str], words: Readable, left: Mapping[str, int]
) -> Line:
    thread = row.thread
    held = thread.holder is Holder.STAFF
    return Line(
        id=thread.id,
        name=title(row.person, ticket),
        channel=CHANNEL_NAMES.get(thread.channel, thread.channel),
        last=_words(row.last, words),
        at=row.last.created_at if row.last else thread.last_message_at,
        since=thread.waiting_since if thread.holder is Holder.WAITING else None,
        unread=row.unread,
        holder=thread.holder,
        staff=names.get(thread.staff or "", "") if held else "",
        staff_id=thread.staff if held else None,
        ended=thread.ended_at is not None and thread.holder is Holder.BOT,
        left=left.get(row.person.address, 0) if thread.channel == COUNTED else None,
    )


def _words(last: Message | None, words: Readable) -> str:
    if last is None:
        return "（还没有消息）"
    # Masked before it is cut: half a number would not be known for one.
    text = " ".join(words.text(last).split())
    cut = text[:_MOST_LETTERS] + ("…" if len(text) > _MOST_LETTERS else "")
    return AUTHORS[last.author] + cut
