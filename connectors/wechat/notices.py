"""News of a ticket that has to wait for the person: a template message, which needs no quota, tells of it once."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import aliased

from connectors.wechat import calls
from connectors.wechat.api import TemplateMessage, WeChatApi
from connectors.wechat.codes import CODES, Todo
from connectors.wechat.conversation import CHANNEL
from connectors.wechat.pushes import TemplateSent
from conversations.models import Author, Delivery, Message, Person, Thread
from desk.desk import Desk
from store.clock import CITY_ZONE
from tickets.states import STATE_NAMES
from tickets.tickets import by_number

log = logging.getLogger(__name__)

# What a template is filled with, in the order of docs/settings.md.
VALUES = ("number", "state", "date")
# In `Message.detail`: `job` (WeChat's id) and `status` of the notice that went out for the message.
_NOTICE = "notice"
_BEGUN, _TAKEN, _UNKNOWN, _REFUSED, _DELIVERED = "begun", "taken", "unknown", "refused", "success"
_JOB, _STATUS = (Message.detail[(_NOTICE, name)].as_string() for name in ("job", "status"))
_WAITING = (Delivery.PENDING, Delivery.HELD)
# The same call may pass later: because of WeChat, or once an operator has mended a setting.
_LATER = (Todo.BACK_OFF, Todo.REFRESH, Todo.OPERATOR)
# Nobody wants to hear of older ones out of the blue.
_NEWS_LASTS = timedelta(days=7)
_AT_ONCE = 50
_STATUS_LETTERS = 64
_NOTIFIED = "可发的条数已经用完，已用模板消息通知对方；等对方再来消息时送达全文。"
_NOBODY_KNOWS = "可发的条数已经用完，模板消息是否送达不明；等对方再来消息时送达全文。"
_NOT_ARRIVED = "模板消息没有送达对方（{}）；等对方再来消息才能送达。"


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the account. `fields`: the template's name of a field for each of `VALUES`."""

    id: str
    fields: Mapping[str, str]

    @classmethod
    def of(cls, id: str, fields: str) -> Template:
        """From the settings: `number=character_string1,state=phrase2,…`. Raises `ValueError`."""
        pairs = dict(pair.strip().split("=", 1) for pair in fields.split(",") if "=" in pair)
        if set(pairs) != set(VALUES) or not all(re.fullmatch(r"\w{1,64}", name) for name in pairs.values()):
            raise ValueError(f"a field of the template for each of {', '.join(VALUES)} is needed")
        return cls(id, pairs)


class TicketNotices:
    """The notices of one account."""

    def __init__(self, desk: Desk, api: WeChatApi, template: Template) -> None:
        self._desk = desk
        self._api = api
        self._template = template
        self._allowed = True

    async def round(self) -> bool:
        """Send the notices that are due. False where WeChat could not take one, so that it is better to wait."""
        if not self._allowed:
            return True
        async with self._desk.database.read() as session:
            due = (await session.execute(_due(self._desk.clock() - _NEWS_LASTS))).all()
        taken = True
        for message_id, openid in due:
            notice = await self._begin(message_id)
            outcome = await self._send(message_id, openid, notice) if notice else None
            if isinstance(outcome, calls.NotSent):
                return False
            if isinstance(outcome, calls.Refused) and outcome.meaning.todo in _LATER:
                if outcome.code in CODES:  # says that none passes now
                    return False
                taken = False  # may be about this one alone
        return taken

    async def finished(self, push: TemplateSent) -> None:
        """WeChat tells, mostly within seconds, whether a notice arrived."""
        async with self._desk.database.write() as session:
            message = await session.scalar(
                select(Message)
                .join(Thread, Thread.id == Message.thread_id)
                .join(Person, Person.id == Thread.person_id)
                # It may tell before the answer to our call has been written down, or where none came.
                .where(
                    Person.channel == CHANNEL,
                    Person.address == push.sender,
                    or_(push.job == _JOB, _STATUS.in_((_BEGUN, _UNKNOWN))),
                )
                .order_by(push.job != _JOB, Message.id)
                .limit(1)
                .with_for_update(of=Message)
            )
            if message is None:
                log.info("WeChat told of a template message that is none of ours")
                return
            told = push.status[:_STATUS_LETTERS]
            message.detail = {**message.detail, _NOTICE: {"job": push.job, "status": told}}
            if told != _DELIVERED and message.delivery in _WAITING:
                message.reason = _NOT_ARRIVED.format(told)

    async def _begin(self, message_id: int) -> TemplateMessage | None:
        """The notice, written down before it goes out; None where another process has, or there is no such ticket."""
        async with self._desk.database.write() as session:
            message = await session.get_one(Message, message_id, with_for_update=True)
            if _NOTICE in message.detail or message.delivery not in _WAITING:
                return None
            ticket = await by_number(session, str(message.detail["ticket"]))
            message.detail = {
                **message.detail,
                _NOTICE: {"job": "", "status": _BEGUN if ticket else _REFUSED},
            }
        if ticket is None:
            return None
        values = {
            "number": ticket.number,
            "state": STATE_NAMES[ticket.state],
            "date": _date(message.created_at),
        }
        fields = {self._template.fields[name]: value for name, value in values.items()}
        return TemplateMessage(self._template.id, fields, id=f"message-{message_id}")

    async def _send(self, message_id: int, openid: str, notice: TemplateMessage) -> calls.Outcome:
        outcome = await self._api.send_template(openid, notice)
        if isinstance(outcome, calls.Sent):
            await self._note(message_id, {"job": outcome.receipt, "status": _TAKEN}, _NOTIFIED)
        elif isinstance(outcome, calls.Unknown):
            await self._note(message_id, {"job": "", "status": _UNKNOWN}, _NOBODY_KNOWS)
        elif isinstance(outcome, calls.Refused) and outcome.meaning.todo not in _LATER:
            self._understand(outcome)
            await self._note(message_id, {"job": "", "status": _REFUSED})
        else:
            await self._note(message_id, None)
        return outcome

    async def _note(self, message_id: int, notice: dict[str, str] | None, reason: str = "") -> None:
        """What became of the notice; None: it may be begun again. WeChat's own word, which may have come, stays."""
        async with self._desk.database.write() as session:
            message = await session.get_one(Message, message_id, with_for_update=True)
            if message.detail[_NOTICE]["status"] != _BEGUN:
                return
            rest = {name: value for name, value in message.detail.items() if name != _NOTICE}
            message.detail = {**rest, _NOTICE: notice} if notice else rest
            if reason and message.delivery == Delivery.HELD:
                message.reason = reason

    def _understand(self, refused: calls.Refused) -> None:
        """What a refusal means for the account; for the person it means that they stay without."""
        if refused.meaning.todo is Todo.CAPABILITY_OFF:
            self._allowed = False
            log.error("the WeChat account has no template messages: clear QIFU_WECHAT_TICKET_TEMPLATE")
        elif refused.meaning.todo is Todo.MEND:
            log.error("WeChat refuses the fields of QIFU_WECHAT_TICKET_TEMPLATE: code %d", refused.code)


def _due(since: datetime) -> Select[int, str]:
    """News of tickets that waits for the person, or behind what waits for them, and has had no notice."""
    before = aliased(Message)
    behind = exists().where(
        before.thread_id == Message.thread_id, before.delivery == Delivery.HELD, before.id < Message.id
    )
    return (
        select(Message.id, Person.address)
        .join(Thread, Thread.id == Message.thread_id)
        .join(Person, Person.id == Thread.person_id)
        .where(
            Message.channel == CHANNEL,
            Message.author == Author.SYSTEM,
            Message.delivery.in_(_WAITING),
            or_(Message.delivery == Delivery.HELD, behind),
            Message.created_at > since,
            Message.detail["ticket"].as_string().is_not(None),
            Message.detail["rating"].as_string().is_(None),  # a question is no news
            _STATUS.is_(None),
        )
        .order_by(Message.id)
        .limit(_AT_ONCE)
    )


def _date(moment: datetime) -> str:
    """As a field of the kind `time` takes it."""
    local = moment.astimezone(CITY_ZONE)
    return f"{local.year}年{local.month}月{local.day}日 {local.hour:02}:{local.minute:02}"
