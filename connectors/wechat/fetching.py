"""Pictures from WeChat, as the desk fetches them."""

from __future__ import annotations

from connectors.wechat import media
from connectors.wechat.api import WeChatApi
from connectors.wechat.calls import Refused
from connectors.wechat.codes import Todo
from connectors.wechat.conversation import CHANNEL
from desk.ports import Fetched, FetchResult, Gone, NotYet, TooLarge

_VIDEO = "收不了视频，请发图片，或者用文字说明。"
_NOT_REACHED = "没有从微信取到。"
_FOR_GOOD = (Todo.UPLOAD_AGAIN, Todo.CAPABILITY_OFF)


class WeChatFiles:
    """The `Fetching` port over the API of an account."""

    name = CHANNEL

    def __init__(self, api: WeChatApi) -> None:
        self._api = api

    async def fetch(self, source: str, most_bytes: int) -> FetchResult:
        """The media with this id; WeChat keeps it for three days."""
        found = await self._api.download_media(source, most_bytes=most_bytes)
        match found:
            case media.Media(content=content):
                return Fetched(content)
            case media.TooLarge():
                return TooLarge()
            case media.VideoLink():
                return Gone(_VIDEO)
            case Refused(meaning=meaning):
                return Gone(meaning.staff) if meaning.todo in _FOR_GOOD else NotYet(meaning.staff)
        return NotYet(_NOT_REACHED)
