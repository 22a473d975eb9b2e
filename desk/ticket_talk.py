"""Asking after a ticket in the chat: progress, urging, adding to it, withdrawing it.

Where it was filed, and in the channels linked to it, all of it may be done. Elsewhere the number and the last four digits
of the telephone show how far it has got and no more: whoever works on the ticket knows both. The number alone opens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from conversations.circles import people_of
from conversations.models import Thread
from desk.announcing import take_and_announce
from desk.articles import HUMAN, UNSOLVED
from desk.desk import Desk
from desk.intake.form import Said
from desk.progress import due_line, progress
from desk.rules import rules
from desk.values import Button, Reply
from store.clock import CITY_ZONE
from tickets.errors import NotHere
from tickets.guesses import note_wrong_guess, wrong_guesses_since
from tickets.life import ENTERPRISE, Doing
from tickets.models import Ticket
from tickets.states import OPEN, STATE_NAMES, STEP_NAMES, UNCONFIRMED, Actor, State, Step
from tickets.tickets import by_number, events, of_people, urged_since
from tickets.timing import all_running

_NUMBER = re.compile(r"([A-Za-z]{2,4})[\s-]*(\d{8})[\s-]*(\d{4,6})")
_TAIL = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_LEAVE = re.compile(r"^(?:取消|算了|不查了?|不用了?|退出|不(?:催|撤回?|补充)了?)")
_YES = re.compile(r"^(?:确定|确认|是|对|嗯|撤回|好)")
_TRIES = 3
# Four digits are ten thousand guesses: so few a day, over all talks, that nobody gets through them.
_GUESSES = 10
_GUESSES_WITHIN = timedelta(hours=24)
_TOO_OFTEN = "这张工单近一天内核对失败的次数太多，为保护企业信息暂不提供查询，请明天再试。急事可以转人工，或拨打 12345。"
_NOT_HERE = (
    "为保护企业，换了地方只能查进度：催办、补充和撤回，请在提交这张工单的聊天里办；那边发“绑定”拿到绑定码、"
    "在这里发一下，以后这里也能办。都不方便的，可以转人工。"
)
SUPPLEMENT = Button("补充说明", "/supplement")


class Act(StrEnum):
    """What is wanted of a ticket."""

    PROGRESS = "progress"
    URGE = "urge"
    SUPPLEMENT = "supplement"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class TicketTalk:
    """What is known so far. `asking`: number, tail, note, sure, or None when all is known."""

    act: Act
    number: str | None = None
    tail: str | None = None
    note: str | None = None
    sure: bool | None = None
    asking: str | None = None
    failures: int = 0
    say: str = ""
    left: bool = False


async def advance(desk: Desk, thread_id: str, message_id: int, talk: TicketTalk, said: Said) -> TicketTalk:
    """The talk after one more message."""
    if talk.asking and _LEAVE.match(said.text.strip()) and talk.asking != "note":
        return replace(talk, left=True, asking=None)
    told = _listen(talk, said)
    async with desk.database.read() as session:
        thread = await session.get_one(Thread, thread_id)
        people = await people_of(session, thread.person_id)
        all_mine = await of_people(session, people)
        named = await by_number(session, told.number) if told.number else None
    mine = [ticket for ticket in all_mine if ticket.state != State.WITHDRAWN] or all_mine
    if told.number and told.tail and not (named and named.person_id in people):
        right = named is not None and named.phone.endswith(told.tail)
        if await _guessed_too_often(desk, told.number, message_id, right=right):
            return replace(told, asking=None, left=True, say=_TOO_OFTEN)
    return _next(told, mine, named, people)


async def _guessed_too_often(desk: Desk, number: str, message_id: int, *, right: bool) -> bool:
    """Whether the number is closed to strangers for today; a wrong guess is kept."""
    now = desk.clock()
    async with desk.database.write() as session:
        if await wrong_guesses_since(session, number, now - _GUESSES_WITHIN) >= _GUESSES:
            return True
        if not right:
            await note_wrong_guess(session, number, message_id, now)
    return False


async def act_on(desk: Desk, thread_id: str, message_id: int, talk: TicketTalk) -> Reply:
    """Do what is wanted, once for each message, and say what came of it."""
    async with desk.database.read() as session:
        thread = await session.get_one(Thread, thread_id)
        people = await people_of(session, thread.person_id)
        ticket = await by_number(session, talk.number) if talk.number else None
    if ticket is None or not _may(talk, ticket, people):
        return Reply("没有找到这张工单，请核对编号。需要帮忙可以转人工。", outcome="ticket", buttons=(HUMAN,))
    if talk.act == Act.PROGRESS:
        async with desk.database.read() as session:
            told = progress(ticket, await events(session, ticket.id), await all_running(session, ticket.id))
        return about(ticket, told, None if ticket.person_id in people else ())
    if talk.act == Act.WITHDRAW and not talk.sure:
        return about(ticket, f"好的，工单 {ticket.number} 没有撤回，继续办理。")
    return await _step(desk, ticket, message_id, talk)


async def _step(desk: Desk, ticket: Ticket, message_id: int, talk: TicketTalk) -> Reply:
    step = {Act.URGE: Step.URGED, Act.SUPPLEMENT: Step.SUPPLEMENTED, Act.WITHDRAW: Step.WITHDRAWN}[talk.act]
    now, pause = desk.clock(), desk.bounds.urge_pause
    async with desk.database.write() as session:
        row = await session.get_one(Ticket, ticket.id)
        done = message_id in {e.message_id for e in await events(session, row.id) if e.step == step}
        if step == Step.URGED and not done and await urged_since(session, row.id, now - pause):
            return about(
                row,
                f"工单 {row.number} 在 {pause.total_seconds() / 3600:g} 小时内已经催办过，催办记录还在，请稍等经办单位回应。",
            )
        try:
            doing = Doing(ENTERPRISE, Actor.ENTERPRISE, now, talk.note or "", message_id)
            await take_and_announce(desk, session, row, step, doing, await rules(desk, session))
        except NotHere as refused:
            stands = STATE_NAMES[refused.state]
            return about(
                row,
                f"工单 {row.number} 现在是“{stands}”，不能再{STEP_NAMES[step]}。需要的话可以重新提交，或者转人工。",
            )
        running = await all_running(session, row.id)
    said = {
        Step.URGED: f"已为您催办工单 {row.number}，催办时间 {now.astimezone(CITY_ZONE):%m月%d日 %H:%M}，"
        f"已记入工单。{due_line(running)}",
        Step.SUPPLEMENTED: f"补充的内容已记入工单 {row.number}，"
        f"{'回访的工作人员' if row.state in UNCONFIRMED else '经办人'}会看到。",
        Step.WITHDRAWN: f"工单 {row.number} 已按您的要求撤回，不再办理。以后需要可以重新提交。",
    }[step]
    return about(row, said)


def _listen(talk: TicketTalk, said: Said) -> TicketTalk:
    text = said.text
    if match := _NUMBER.search(text):
        talk = replace(talk, number=f"{match[1].upper()}-{match[2]}-{match[3]}", tail=None)
        text = text[: match.start()] + " " + text[match.end() :]
    if (talk.number or talk.asking == "tail") and (tail := _TAIL.search(text)):
        talk = replace(talk, tail=tail[1])
    if talk.asking == "note":
        talk = replace(talk, note=said.text.strip()[:2_000] or None)
    if talk.asking == "sure":
        talk = replace(talk, sure=said.intent != "deny" and bool(_YES.match(said.text.strip())))
    return talk


def _next(
    talk: TicketTalk, mine: Sequence[Ticket], named: Ticket | None, people: Sequence[str]
) -> TicketTalk:
    talk = replace(talk, say="")
    if talk.number is None and len(mine) == 1:
        talk, named = replace(talk, number=mine[0].number), mine[0]
    if talk.number is None:
        failures = talk.failures + (talk.asking == "number")
        return _ask(
            replace(talk, failures=failures),
            "number",
            "没有认出工单编号。" if talk.asking == "number" else "",
        )
    if talk.act != Act.PROGRESS and (named is None or named.person_id not in people):
        return replace(
            talk, asking=None, left=True, say=_NOT_HERE
        )  # the same whether there is such a ticket or not
    if named is None or not _may(talk, named, people):
        # Whether the number exists is told to nobody who cannot name its telephone number.
        wrong = talk.tail is not None or talk.asking == "tail"
        failures = talk.failures + wrong
        return _ask(
            replace(talk, tail=None, failures=failures), "tail", "编号和电话后四位对不上。" if wrong else ""
        )
    if talk.act == Act.SUPPLEMENT and not talk.note:
        return _ask(talk, "note", "")
    if talk.act == Act.WITHDRAW and talk.sure is None:
        return _ask(talk, "sure", "")
    return replace(talk, asking=None)


def _ask(talk: TicketTalk, what: str, say: str) -> TicketTalk:
    if talk.failures >= _TRIES:
        return replace(
            talk,
            asking=None,
            left=True,
            say="核对了几次都对不上，为保护信息安全先到这里。可以转人工，或拨打 12345 查询。",
        )
    return replace(talk, asking=what, say=say)


async def numbers_of(desk: Desk, thread_id: str) -> list[str]:
    """The numbers of the tickets of the person and of those linked to them, the newest first."""
    async with desk.database.read() as session:
        thread = await session.get_one(Thread, thread_id)
        people = await people_of(session, thread.person_id)
        return [ticket.number for ticket in await of_people(session, people)]


def left(talk: TicketTalk) -> Reply:
    """The form was left before all was known."""
    return Reply(
        talk.say or "好的，不查了。需要时再说。", outcome="smalltalk", buttons=(HUMAN,) if talk.say else ()
    )


def question(talk: TicketTalk, asking: str, mine: Sequence[str]) -> Reply:
    """How the form asks for what is missing."""
    offers = tuple(Button(number, "/inform") for number in mine)
    texts = {
        "number": "您有几张工单，请选一张，或者发工单编号。"
        if mine
        else "请发工单编号，如 PDS-20261123-0001。",
        "tail": "为保护企业信息，请再发登记的联系电话后四位。",
        "note": "请写要补充的内容，一次说完整。",
        "sure": f"撤回后工单 {talk.number} 不再办理。确定要撤回吗？",
    }
    buttons = {
        "number": (*offers, Button("不查了", "/cancel")),
        "sure": (Button("确定撤回", "/affirm"), Button("不撤回", "/deny")),
    }
    text = "\n".join(filter(None, (talk.say, texts[asking])))
    ticket = talk.number if asking == "note" else None  # a picture that comes now is meant for it
    return Reply(
        text, outcome="form", buttons=buttons.get(asking, (Button("不查了", "/cancel"),)), ticket=ticket
    )


def about(ticket: Ticket, text: str, offers: Sequence[Button] | None = None) -> Reply:
    """A reply about a ticket, with what can be done with it; `offers`: other buttons than those of where it stands."""
    buttons = _offers(ticket.state) if offers is None else tuple(offers)
    return Reply(text, outcome="ticket", ticket=ticket.number, buttons=(*buttons, HUMAN))


def _offers(state: State) -> tuple[Button, ...]:
    if state in OPEN:
        return (Button("催办", "/urge"), SUPPLEMENT, Button("撤回", "/withdraw"))
    return (UNSOLVED, SUPPLEMENT) if state in UNCONFIRMED else ()


def _may(talk: TicketTalk, ticket: Ticket, people: Sequence[str]) -> bool:
    known = talk.act == Act.PROGRESS and talk.tail is not None and ticket.phone.endswith(talk.tail)
    return known or ticket.person_id in people
