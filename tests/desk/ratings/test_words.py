"""Which words are tags, comments, or wishes to the assistant."""

from __future__ import annotations

import pytest

from desk.rating_words import tags_for, tags_picked, to_the_assistant


def test_several_tags_are_read_by_their_numbers() -> None:
    offered = tags_for(1, of_ticket=True)
    assert tags_picked("1、3", offered) == ("办事效率低", "政策解释不清")
    assert tags_picked("一 和 三", offered) == ("办事效率低", "政策解释不清")
    assert (
        tags_picked("1,9", offered) == tags_picked("13800001234", offered) == tags_picked("1", offered) == ()
    )


@pytest.mark.parametrize(
    "text", ["转人工", "我要投诉", "查进度", "催办一下", "PDS-20261123-0001", "你好", "绑定"]
)
def test_what_wants_something_of_the_assistant_is_no_comment(text: str) -> None:
    assert to_the_assistant(text)


@pytest.mark.parametrize("text", ["太慢了", "师傅很负责", "希望以后快一点", "没有人联系我"])
def test_what_says_how_it_was_is_a_comment(text: str) -> None:
    assert not to_the_assistant(text)
