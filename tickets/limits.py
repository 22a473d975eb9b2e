"""How long each part of a ticket's life may take: the defaults with their sources, and the operator's own figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Unit(StrEnum):
    """What a limit is counted in."""

    WORKDAYS = "wd"
    HOURS = "h"  # round the clock: a burst pipe does not wait for the morning
    MONTHS = "m"


_UNIT_NAMES = {Unit.WORKDAYS: "个工作日", Unit.HOURS: "小时", Unit.MONTHS: "个月"}
_WRITTEN = re.compile(r"(\d{1,3})(wd|h|m)")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many working days (0: the same day), hours or months."""

    count: int
    unit: Unit = Unit.WORKDAYS

    @classmethod
    def parse(cls, text: str) -> Limit:
        """`3wd`, `2h`, `1m`. Raises ValueError where it is not that."""
        found = _WRITTEN.fullmatch(text.strip())
        if not found:
            raise ValueError(f"{text!r} is no limit: 3wd, 2h or 1m is one")
        return cls(int(found[1]), Unit(found[2]))

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    def text(self) -> str:
        """As people read it: 3 个工作日."""
        return "当日" if self == Limit(0) else f"{self.count} {_UNIT_NAMES[self.unit]}"


class Timed(StrEnum):
    """What has a limit."""

    ENTER = "enter"  # no clock runs: what an enterprise files here is in the system at once
    DECIDE = "decide"
    DISPATCH = "dispatch"
    SIGN = "sign"
    HANDLE = "handle"
    REVIEW = "review"
    CALL_BACK = "call_back"
    REEXAMINE = "reexamine"
    ARCHIVE = "archive"
    CONTACT = "contact"  # whoever gave a bad rating
    RECTIFY = "rectify"


TIMED_NAMES = {
    Timed.ENTER: "录入平台",
    Timed.DECIDE: "决定是否受理",
    Timed.DISPATCH: "派单",
    Timed.SIGN: "签收",
    Timed.HANDLE: "办结答复",
    Timed.REVIEW: "审核答复",
    Timed.CALL_BACK: "回访",
    Timed.REEXAMINE: "复核",
    Timed.ARCHIVE: "归档",
    Timed.CONTACT: "差评联系企业",
    Timed.RECTIFY: "差评整改反馈",
}


class Level(StrEnum):
    """How a matter is graded when it is accepted: that sets the time for handling it."""

    URGENT = "urgent"
    CONSULT = "consult"
    SIMPLE = "simple"
    GENERAL = "general"
    CROSS = "cross"
    COMPLEX = "complex"


LEVEL_NAMES = {
    Level.URGENT: "紧急（水电气热）",
    Level.CONSULT: "咨询",
    Level.SIMPLE: "简单",
    Level.GENERAL: "一般",
    Level.CROSS: "跨部门",
    Level.COMPLEX: "复杂",
}

_HENAN = "《河南省营商环境投诉举报案件调查处理办法》（豫政办〔2024〕67号）"
_XUCHANG = "参照许昌市 2025 年 7 月 8 日办法的分级"
_HOTLINE = "参照12345热线承办规则"
_HOUSE = "本平台设定"


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit and where it comes from, as staff read it."""

    limit: Limit
    source: str


_DEFAULTS: Mapping[str, Rule] = {
    "enter": Rule(Limit(1), _HENAN),
    "decide": Rule(Limit(3), _HENAN),
    "dispatch": Rule(Limit(1), _HOUSE),
    "dispatch_urgent": Rule(Limit(1, Unit.HOURS), _HOUSE),
    "sign": Rule(Limit(1), _HOUSE),
    "sign_urgent": Rule(Limit(1, Unit.HOURS), _HOUSE),
    "handle_urgent": Rule(Limit(2, Unit.HOURS), "参照北京市12345热线地方标准（水电气热 2 小时）"),
    "handle_consult": Rule(Limit(3), _HOTLINE),
    "handle_simple": Rule(Limit(5), _XUCHANG),
    "handle_general": Rule(Limit(7), "参照秦皇岛市“秦皇营商”一般诉求时限"),
    "handle_cross": Rule(Limit(15), _XUCHANG),
    "handle_complex": Rule(Limit(1, Unit.MONTHS), _XUCHANG),
    "review": Rule(Limit(1), _HOUSE),
    "review_urgent": Rule(Limit(1, Unit.HOURS), _HOUSE),
    "call_back": Rule(Limit(1), f"{_HOTLINE}（办理结果反馈后次日回访）"),
    "reexamine": Rule(Limit(15), _HOUSE),
    "archive": Rule(Limit(1, Unit.MONTHS), _HOUSE),
    "contact": Rule(Limit(1), "参照禹州市差评处置（1 天内电话联系）"),
    "rectify": Rule(Limit(5), "参照许昌市襄城县、德州市差评处置时限"),
}


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Every limit in force."""

    rules: Mapping[str, Rule] = field(default_factory=lambda: _DEFAULTS)

    @classmethod
    def parse(cls, text: str) -> TimeLimits:
        """`decide=3wd, handle_general=13wd`: these instead of the defaults. Raises ValueError naming what is wrong."""
        rules = dict(_DEFAULTS)
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, limit = (piece.strip() for piece in part.partition("="))
            if name not in rules:
                raise ValueError(f"{name!r} has no limit; there are: {', '.join(rules)}")
            rules[name] = Rule(Limit.parse(limit), _HOUSE)
        return cls(rules)

    def of(self, timed: Timed, level: Level) -> Rule:
        """The limit of a part of the life of a ticket of that level."""
        return self.rules.get(f"{timed}_{level}") or self.rules[str(timed)]

    def graded(self, timed: Timed) -> tuple[Level, ...]:
        """The levels that have a limit of their own there."""
        return tuple(level for level in Level if f"{timed}_{level}" in self.rules)
