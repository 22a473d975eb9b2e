"""Sending: texts with buttons, "typing", and the answer to a pressed button."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from connectors.telegram.buttons import Rows
from connectors.telegram.incoming import Incoming
from connectors.telegram.line import Line
from connectors.telegram.outcomes import Outcome, Refused, RetryAfter, Sent, Trouble
from connectors.telegram.pace import Pace
from connectors.telegram.parts import split

TYPING_SECONDS = 4.0  # shown for at most five (Bot API, "sendChatAction")
CALLBACK_LETTERS = 200
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_WORTH_TYPING = ("text", "option", "command", "photo", "document")


class Client:
    """What the bot does in chats; no method raises because of Telegram. `clock`: monotonic seconds."""

    def __init__(
        self,
        line: Line,
        *,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._line = line
        self._pace = pace or Pace()
        self._clock = clock
        self._sleep = sleep

    async def send(
        self, chat: str, text: str, *, keys: Rows = (), reply_to: int | None = None, done: int = 0
    ) -> Outcome:
        """Send a text, in parts where it is long, with the keyboard under the last. Waits for the chat's pace.

        `reply_to`: a message of the chat that the first part answers. `done`: parts that went out at an earlier try,
        as that try's outcome told: the text is cut the same way each time.
        """
        parts = split(text)
        outcome: Outcome = Refused("bad_request", permanent=True, detail="nothing to send")
        for number, part in enumerate(parts):
            if number < done:
                continue
            last = number == len(parts) - 1
            outcome = await self._send(chat, part, keys if last else (), None if number else reply_to)
            if not isinstance(outcome, Sent):
                return replace(outcome, done=number)
        return outcome

    async def typing(self, chat: str) -> None:
        """Show for a few seconds that an answer is being written; where it fails, nothing is missing."""
        await self._line.call(self._line.api.send_chat_action(int(chat), "typing"))

    async def keep_typing(self, chat: str) -> None:
        """Show it until cancelled."""
        while True:
            await self.typing(chat)
            await self._sleep(TYPING_SECONDS)

    async def answer_callback(self, callback: str, text: str = "") -> bool:
        """Stop the spinner of a button, with a hint where there is one. False: too late, which harms nobody."""
        hint = text[:CALLBACK_LETTERS] or None
        answered = await self._line.call(self._line.api.answer_callback_query(callback, text=hint))
        return not isinstance(answered, Trouble)

    async def acknowledge(self, incoming: Incoming, *, typing: bool = True) -> None:
        """What a person sees at once, after their message is stored: the spinner stops, the bot writes."""
        if incoming.callback:
            await self.answer_callback(incoming.callback)
        if typing and incoming.kind in _WORTH_TYPING:
            await self.typing(incoming.chat)

    async def _send(self, chat: str, text: str, keys: Rows, reply_to: int | None) -> Outcome:
        held, whole_bot = self._pace.held(chat, self._clock())
        if held > 0:
            return RetryAfter(held, whole_bot)
        await self._sleep(self._pace.take(chat, self._clock()))
        sent = await self._line.call(
            self._line.api.send_message(
                int(chat),
                text,
                reply_markup=_markup(keys),
                link_preview_options=_NO_PREVIEW,
                reply_parameters=_answering(reply_to),
            )
        )
        if isinstance(sent, RetryAfter):
            return replace(sent, whole_bot=self._pace.refused(chat, sent.seconds, self._clock()))
        return sent if isinstance(sent, Trouble) else Sent(sent.message_id)


def _markup(rows: Rows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(key.label, callback_data=key.data) for key in row] for row in rows]
    )


def _answering(message_id: int | None) -> ReplyParameters | None:
    # Where the person deleted their message meanwhile, the answer is still worth sending.
    return ReplyParameters(message_id, allow_sending_without_reply=True) if message_id else None
