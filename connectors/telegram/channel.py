"""The way out to Telegram: a message in parts with its buttons, and what became of it as the delivery knows it."""

from __future__ import annotations

import logging

from connectors.telegram import outcomes
from connectors.telegram.buttons import keyboard
from connectors.telegram.client import Client
from connectors.telegram.incoming import CHANNEL
from connectors.telegram.outcomes import Doubt
from desk.ports import Held, NotSent, Outgoing, Refused, RetryAfter, SendResult, Sent, Unknown

log = logging.getLogger(__name__)

_OPERATOR_PAUSE = 600.0
_UNREACHABLE = "对方停用了机器人、注销了账号或从未开始对话；等对方再来消息时再发。"
_NOT_KNOWN = "Telegram 不认机器人的令牌，请检查设置；修好以后会自动重发。"
_TOO_FAST = "发得太快，Telegram 要求稍后再发。"
_NOT_REACHED = "没有连上 Telegram，稍后会自动重发。"
_DOUBTS: dict[Doubt, str] = {
    "timeout": "Telegram 没有及时答复，是否送达不明。",
    "cut": "发送时连接中断，是否送达不明。",
    "server": "Telegram 的服务器出错，是否送达不明。",
    "answer": "Telegram 的答复读不懂，是否送达不明。",
}


class TelegramChannel:
    """The `Channel` port over a client."""

    name = CHANNEL
    idempotent = False
    passive_grace = 0.0

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Send what is not out yet. A 403 holds the talk until the person writes again or lets us write."""
        outcome = await self._client.send(
            outgoing.address,
            outgoing.text,
            keys=keyboard(outgoing.message_id, outgoing.buttons),
            done=outgoing.parts_sent,
        )
        if isinstance(outcome, outcomes.Refused) and outcome.reason == "token":
            log.error(
                "Telegram refuses the bot's token; nothing is sent for a while: check QIFU_TELEGRAM_TOKEN"
            )
        return as_result(outcome)


def as_result(outcome: outcomes.Outcome) -> SendResult:
    """An outcome of the client as the delivery takes it."""
    match outcome:
        case outcomes.Sent(message_id=sent):
            return Sent(str(sent))
        case outcomes.RetryAfter(seconds=seconds, whole_bot=whole, done=done):
            return RetryAfter(seconds, whole, _TOO_FAST, done)
        case outcomes.Unknown(doubt=doubt, done=done):
            return Unknown(_DOUBTS[doubt], done)
        case outcomes.NotSent(done=done):
            return NotSent(_NOT_REACHED, done)
    return _refused(outcome)


def _refused(refused: outcomes.Refused) -> SendResult:
    if refused.reason == "unreachable":
        return Held(_UNREACHABLE, refused.done)
    if refused.reason == "token":
        return RetryAfter(_OPERATOR_PAUSE, whole_channel=True, reason=_NOT_KNOWN, parts_sent=refused.done)
    reason = f"Telegram 不接受这条消息（{refused.detail}）。"
    return Refused(reason, refused.permanent, refused.done)
