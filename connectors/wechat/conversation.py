"""What a push means for the talk: words for the dialogue, a picture or file to be kept, or an answer at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeGuard

from connectors.wechat.menu import text_of
from connectors.wechat.pushes import (
    Click,
    File,
    Image,
    Link,
    Location,
    Push,
    Scan,
    Subscribe,
    Text,
    UnknownEvent,
    UnknownMessage,
    Unsubscribe,
    Video,
    Voice,
)
from desk.keeping import cleaned
from desk.values import SentFile

CHANNEL = "wechat"
NO_SCENES: Mapping[str, str] = MappingProxyType({})

# Without numbers: a number typed is an option of the last reply.
WELCOME = (
    "您好，欢迎关注。我是企业服务助手，可以：\n"
    "・解答企业办事的问题，如“企业用水报装怎么办”\n"
    "・提交投诉或诉求，回复“我要投诉”或“我要提诉求”\n"
    "・查询工单进度，回复“查进度”\n"
    "・联系工作人员，回复“转人工”\n"
    "请直接说您要办的事。"
)
SCANNED = "您好，请直接说您要办的事，或者回复“转人工”联系工作人员。"
NOT_UNDERSTOOD = "这种消息我还看不懂，请打字告诉我您要办的事。"
UNHEARD = "没有听清，请打字。"
MENU_GONE = "这个菜单已经更新，请退出公众号再进来，或者直接打字告诉我您要办的事。"
OPTION_GONE = "这个选项已经失效，请直接打字告诉我。"
STILL_LOOKING = "还在查，请稍后回复任意内容查看结果。"
NO_MEDIA = "本公众号没有接收图片的权限，请用文字说明。"
_NO_FILES = "微信不把文件提供给公众号。请改发图片（如拍照、截图），或者用文字说明。"
NOT_STORED = "系统出了点问题，刚才这条消息没有收到，请过几分钟再发一次。着急的话可以拨打 12345。"


class Act(StrEnum):
    """What a person did, as WeChat counts it for the messages that may follow; the value names the window."""

    WROTE = "message"
    TAPPED = "tap"  # the menu, an item of a menu message, a follow, a scan

    @property
    def messages(self) -> int:
        """How many may follow. Source: the vendor's page on custom/send, as of 2023-06-12."""
        return 5 if self is Act.WROTE else 3

    @property
    def lasts(self) -> timedelta:
        """How long."""
        return timedelta(hours=48) if self is Act.WROTE else timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Said:
    """Words for the dialogue."""

    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that is no words: `text` describes it for staff, `answer` tells the person what becomes of it.

    `file`: to be kept, which has an answer of its own.
    """

    text: str
    answer: str = ""
    file: SentFile | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """An answer at once, whoever holds the talk; nothing is kept. `to_strangers`: for those who never wrote."""

    text: str
    to_strangers: str = ""


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing to say."""


Meant = Said | Shown | Told | Silent


def meant(push: Push, *, max_letters: int, scenes: Mapping[str, str] = NO_SCENES) -> Meant:
    """What to do about a push. `max_letters`: how long a message may be; `scenes`: what QR codes say for who scans them."""
    words = _words(push, scenes)
    if words is not None:
        if len(words) > max_letters:
            return Shown(words, f"一次最多 {max_letters} 个字，请分几次发送。")
        return Said(words) if words else Silent()
    match push:
        case Voice():
            return Shown("［语音］", UNHEARD)
        case Subscribe():
            return Told(WELCOME)
        case Scan():
            return Told(SCANNED, to_strangers=WELCOME)
        case Click():
            return Told(MENU_GONE)
        case UnknownMessage():
            return Told(NOT_UNDERSTOOD)
    return _shown(push) or Silent()


def act_of(push: Push) -> Act | None:
    """Which window a push opens."""
    match push:
        case (
            Text(menu_id=None) | Image() | Voice() | Video() | Location() | Link() | File() | UnknownMessage()
        ):
            return Act.WROTE
        case Text() | Click() | Subscribe() | Scan():
            return Act.TAPPED
    return None


def unknown(push: Push) -> str:
    """The name of what is not known here, for the log; else empty."""
    match push:
        case UnknownEvent(event=name) | UnknownMessage(kind=name):
            return name
    return ""


def is_tap(push: Push) -> TypeGuard[Text]:
    """Whether a push is a tap on a menu sent in a message: what it means depends on how the talk stands."""
    return isinstance(push, Text) and push.menu_id is not None


def leaves(push: Push) -> bool:
    """Whether the person cannot be reached from now on."""
    return isinstance(push, Unsubscribe)


def comes(push: Push) -> bool:
    """Whether the person follows, as far as the push tells."""
    return isinstance(push, Subscribe | Scan | Click)


def _words(push: Push, scenes: Mapping[str, str]) -> str | None:
    match push:
        case Subscribe() | Scan():
            return scenes.get(push.scene or "")
        case Text():
            return push.content.strip()
        case Voice() if push.recognition:
            return push.recognition.strip()
        case Click():
            return text_of(push.item)
    return None


def _shown(push: Push) -> Shown | None:
    match push:
        case Image():
            return Shown("［图片］", file=SentFile(push.media_id, "图片"))
        case Video():
            return Shown("［视频］", "收不了视频。请改发图片（如截图），或者用文字说明您的情况。")
        case File():
            file = SentFile("", "文件", push.title, push.size, refused=_NO_FILES)
            return Shown(f"［文件］{cleaned(push.title)}", file=file)
        case Location():
            place = push.label[:200] or f"{push.latitude:.5f}, {push.longitude:.5f}"
            return Shown(f"［位置］{place}", "收到您的位置。我还不会按位置查询，请打字说明您要办的事。")
        case Link():
            return Shown(
                f"［链接］{push.title[:100]} {push.url[:500]}",
                "收到一个链接。我不会打开链接，请用文字说明您的情况。",
            )
    return None
