"""What the people of the kill test say, when, and how often each message is pushed: all of it drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.markdown import read_folder

CHANNELS = ("wechat", "telegram")
THANKS = "谢谢"
_ARTICLES = Path(__file__).resolve().parents[2] / "knowledge" / "articles"
_CHATS = 700_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A message to be said. Seconds: `pause` before it; `again`: pushed once more so long after its first push."""

    text: str
    pause: float
    again: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a channel. With an `enterprise` they complain and wait for each answer; else they only ask."""

    channel: str
    address: str
    lines: tuple[Line, ...]
    enterprise: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`messages` by `people`, half of them on each channel, in about `spread` seconds; the process is killed `kills` times.

    `complainers` of the people fill in a form and confirm it.
    """

    seed: int
    messages: int
    people: int
    complainers: int
    kills: int
    spread: float


def drawn(plan: Plan) -> list[Person]:
    """The people of a plan, complainers first."""
    chance = random.Random(plan.seed)
    stories = [_complainer(number, plan, chance) for number in range(plan.complainers)]
    left = plan.messages - sum(len(person.lines) for person in stories)
    askers = plan.people - plan.complainers
    shares = [left // askers + (number < left % askers) for number in range(askers)]
    questions = _questions()
    return stories + [
        _asker(number + plan.complainers, share, questions, plan, chance)
        for number, share in enumerate(shares)
    ]


def _complainer(number: int, plan: Plan, chance: random.Random) -> Person:
    enterprise, phone = f"平顶山试验{number + 101}号机械有限公司", f"1390375{number + 1001}"
    said = (
        "我要投诉",
        "供电公司报装拖了半个月都不给我们厂送电，找谁都不管",
        "尽快送电",
        enterprise,
        "跳过",
        "李明",
        phone,
        "宝丰县",
        "不用保密",
        "确认提交",
        "查询进度",
    )
    pauses = [chance.uniform(0, 0.2 * plan.spread)] + [chance.uniform(0, 1) for _ in said[1:]]
    return Person(*_place(number), _lines(said, pauses, plan, chance), enterprise, phone)


def _asker(
    number: int, count: int, questions: Sequence[Sequence[str]], plan: Plan, chance: random.Random
) -> Person:
    # Each after another matter, so that the answers are told from each other.
    said = [chance.choice(some) for some in chance.sample(questions, count)]
    pauses = [chance.uniform(0, 2 * plan.spread / (count + 1)) for _ in said]
    return Person(*_place(number), _lines(said, pauses, plan, chance))


def _lines(
    said: Sequence[str], pauses: Sequence[float], plan: Plan, chance: random.Random
) -> tuple[Line, ...]:
    return tuple(Line(text, pause, _again(plan, chance)) for text, pause in zip(said, pauses, strict=True))


def _again(plan: Plan, chance: random.Random) -> tuple[float, ...]:
    """Nothing, or once or twice more: at the same time, or much later."""
    times = chance.choice((0, 0, 1, 2))
    return tuple(chance.choice((0.0, chance.uniform(0, 0.3 * plan.spread))) for _ in range(times))


def _place(number: int) -> tuple[str, str]:
    channel = CHANNELS[number % 2]
    return channel, f"oKill{number:04}" if channel == "wechat" else str(_CHATS + number)


def _questions() -> list[tuple[str, ...]]:
    return [tuple(article.questions) for article in read_folder(_ARTICLES) if article.questions]
