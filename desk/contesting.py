"""Somebody says that nothing is solved: of an answer of the bot's, or of a ticket's, whichever they were told last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.circles import people_of
from conversations.messages import last_told
from conversations.models import Thread
from desk.announcing import take_and_announce
from desk.answers import Context, nothing_solved
from desk.desk import Desk
from desk.rating_words import level_of
from desk.rules import rules
from desk.ticket_talk import SUPPLEMENT, about
from desk.values import Button, Reply
from tickets.errors import NotHere
from tickets.life import ENTERPRISE, Doing
from tickets.models import Ticket
from tickets.rectification import BAD_UP_TO
from tickets.states import OPEN, STATE_NAMES, UNCONFIRMED, Actor, State, Step
from tickets.tickets import by_number, of_people

# What is said with these words alone tells nobody what is missing.
_BARE = frozenset({"没有解决", "没解决", "还没解决", "还是没解决", "没有解决问题", "问题没解决", "不满意"})
_LONGEST_NOTE = 2_000
_MORE = "哪里没有解决、希望怎么办，可以点“补充说明”写下来。"


@dataclass(frozen=True, slots=True)
class Contested:
    """What was said. `number`: the ticket that a button names."""

    thread_id: str
    message_id: int
    text: str
    number: str | None = None


async def contest(desk: Desk, said: Contested, context: Context) -> Reply:
    """What becomes of it: the answered ticket goes to the call-back at once; an answer of the bot's counts as no help."""
    async with desk.database.read() as session:
        people = await _people(session, said)
        ticket = await _meant(session, said, people)
        waiting = None if ticket else await _answered(session, people)
    if ticket is None:
        reply = nothing_solved(context)
        return reply if waiting is None else _or_of(reply, waiting)
    if ticket.state in UNCONFIRMED:
        return await _to_call_back(desk, said, ticket)
    return about(ticket, _told_of(ticket))


async def dissatisfied(desk: Desk, said: Contested) -> Reply | None:
    """The same where a bad level is named of an answered ticket: that cannot be rated before it is closed. Else None."""
    level = level_of(said.text)
    if level is None or level > BAD_UP_TO:
        return None
    async with desk.database.read() as session:
        ticket = await _meant(session, said, await _people(session, said))
    return await _to_call_back(desk, said, ticket) if ticket and ticket.state in UNCONFIRMED else None


async def _people(session: AsyncSession, said: Contested) -> Sequence[str]:
    thread = await session.get_one(Thread, said.thread_id)
    return await people_of(session, thread.person_id)


async def _meant(session: AsyncSession, said: Contested, people: Sequence[str]) -> Ticket | None:
    """The ticket of these people that was named, or told of last."""
    number = said.number
    if number is None:
        told = await last_told(session, said.thread_id, said.message_id)
        number = told.detail.get("ticket") if told else None
    ticket = await by_number(session, number) if number else None
    return ticket if ticket is not None and ticket.person_id in people else None


async def _answered(session: AsyncSession, people: Sequence[str]) -> Ticket | None:
    """Their newest ticket that has an answer and nothing said of it."""
    return next((one for one in await of_people(session, people) if one.state in UNCONFIRMED), None)


def _or_of(reply: Reply, ticket: Ticket) -> Reply:
    button = Button(f"是工单 {ticket.number} 没有解决", f'/unsolved{{"ticket_number": "{ticket.number}"}}')
    return replace(reply, buttons=(button, *reply.buttons))


async def _to_call_back(desk: Desk, said: Contested, ticket: Ticket) -> Reply:
    note = "" if said.text.strip(" 。！!，,") in _BARE else said.text.strip()[:_LONGEST_NOTE]
    doing = Doing(ENTERPRISE, Actor.ENTERPRISE, desk.clock(), note, said.message_id)
    async with desk.database.write() as session:
        row = await session.get_one(Ticket, ticket.id)
        try:
            await take_and_announce(desk, session, row, Step.CONTESTED, doing, await rules(desk, session))
        except NotHere:
            stands = "已经记下过您反映的情况，" if row.state is State.CALL_BACK else ""
            return about(row, f"工单 {row.number} {stands}现在是“{STATE_NAMES[row.state]}”。{_MORE}")
    return about(
        row,
        f"已记下：工单 {row.number} 的问题没有解决。工作人员会尽快回访您核实，属于承办单位原因的，将重新办理。{_MORE}",
        (SUPPLEMENT,),
    )


def _told_of(ticket: Ticket) -> str:
    if ticket.state in OPEN:
        return (
            f"工单 {ticket.number} 还在办理，现在是“{STATE_NAMES[ticket.state]}”，有了答复会发到这里。"
            "着急可以催办，有新情况可以补充说明。"
        )
    if ticket.state is State.REEXAMINED:
        return f"工单 {ticket.number} 正在复核，结果会发到这里。"
    return (
        f"工单 {ticket.number} 现在是“{STATE_NAMES[ticket.state]}”。对结果有异议的，请回复“转人工”申请复核，"
        "或者重新提交；也可以拨打 12345。"
    )
