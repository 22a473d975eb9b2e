"""Passwords that are easy to guess are refused; what is kept of one is a hash."""

from __future__ import annotations

import re

import pytest

from staff.errors import PasswordRefused
from staff.passwords import Hashing, judge, readable


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "  Zhang.San 2026!",
        "我是张三啊你好你好你好",
        "PingDingShan123",
        "123456789012",
        "ababababababab",
        "x" * 12,
        "long enough " * 12,
        "Ｐａｓｓｗｏｒｄ１２３４",
    ],
)
def test_an_easy_password_is_refused_with_a_sentence(password: str) -> None:
    with pytest.raises(PasswordRefused, match="密码"):
        judge(password, username="zhang.san", name="张三")


@pytest.mark.parametrize("password", ["green tea river 88", "绿茶河流山顶八十八城市灯", "x7#Kq!mP2$vL"])
def test_a_good_password_is_taken(password: str) -> None:
    judge(password, username="zhang.san", name="张三")


async def test_a_password_is_kept_as_an_argon2_hash_and_known_again() -> None:
    hashing = Hashing()
    hash = await hashing.hash("green tea river 88")
    assert hash.startswith("$argon2id$v=19$m=65536,")
    assert await hashing.matches("green tea river 88", hash)
    assert not await hashing.matches("green tea river 89", hash)


async def test_the_same_letters_match_however_the_keyboard_composes_them(hashing: Hashing) -> None:
    assert await hashing.matches(
        "e\u0301te\u0301 river 88 tea", await hashing.hash("\u00e9t\u00e9 river 88 tea")
    )


async def test_no_password_matches_where_there_is_no_account(hashing: Hashing) -> None:
    assert not await hashing.matches("green tea river 88", None)


def test_a_one_time_password_does_not_show_itself_in_logs(hashing: Hashing) -> None:
    one_time = hashing.issue()
    assert re.fullmatch(r"(?:[a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", one_time.password)
    assert one_time.password not in repr(one_time)


def test_readable_groups_differ() -> None:
    assert len({readable(4) for _ in range(100)}) == 100
