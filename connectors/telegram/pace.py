"""How fast we may send: about one message a second to a chat, thirty in all, and nothing before a 429 has run out.

Source: Bots FAQ, "My bot is hitting limits" (core.telegram.org/bots/faq). Telegram's 429 names the seconds but not
whether the chat or the bot was too fast; a second chat that is refused while one is waiting tells that it is the bot.
"""

from __future__ import annotations

CHAT_GAP_SECONDS = 1.0
BOT_GAP_SECONDS = 1 / 25
_MANY_CHATS = 1000


class Pace:
    """The times of one bot; every `now` is in seconds of one monotonic clock."""

    def __init__(self, *, chat_gap: float = CHAT_GAP_SECONDS, bot_gap: float = BOT_GAP_SECONDS) -> None:
        self._chat_gap = chat_gap
        self._bot_gap = bot_gap
        self._free: dict[str, float] = {}  # chat -> when it may get the next message
        self._held: dict[str, float] = {}  # chat -> when its 429 has run out
        self._bot_free = 0.0
        self._bot_held = 0.0

    def take(self, chat: str, now: float) -> float:
        """Seconds to wait before sending to a chat. The place is taken by asking."""
        self._forget(now)
        turn = max(now, self._bot_free)
        # The bot's next turn does not hang on this chat's, or one busy chat would hold up all others.
        self._bot_free = turn + self._bot_gap
        at = max(turn, self._free.get(chat, now))
        self._free[chat] = at + self._chat_gap
        return at - now

    def refused(self, chat: str, seconds: float, now: float) -> bool:
        """A chat got a 429. Returns whether the whole bot has to wait."""
        others = any(until > now for other, until in self._held.items() if other != chat)
        self._held[chat] = max(self._held.get(chat, 0.0), now + seconds)
        if others:
            self._bot_held = max(self._bot_held, now + seconds)
        return others

    def held(self, chat: str, now: float) -> tuple[float, bool]:
        """Seconds that a 429 still has to run (0.0: none) and whether it is the whole bot's."""
        bot = self._bot_held - now
        return max(bot, self._held.get(chat, 0.0) - now, 0.0), bot > 0

    def _forget(self, now: float) -> None:
        if len(self._free) + len(self._held) > _MANY_CHATS:
            self._free = {chat: at for chat, at in self._free.items() if at > now}
            self._held = {chat: at for chat, at in self._held.items() if at > now}
