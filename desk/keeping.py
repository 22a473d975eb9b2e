"""A file comes with a message: its row, what it belongs to, and what the person is told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.attachments import kept_since
from conversations.circles import people_of
from conversations.messages import last_reply
from conversations.models import Attachment, Message, Stored, Thread
from desk.announcing import take_and_announce
from desk.desk import Desk
from desk.rules import rules
from desk.values import SentFile
from tickets.errors import StepRefused
from tickets.life import ENTERPRISE, Doing
from tickets.models import KIND_NAMES, Kind, Ticket
from tickets.states import Actor, Step
from tickets.tickets import by_number, of_people

_DAY = timedelta(hours=24)
_NAME_LETTERS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """What a file belongs to: the form that is being filled in, or a ticket; neither: the thread alone.

    `asked`: whether a form waits for an answer.
    """

    form: Kind | None = None
    ticket: Ticket | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file at once: `answer` is what the person is told, `refused` whether it is not taken."""

    answer: str
    refused: bool


async def keep(
    desk: Desk, session: AsyncSession, message: Message, file: SentFile, *, words: bool, by_staff: bool
) -> Taken:
    """Add the file's row; the thread is locked.

    `words`: the message has some as well, which get their turn; `by_staff`: they hold the thread and see to it.
    """
    thread = await session.get_one(Thread, message.thread_id)
    refused = file.refused or await _refused(desk, session, message, file)
    attachment = _row(desk, thread, message, file)
    session.add(attachment)
    if refused:
        attachment.state, attachment.reason = Stored.REFUSED, refused
        one = "这张" if file.noun == "图片" else "这个"
        return Taken(f"没有收下{one}{file.noun}：{refused}", refused=True)
    place = Place() if by_staff else await _place(desk, session, thread, message.created_at)
    place = await _supplement(desk, session, place, attachment, message)
    return Taken(_told(place, file.noun, words=words), refused=False)


def cleaned(name: str) -> str:
    """A name without folders and letters that cannot be seen, at most 100 letters of its end."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip(" .")[-_NAME_LETTERS:]


def _row(desk: Desk, thread: Thread, message: Message, file: SentFile) -> Attachment:
    return Attachment(
        id=desk.new_id(),
        message_id=message.id,
        thread_id=thread.id,
        talk=thread.talk,
        channel=message.channel,
        source=file.source,
        noun=file.noun,
        name=cleaned(file.name),
        size=file.size,
        key=desk.new_id(),
        created_at=message.created_at,
    )


async def _refused(desk: Desk, session: AsyncSession, message: Message, file: SentFile) -> str:
    limits = desk.attachments
    if file.size is not None and file.size > limits.most_bytes:
        return too_large(limits.most_bytes)
    if await kept_since(session, message.thread_id, message.created_at - _DAY) >= limits.a_day:
        return f"24 小时内最多收 {limits.a_day} 个图片和文件，请明天再发，或者用文字说明。"
    return ""


def too_large(most_bytes: int) -> str:
    """Why a file of more than so many bytes is not taken."""
    return f"超过了 {most_bytes / 1024 / 1024:.3g} MB，请压缩后再发，或分成几个。"


async def _place(desk: Desk, session: AsyncSession, thread: Thread, at: datetime) -> Place:
    """Where the bot's last word has left the talk."""
    last = await last_reply(session, thread.id)
    newest = next(iter(await of_people(session, [thread.person_id], limit=1)), None)
    if newest is not None and (last is None or newest.confirmed_by > last.id):
        return Place(ticket=newest)  # confirmed just now, its receipt is on its way
    if last is None:
        return Place()
    detail, silence = last.detail, at - last.created_at
    asked = detail.get("outcome") == "form" and silence < desk.form_idle
    if asked and (form := detail.get("form")):
        return Place(form=Kind(form), asked=True)
    number = detail.get("ticket") if silence < desk.talk_idle else None
    ticket = await by_number(session, number) if number else None
    mine = ticket is not None and ticket.person_id in await people_of(session, thread.person_id)
    return Place(ticket=ticket if mine else None, asked=asked)


async def _supplement(
    desk: Desk, session: AsyncSession, place: Place, attachment: Attachment, message: Message
) -> Place:
    """Make the file a supplement of the ticket, if it belongs to one that is open."""
    if place.ticket is None:
        return place
    note = f"附件：{attachment.name or attachment.noun}"
    doing = Doing(ENTERPRISE, Actor.ENTERPRISE, message.created_at, note, message.id)
    try:
        await take_and_announce(
            desk, session, place.ticket, Step.SUPPLEMENTED, doing, await rules(desk, session)
        )
    except StepRefused:  # it is closed
        return replace(place, ticket=None)
    attachment.ticket_id = place.ticket.id
    return place


def _told(place: Place, noun: str, *, words: bool) -> str:
    answer = f"已收到{noun}，"
    if place.form is not None:
        answer += f"会随{KIND_NAMES[place.form]}一起提交。"
    elif place.ticket is not None:
        answer += f"已作为补充材料记入工单 {place.ticket.number}。"
    else:
        answer += "工作人员可以查看。它还没有附在工单上：如果是投诉或诉求的材料，请说“我要投诉”或“我有诉求”，提交时会一起附上。"
    if words:
        return answer
    if place.asked:
        return f"{answer}请接着回答上面的问题。"
    return answer if place.ticket else f"{answer}我看不懂{noun}里的内容，要咨询的请打字。"
