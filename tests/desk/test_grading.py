"""What is suggested to be urgent: what its words say, and nothing that only sounds like it."""

from __future__ import annotations

import pytest

from desk.grading import urgency
from tickets.limits import Level
from tickets.models import Ticket


def about(text: str, wanted: str = "尽快解决") -> Ticket:
    return Ticket(subject="供水", district="新华区", description=text, wanted=wanted)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("停水三天没有人管", "“停水”"),
        ("厂区突然停电，随后停气", "“停电”、“停气”"),
        ("车间燃气泄漏，闻到味道", "“泄漏”"),
        ("灶具漏气", "“漏气”"),
        ("变压器爆炸后起火", "“爆炸”、“起火”"),
        ("供热管网断供", "“断供”"),
        ("已经停水，停水影响生产", "“停水”"),
    ],
)
def test_what_cannot_wait_is_suggested_as_urgent_with_its_reason(text: str, words: str) -> None:
    found = urgency(about(text))
    assert found is not None
    assert (found.level, found.reason) == (Level.URGENT, f"文中提到{words}")


def test_what_is_wanted_counts_too() -> None:
    assert urgency(about("管道老化", wanted="马上处理漏气")) is not None


@pytest.mark.parametrize(
    "text",
    [
        "营业执照办得太慢",
        "水价太高",
        "没有停电，只是电压低",
        "从未发生爆炸",
        "申请停水表",
        "企业信息泄漏，要求查处",
        "房贷断供以后征信受影响",
    ],
)
def test_what_only_sounds_like_it_is_not(text: str) -> None:
    assert urgency(about(text)) is None
