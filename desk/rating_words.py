"""好差评 in words: the five levels of 国办发〔2019〕51号, what may be good or bad, and what a text says of it. All of it pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from desk.values import Button

LEVELS = {"非常满意": 5, "满意": 4, "基本满意": 3, "不满意": 2, "非常不满意": 1}
LEVEL_NAMES = {level: name for name, level in LEVELS.items()}
GOOD_FROM = 4
_PAYLOAD = "/rate"
NO_RATING = Button("不评价", _PAYLOAD)
NO_TAGS = Button("不选了", _PAYLOAD)
NO_COMMENT = Button("不写了", _PAYLOAD)
LEVEL_BUTTONS = (*(Button(name, _PAYLOAD) for name in LEVELS), NO_RATING)
COMMENT_LETTERS = 500

_TICKET_TAGS = (
    ("办事效率高", "服务态度好", "政策解释清楚", "问题得到解决", "提交和查询方便"),
    ("办事效率低", "服务态度差", "政策解释不清", "问题没有解决", "提交和查询不便"),
)
_TALK_TAGS = (
    ("回答准确", "服务态度好", "政策解释清楚", "回复及时", "使用方便"),
    ("答非所问", "服务态度差", "政策解释不清", "回复太慢", "使用不便"),
)
_WORDS = (
    (r"非常不满|很不满|太差|极差|一星|1星|1分", 1),
    (r"不满意?|差评|二星|2星|2分", 2),
    (r"基本满意|一般|还行|三星|3星|3分", 3),
    (r"非常满意|很满意|特别满意|五星|5星|5分|好评|满分", 5),
    (r"满意|四星|4星|4分", 4),
)
_SEVERAL = re.compile(r"[1-9一二三四五](?:[\s、,，和/.;；]*[1-9一二三四五])+")
_NUMERALS = {numeral: number for number, numeral in enumerate("一二三四五", start=1)}
# What is said to the assistant and not about the service, although it stands where a comment was asked for.
_TO_THE_ASSISTANT = re.compile(
    r"转?人工|客服|^(?:我们?|俺们?)?(?:要|想|想要)?(?:投诉|举报|反映问题|提?个?诉求|登记)|^我有诉求|进度|催办|撤回|补充(?:材料|说明)"
    r"|[A-Za-z]{2,4}-?\d{8}-?\d{4}|绑定|删除我的|个人信息|^(?:你好|您好|在吗|帮助|谢谢|再见|取消|退出)"
)


def level_of(text: str) -> int | None:
    """5 to 1, or None where the text names no level."""
    return next((level for words, level in _WORDS if re.search(words, text)), None)


def tags_for(level: int, *, of_ticket: bool) -> tuple[str, ...]:
    """What may be picked: what was good from 满意 on, else what was bad."""
    return (_TICKET_TAGS if of_ticket else _TALK_TAGS)[level < GOOD_FROM]


def tags_picked(text: str, offered: Sequence[str]) -> tuple[str, ...]:
    """Several tags by their numbers (`1、3`); empty where the text is something else."""
    said = text.strip().rstrip("。.")
    if not _SEVERAL.fullmatch(said):
        return ()
    numbers = {_NUMERALS.get(mark) or int(mark) for mark in said if mark in _NUMERALS or mark.isdecimal()}
    if max(numbers) > len(offered):
        return ()
    return tuple(offered[number - 1] for number in sorted(numbers))


def to_the_assistant(text: str) -> bool:
    """Whether a text wants something of the assistant instead of saying how the service was."""
    return bool(_TO_THE_ASSISTANT.search(text.strip()))
