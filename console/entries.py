"""A thread as staff read it: messages and notes in one order, each with what there is to say about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from console.attached import File
from console.readable import Readable
from conversations.models import Author, Delivery, Message, Note, NoteKind

OUTCOMES: Mapping[str, str] = {
    "answered": "已回答",
    "clarify": "请对方选择",
    "unknown": "没有找到答案",
    "smalltalk": "寒暄",
    "form": "登记中",
    "ticket": "工单",
    "handoff": "转人工",
}
_HAPPENED: Mapping[NoteKind, str] = {
    NoteKind.TAKEN: "接入了对话，机器人不再说话",
    NoteKind.HANDED_OVER: "把对话转给",
    NoteKind.HANDED_BACK: "把对话交还给机器人",
    NoteKind.TIMED_OUT: "太久没有回复，对话回到等待队列",
    NoteKind.ENDED: "对话早已说完，自动交还给机器人",
}


@dataclass(frozen=True, slots=True)
class State:
    """What became of a message of ours. `tone`: good, soft or bad; `again`: it may be sent once more.

    `by_bot`: the bot wrote it, which says nothing while staff hold the thread.
    """

    id: int
    label: str
    tone: str
    reason: str = ""
    again: bool = False
    by_bot: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A message or a note. `id`: m12 or n3; `order`: where it stands; `kind`: its author, `note` or `event`.

    `asked`: the message's id where a person wrote it and it may be read, so that it can be put among the unanswered.
    """

    id: str
    order: tuple[int, int]
    kind: str
    by: str
    text: str
    at: datetime
    outcome: str = ""
    article: tuple[str, str] | None = None
    ticket: str = ""
    buttons: tuple[str, ...] = ()
    state: State | None = None
    mentions: tuple[str, ...] = ()
    closed: bool = False
    files: tuple[File, ...] = ()
    asked: int | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """What keys are called: accounts by id, articles by key; `files`: by the message that they came with."""

    staff: Mapping[str, str]
    articles: Mapping[str, str]
    files: Mapping[int, Sequence[File]] = field(default_factory=dict)


def entries(messages: Sequence[Message], notes: Sequence[Note], names: Names, words: Readable) -> list[Entry]:
    """Both in one order: a note stands after the message that was the newest when it was written."""
    found = [
        _closed(message, names, words) if words.closed(message) else _message(message, names, words)
        for message in messages
    ]
    found += [_note(note, names, words) for note in notes]
    return sorted(found, key=lambda entry: entry.order)


def named_in(messages: Sequence[Message], notes: Sequence[Note]) -> tuple[set[str], tuple[str, ...]]:
    """The accounts and the articles that they name."""
    staff = {str(message.detail["staff"]) for message in messages if message.detail.get("staff")}
    staff |= {account for note in notes for account in (note.by, *note.mentions) if account}
    articles = {str(message.detail["article"]) for message in messages if message.detail.get("article")}
    return staff, tuple(articles)


def state(message: Message) -> State | None:
    """What became of it; None for what a person wrote."""
    match message.delivery:
        case Delivery.NONE:
            return None
        case Delivery.SENT:
            return State(message.id, "已送达", "good")
        case Delivery.SENDING:
            return State(message.id, "发送中", "soft")
        case Delivery.PENDING:
            label = "没有送出，会自动再试" if message.attempts else "发送中"
            return State(message.id, label, "soft", message.reason)
        case Delivery.HELD:
            return State(message.id, "等对方再来消息后送达", "soft", message.reason)
        case Delivery.FAILED:
            return State(message.id, "发送失败", "bad", message.reason, True, message.author is Author.BOT)
        case Delivery.UNKNOWN:
            by_bot = message.author is Author.BOT
            return State(message.id, "不确定是否送达", "bad", message.reason, True, by_bot)
    return State(message.id, "没有发送", "soft", message.reason)


def _closed(message: Message, names: Names, words: Readable) -> Entry:
    return Entry(
        id=f"m{message.id}",
        order=(message.id, 0),
        kind=message.author.value,
        by=_author(message, names),
        text=words.text(message),
        at=message.created_at,
        state=state(message),
        closed=True,
    )


def _message(message: Message, names: Names, words: Readable) -> Entry:
    detail = message.detail
    article = detail.get("article")
    return Entry(
        id=f"m{message.id}",
        order=(message.id, 0),
        kind=message.author.value,
        by=_author(message, names),
        text=words.text(message),
        at=message.created_at,
        outcome=OUTCOMES.get(str(detail.get("outcome") or ""), "") if message.author is Author.BOT else "",
        article=(article, names.articles.get(article, article)) if article else None,
        ticket=str(detail.get("ticket") or ""),
        buttons=tuple(str(button.get("title", "")) for button in message.buttons),
        state=state(message),
        files=tuple(names.files.get(message.id, ())),
        asked=message.id if message.author is Author.PERSON else None,
    )


def _author(message: Message, names: Names) -> str:
    match message.author:
        case Author.PERSON:
            return "对方"
        case Author.BOT:
            return "机器人"
        case Author.STAFF:
            return names.staff.get(str(message.detail.get("staff") or ""), "工作人员")
    return "系统通知"


def _note(note: Note, names: Names, words: Readable) -> Entry:
    written = note.kind is NoteKind.WRITTEN
    text = words.words(note.thread_id, note.text)
    called = tuple(names.staff.get(account, "工作人员") for account in note.mentions)
    return Entry(
        id=f"n{note.id}",
        order=(note.after_id, note.id),
        kind="note" if written else "event",
        by=names.staff.get(note.by, "" if not note.by else "工作人员"),
        text=text if written else _happened(note.kind, text, called),
        at=note.at,
        mentions=called if written else (),
    )


def _happened(kind: NoteKind, text: str, called: Sequence[str]) -> str:
    if kind is NoteKind.HANDED_OVER:
        return _HAPPENED[kind] + "、".join(called)
    return _HAPPENED[kind] + (f"：{text}" if text else "")
