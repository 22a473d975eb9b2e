"""The way out to WeChat: a message in parts through the customer-service interface, within the person's quota."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from connectors.wechat import calls
from connectors.wechat.api import Choice, WeChatApi
from connectors.wechat.codes import Todo
from connectors.wechat.conversation import CHANNEL, Act
from connectors.wechat.letters import ASK_LATER, TYPE_SOMETHING, Letter, parts_of
from conversations.models import Message
from conversations.quotas import Recipient, close_windows, give_back, left, take
from desk.desk import Desk
from desk.ports import Held, NotSent, Outgoing, Refused, RetryAfter, SendResult, Sent, Unknown

log = logging.getLogger(__name__)

# Of an answer with a link to all of it: more would use up the quota of 5.
_MOST_PARTS = 3
# WeChat tells none for menu messages; these are of its sister interface for enterprises.
_MENU_ITEMS = 10
_MENU_LABEL_BYTES = 128
_MENU_HEAD_BYTES = 1024
# A little longer than an attempt waits for the replies (`Patience.ready`): until then they go with it, at no quota.
_GRACE_SECONDS = 4.6
# Ten years: what can only be a reply is never sent by itself.
_FOR_EVER_SECONDS = 3650 * 86400.0
_DAY_USED_UP, _TOO_FAST = 45009, 45011
_PAUSES = {_DAY_USED_UP: 3600.0, _TOO_FAST: 60.0}
_OPERATOR_PAUSE = 600.0
_NEVER = (Todo.CAPABILITY_OFF, Todo.PLAIN_TEXT)
_ONLY_REPLIES = "本公众号只能在对方来消息时回复，等对方再来消息时一并发出。"
_NOTHING_LEFT = "对方上次来消息后可发的条数已经用完或已过期；等对方再来消息才能送达。"


@dataclass(frozen=True, slots=True)
class _Try:
    """One part on its way. `choices`: shown to be tapped, by the last part alone."""

    recipient: Recipient
    text: str
    choices: tuple[Choice, ...]


class WeChatChannel:
    """The `Channel` port. Without an `api` it holds everything: `Answers` takes it along with a passive reply.

    `public_url`: where our own pages are, empty where they are not public.
    """

    name = CHANNEL
    idempotent = False

    def __init__(self, desk: Desk, api: WeChatApi | None, *, public_url: str = "") -> None:
        self._desk = desk
        self._api = api
        self._public_url = public_url.rstrip("/")
        self._menus = True
        self._typing = True

    @property
    def can_reply_later(self) -> bool:
        """Whether the account has the customer-service interface, as far as is known."""
        return self._api is not None

    @property
    def passive_grace(self) -> float:
        """Seconds for which a reply is left to the passive way."""
        return _GRACE_SECONDS if self.can_reply_later else _FOR_EVER_SECONDS

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Send what is not out yet, part by part."""
        try:
            return await self._send_parts(outgoing)
        except SQLAlchemyError as error:
            return _not_begun(error, outgoing.parts_sent)

    async def _send_parts(self, outgoing: Outgoing, *, menu: bool = True) -> SendResult:
        """`menu`: whether the options may be shown to be tapped."""
        api = self._api
        if api is None:
            return Held(_ONLY_REPLIES, outgoing.parts_sent)
        recipient = Recipient(CHANNEL, outgoing.address)
        detail = await self._detail(outgoing.message_id)
        letter = await self.letter(recipient, outgoing, str(detail.get("outcome")))
        choices = _choices(outgoing) if menu and self._menus and outgoing.text.strip() else ()
        most = await self._most(recipient, outgoing)
        parts = parts_of(letter, most=most, options=not choices)
        if choices and len(parts[-1].encode()) > _MENU_HEAD_BYTES:
            choices, parts = (), parts_of(letter, most=most)
        if not parts:
            return Refused("消息没有内容。", permanent=True)
        for number in range(outgoing.parts_sent, len(parts)):
            last = number == len(parts) - 1
            try:
                result = await self._send(api, _Try(recipient, parts[number], choices if last else ()))
            except SQLAlchemyError as error:  # of the quota or the token: WeChat has not got this part
                return _not_begun(error, number)
            if result is None:  # the options become text, which changes the last part
                return await self._send_parts(replace(outgoing, parts_sent=number), menu=False)
            if not isinstance(result, Sent):
                return replace(result, parts_sent=number)
        return Sent()

    async def show_typing(self, openid: str) -> None:
        """Show for 15 s that an answer is being written, where the account may; where it fails, nothing is missing."""
        api = self._api if self._typing else None
        if api is None:
            return
        async with self._desk.database.read() as session:
            found = await left(session, Recipient(CHANNEL, openid), now=self._desk.clock())
        if not found.messages:
            return
        outcome = await api.typing(openid)
        if isinstance(outcome, calls.Refused) and outcome.meaning.todo in _NEVER:
            self._typing = False

    async def letter(self, recipient: Recipient, outgoing: Outgoing, outcome: str) -> Letter:
        """A message as it is to be read in WeChat. `outcome`: what the bot meant by it."""
        text = outgoing.text
        if outcome == "handoff" and not outgoing.by_staff and (note := await self._note(recipient)):
            text = f"{text}\n{note}"
        link = f"{self._public_url}/articles/{outgoing.article}"
        return Letter(
            text,
            outgoing.buttons,
            link if self._public_url and outgoing.article else "",
            outgoing.parts_sent,
        )

    async def _note(self, recipient: Recipient) -> str:
        """Staff may write only to somebody who has written, not to one who has tapped."""
        if not self.can_reply_later:
            return ASK_LATER
        async with self._desk.database.read() as session:
            written = await left(session, recipient, now=self._desk.clock(), kind=Act.WROTE)
        return "" if written.messages else TYPE_SOMETHING

    async def _most(self, recipient: Recipient, outgoing: Outgoing) -> int:
        async with self._desk.database.read() as session:
            found = await left(session, recipient, now=self._desk.clock())
        return outgoing.parts_sent + max(1, min(found.messages, _MOST_PARTS - outgoing.parts_sent))

    async def _detail(self, message_id: int) -> dict[str, object]:
        async with self._desk.database.read() as session:
            return await session.scalar(select(Message.detail).where(Message.id == message_id)) or {}

    async def _send(self, api: WeChatApi, part: _Try) -> SendResult | None:
        """None: not with a menu."""
        async with self._desk.database.write() as session:
            kind = await take(session, part.recipient, now=self._desk.clock())
        if kind is None:
            return Held(_NOTHING_LEFT)
        openid = part.recipient.address
        if part.choices:
            outcome = await api.send_menu(openid, part.text, part.choices)
        else:
            outcome = await api.send_text(openid, part.text)
        if isinstance(outcome, calls.Sent):
            return Sent()
        if isinstance(outcome, calls.Unknown):
            return Unknown("微信没有答复，是否送达不明。")
        async with self._desk.database.write() as session:
            if isinstance(outcome, calls.Refused) and outcome.meaning.todo is Todo.WAIT_FOR_PERSON:
                await close_windows(session, part.recipient)
            else:
                await give_back(session, part.recipient, kind)
        if isinstance(outcome, calls.NotSent):
            return NotSent("没有连上微信，稍后会自动重发。")
        return self._refused(outcome, part)

    def _refused(self, refused: calls.Refused, part: _Try) -> SendResult | None:
        """What a code means for the message; what it means for the account is remembered."""
        reason = refused.meaning.staff
        match refused.meaning.todo:
            case Todo.PLAIN_TEXT if part.choices:
                self._menus = False
                return None
            case Todo.SPLIT if part.choices:  # a menu takes less than a text
                return None
            case Todo.WAIT_FOR_PERSON | Todo.UNREACHABLE:
                return Held(reason)
            case Todo.CAPABILITY_OFF:
                self._api = None
                log.error(
                    "the WeChat account has no customer-service interface: set QIFU_WECHAT_CAN_REPLY_LATER=false"
                )
                return Held(_ONLY_REPLIES)
            case Todo.OPERATOR:
                log.error("WeChat refuses every call until a setting is mended: code %d", refused.code)
                return RetryAfter(_OPERATOR_PAUSE, whole_channel=True, reason=reason)
        if refused.code in _PAUSES:
            return RetryAfter(_PAUSES[refused.code], whole_channel=True, reason=reason)
        return Refused(reason, permanent=refused.permanent)


def _not_begun(error: SQLAlchemyError, parts_sent: int) -> NotSent:
    """Nothing of it went out: not to be taken for a result that nobody knows."""
    log.error("the database failed before a message went out to WeChat: %s", type(error).__name__)
    return NotSent("数据库暂时不可用，稍后会自动重发。", parts_sent)


def _choices(outgoing: Outgoing) -> tuple[Choice, ...]:
    titles = outgoing.buttons
    if len(titles) > _MENU_ITEMS or any(len(title.encode()) > _MENU_LABEL_BYTES for title in titles):
        return ()
    return tuple(Choice(f"{outgoing.message_id}:{number}", title) for number, title in enumerate(titles))
