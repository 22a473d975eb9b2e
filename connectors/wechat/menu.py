"""The custom menu below the chat, as data: a tap says what the person would otherwise have typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# The vendor's limits; see the page of menu/create. Longer labels are also cut on the screen.
_MOST_COLUMNS = 3
_MOST_TAPS = 5
_COLUMN_LABEL_BYTES = 16
_TAP_LABEL_BYTES = 60
_KEY_BYTES = 128


@dataclass(frozen=True, slots=True)
class Tap:
    """A button. `key` comes back in the CLICK event and stays the same when the label changes; `says` is its text."""

    label: str
    key: str
    says: str


@dataclass(frozen=True, slots=True)
class Column:
    """A button that opens 1 to 5 others."""

    label: str
    taps: tuple[Tap, ...]


Menu = Sequence[Column | Tap]

MENU: Menu = (
    Column(
        "办事咨询",
        (
            # One tap for water, gas and power together would be answered with whichever ranks first.
            Tap("用水报装", "ask.water", "企业用水报装怎么办"),
            Tap("用气报装", "ask.gas", "企业用气报装怎么办"),
            Tap("用电报装", "ask.electricity", "企业用电报装怎么办"),
            Tap("企业开办", "ask.setup", "企业开办怎么办"),
            Tap("更多事项", "ask.more", "你能帮我做什么"),
        ),
    ),
    Column(
        "投诉诉求",
        (
            Tap("提交投诉", "ticket.complaint", "我要投诉"),
            Tap("提交诉求", "ticket.request", "我要提诉求"),
            Tap("查询进度", "ticket.progress", "查进度"),
            Tap("补充材料", "ticket.supplement", "我要补充材料"),
            Tap("催办", "ticket.urge", "催办"),
        ),
    ),
    Tap("转人工", "human", "转人工"),
)


class MenuWrong(ValueError):
    """WeChat would refuse the menu, or a tap would say nothing. `problems` has one sentence for each fault."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("；".join(problems))
        self.problems = tuple(problems)


def text_of(key: str, menu: Menu = MENU) -> str | None:
    """What a tap says, by the key of its CLICK event; nothing where the key is of a menu that is gone."""
    return next((tap.says for tap in _taps(menu) if tap.key == key), None)


def as_json(menu: Menu = MENU) -> dict[str, Any]:
    """The body of menu/create. Raises `MenuWrong`."""
    problems = problems_of(menu)
    if problems:
        raise MenuWrong(problems)
    return {"button": [_button(item) for item in menu]}


def problems_of(menu: Menu) -> list[str]:
    """Every fault of a menu, in Chinese for the operator; an empty list means that WeChat will take it."""
    problems = []
    if not 1 <= len(menu) <= _MOST_COLUMNS:
        problems.append(f"一级菜单应有 1 到 {_MOST_COLUMNS} 个，现有 {len(menu)} 个")
    for item in menu:
        problems += _label_problems(item.label, _COLUMN_LABEL_BYTES)
        if isinstance(item, Column):
            if not 1 <= len(item.taps) <= _MOST_TAPS:
                problems.append(f"“{item.label}”应有 1 到 {_MOST_TAPS} 个子菜单，现有 {len(item.taps)} 个")
            for tap in item.taps:
                problems += _label_problems(tap.label, _TAP_LABEL_BYTES)
    return problems + _key_problems(menu)


def _label_problems(label: str, most_bytes: int) -> list[str]:
    if not label.strip():
        return ["菜单名称不能为空"]
    length = len(label.encode())
    return [f"“{label}”有 {length} 字节，最多 {most_bytes} 字节"] if length > most_bytes else []


def _key_problems(menu: Menu) -> list[str]:
    problems = []
    seen: set[str] = set()
    for tap in _taps(menu):
        if not 1 <= len(tap.key.encode()) <= _KEY_BYTES:
            problems.append(f"“{tap.label}”的键值应有 1 到 {_KEY_BYTES} 字节")
        if tap.key in seen:
            problems.append(f"键值“{tap.key}”重复")
        if not tap.says.strip():
            problems.append(f"“{tap.label}”没有对应的话")
        seen.add(tap.key)
    return problems


def _taps(menu: Menu) -> Iterator[Tap]:
    for item in menu:
        yield from (item,) if isinstance(item, Tap) else item.taps


def _button(item: Column | Tap) -> dict[str, Any]:
    if isinstance(item, Tap):
        return {"type": "click", "name": item.label, "key": item.key}
    return {"name": item.label, "sub_button": [_button(tap) for tap in item.taps]}
