"""Files from Telegram, as the desk fetches them."""

from __future__ import annotations

from connectors.telegram import outcomes
from connectors.telegram.files import Files
from connectors.telegram.incoming import CHANNEL
from desk.ports import Fetched, FetchResult, Gone, NotYet, TooLarge

_GONE = "Telegram 上已经没有这个文件，请重新发送。"
_NOT_KNOWN = "Telegram 不认机器人的令牌，请管理员检查设置。"
_NOT_REACHED = "没有从 Telegram 取到。"


class TelegramFiles:
    """The `Fetching` port over the files of a bot."""

    name = CHANNEL

    def __init__(self, files: Files) -> None:
        self._files = files

    async def fetch(self, source: str, most_bytes: int) -> FetchResult:
        """The file with this id."""
        found = await self._files.fetch(source, most_bytes)
        match found:
            case outcomes.Fetched(data=data):
                return Fetched(data)
            case outcomes.Refused(reason="too_large"):
                return TooLarge()
            case outcomes.Refused(reason="token"):
                return NotYet(_NOT_KNOWN)
            case outcomes.Refused(permanent=True):
                return Gone(_GONE)
        return NotYet(_NOT_REACHED)
