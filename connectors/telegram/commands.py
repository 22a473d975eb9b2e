"""The commands of the bot, and what it says itself, without asking the dialogue model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.telegram.incoming import Incoming, Kind


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the client lists it. `says`: what the dialogue gets in its place, where it is the dialogue's."""

    name: str
    chinese: str
    english: str
    says: str = ""


COMMANDS = (
    Command("start", "开始使用", "Start"),
    Command("help", "使用说明", "How to use this bot"),
    Command("tickets", "查询我的诉求进度", "Progress of my requests", says="查进度"),
    Command("human", "转人工服务", "Talk to a person", says="转人工"),
    Command("link", "绑定其他渠道的账号", "Link another channel", says="绑定"),
    Command("unlink", "解除绑定", "Unlink", says="解绑"),
    Command("privacy", "个人信息说明", "Privacy", says="个人信息说明"),
)
NAMES = {command.name: command for command in COMMANDS}
_CODE = re.compile(r"[0-9]{8}")
LATE_BUTTON = "这个按钮已经失效，请直接输入您的问题。"

_HELP = "\n".join(
    (
        "请直接输入您想办的事或想问的问题，例如“怎么申请用水”。",
        "反映问题或提出诉求，请直接说明，我会一步步帮您登记。图片和文件会作为附件一起提交。",
        "",
        *(f"/{command.name} {command.chinese}" for command in COMMANDS if command.name != "start"),
    )
)
_NOTICES: dict[Kind, str] = {
    "voice": "抱歉，我暂时听不了语音，请用文字告诉我。",
    "video": "抱歉，我暂时看不了视频，请用文字说明，或发送图片、文件。",
    "sticker": "抱歉，我看不懂表情，请用文字告诉我您想办的事。",
    "location": "已看到您发来的位置，请再用文字写明地址和要办的事。",
    "other": "抱歉，我暂时看不了这种内容，请用文字告诉我，或发送图片、文件。",
    "unknown_command": "没有这个命令。发送 /help 可以查看使用说明，也可以直接输入您的问题。",
}


def notice(incoming: Incoming, *, bot: str) -> str | None:
    """What the bot answers by itself; None where the message is for others. `bot`: our username without "@"."""
    if incoming.kind == "group":
        return (
            f"为保护您的信息，请在私聊中使用：https://t.me/{bot}" if bot else "为保护您的信息，请与我私聊。"
        )
    if incoming.kind == "command":
        return _HELP if incoming.command == "help" else None
    return _NOTICES.get(incoming.kind)


def for_dialogue(incoming: Incoming) -> str | None:
    """The text that the dialogue gets for a text, a phone number or a command of its own; None for all else."""
    if incoming.kind in ("text", "contact"):
        return incoming.text or None
    if incoming.kind == "command":
        # A link t.me/BOT?start=12345678, as a page or a QR code may hold it, links like /link 12345678.
        links = incoming.command == "start" and _CODE.fullmatch(incoming.payload)
        says = NAMES["link" if links else incoming.command].says
        # /link 12345678 brings its code along.
        return f"{says} {incoming.payload}".strip() if says else None
    return None
