"""What an update means for the talk: words for the dialogue, an answer of the bot's own, both, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.telegram.commands import LATE_BUTTON, for_dialogue, notice
from connectors.telegram.incoming import Incoming, Kind
from conversations.models import Author, Message
from desk.articles import COMPLAINT, HUMAN, REQUEST
from desk.complaints import PROGRESS
from desk.values import Button, SentFile

WELCOME = (
    "您好，我是平顶山企业服务助手。企业办事的问题请直接问我，例如“怎么申请用水”；"
    "也可以提交投诉或诉求、查询进度、转人工服务。发送 /help 可以查看使用说明。"
)
WELCOME_BUTTONS = (COMPLAINT, REQUEST, PROGRESS, HUMAN)
EDITED_IN_FORM = (
    "看到您修改了前面的消息。已经填写的内容不会自动更改，请直接说要改什么，例如“电话改成 13800000000”。"
)
_LABELS: dict[Kind, str] = {
    "option": "［按钮］",
    "photo": "［图片］",
    "document": "［文件］",
    "too_large": "［文件］",
    "voice": "［语音］",
    "video": "［视频］",
    "sticker": "［表情］",
    "location": "［位置］",
    "group": "［群聊］",
    "edited": "［修改］",
}
_FILES: tuple[Kind, ...] = ("photo", "document", "too_large")
_TOO_LARGE = "超过了 20 MB，Telegram 不提供。请压缩后再发，或分成几个。"
_BY_WORDS = "请用文字说明您的情况。"
# A caption is words as any other; the name of a place is not.
_CAPTIONED = ("photo", "document", "too_large", "voice", "video", "other")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What to store and do. `text`: of the row; `for_dialogue`: whether it gets a turn; `answer`: ours, at once.

    `firm`: answered even where staff hold the talk; `key`: the row's id in the channel where not the update's own;
    `file`: to be kept, which has an answer of its own.
    """

    text: str
    for_dialogue: bool = False
    answer: str = ""
    buttons: tuple[Button, ...] = ()
    firm: bool = False
    key: str = ""
    file: SentFile | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """How the talk stands. `offered`: our message whose button was pressed, if it is of this very chat.

    `last`: what the bot said last; `waiting`: whether something that the person said has not had its turn;
    `pressed`: whether a button of `offered` counted before.
    """

    offered: Message | None = None
    last: Message | None = None
    waiting: bool = False
    pressed: bool = False


def meant(incoming: Incoming, context: Context, *, bot: str, max_letters: int) -> Meaning | None:
    """What to do about an update; None: nothing is kept and nothing said. `bot`: our username, without "@"."""
    if incoming.kind in ("blocked", "unblocked"):
        return None
    if len(incoming.text) > max_letters:
        too_long = f"一次最多 {max_letters} 个字，请分几次发送。"
        return Meaning(incoming.text, answer=too_long, file=_file(incoming))
    if words := for_dialogue(incoming):
        return Meaning(words, for_dialogue=True)
    match incoming.kind:
        case "option":
            return _pressed(incoming, context)
        case "edited":
            return _edited(incoming, context)
        case "command" | "unknown_command" | "group":
            return _commanded(incoming, bot)
    return _shown(incoming)


def option_key(message: Message) -> str:
    """The id under which the press of a question's button is stored: the first one is the answer."""
    return f"option:{message.id}"


def _pressed(incoming: Incoming, context: Context) -> Meaning:
    """The title of the button, as if it were typed; a question of a form is answered once, while it is asked."""
    late = Meaning(_LABELS["option"], answer=LATE_BUTTON)
    row, option = context.offered, incoming.option
    if row is None or option is None or option.number >= len(row.buttons):
        return late
    title = str(row.buttons[option.number]["title"])
    asked_now = context.last is not None and context.last.id == row.id and not context.waiting
    if row.author == Author.SYSTEM:
        return Meaning(title, for_dialogue=True)
    if _in_form(row):
        # Pressed twice, it must not answer the next question as well.
        current = asked_now or context.pressed
        return Meaning(title, for_dialogue=True, key=option_key(row)) if current else late
    return late if _in_form(context.last) else Meaning(title, for_dialogue=True)


def _edited(incoming: Incoming, context: Context) -> Meaning:
    """The question anew, as it was meant. In a form it cannot be known which question it answered."""
    if _in_form(context.last):
        return Meaning(f"{_LABELS['edited']}{incoming.text}", answer=EDITED_IN_FORM)
    return Meaning(incoming.text, for_dialogue=True)


def _commanded(incoming: Incoming, bot: str) -> Meaning:
    """The bot's own commands say nothing to the dialogue: an open question stays open."""
    text = incoming.text or _LABELS.get(incoming.kind, f"/{incoming.command}")
    if incoming.command == "start":
        return Meaning(text, answer=WELCOME, buttons=WELCOME_BUTTONS, firm=True)
    return Meaning(text, answer=notice(incoming, bot=bot) or "", firm=True)


def _shown(incoming: Incoming) -> Meaning:
    label = _LABELS.get(incoming.kind, "［其他内容］")
    caption = incoming.text if incoming.kind in _CAPTIONED else ""
    file = _file(incoming)
    answer = "" if file else notice(incoming, bot="") or _BY_WORDS
    if caption:
        return Meaning(caption, for_dialogue=True, answer=answer, file=file)
    return Meaning(f"{label}{file.name if file else incoming.text}", answer=answer, file=file)


def _file(incoming: Incoming) -> SentFile | None:
    sent = incoming.file
    if sent is None or incoming.kind not in _FILES:
        return None
    return SentFile(
        sent.id,
        "图片" if incoming.kind == "photo" else "文件",
        sent.name,
        sent.size,
        refused=_TOO_LARGE if incoming.kind == "too_large" else "",
        album=incoming.album,
    )


def _in_form(message: Message | None) -> bool:
    return message is not None and message.detail.get("outcome") == "form"
