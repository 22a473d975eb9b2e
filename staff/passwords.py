"""Passwords: how they are made, judged and hashed."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from pwdlib import PasswordHash

from staff.errors import PasswordRefused

_Value = TypeVar("_Value")

LEAST_LETTERS = 12
MOST_LETTERS = 128
_LEAST_DIFFERENT = 5
# Without the letters and digits that are mistaken for one another when read aloud.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_COMMON = frozenset(
    "123456789012 1234567890123 12345678901234 123456789123 1234567891011 123456654321 112233445566 "
    "password1234 password12345 password123456 passw0rd1234 passwordpassword p@ssw0rd1234 p@ssword1234 "
    "qwertyuiop12 qwertyuiop123 qwerty123456 qwerty12345678 asdfghjkl123 asdfghjkl1234 zxcvbnm12345 zxcvbnm123456 "
    "1qaz2wsx3edc 1qaz2wsx3edc4rfv q1w2e3r4t5y6 qazwsxedcrfv 1q2w3e4r5t6y 123qweasdzxc 1234qwerasdf "
    "abcdefghijkl abcd12345678 abc123456789 a1b2c3d4e5f6 aa1234567890 a123456789012 admin1234567 admin12345678 "
    "administrator administrator1 admin123456789 iloveyou1234 woaini1314520 woaini5201314 5201314520131 "
    "147258369147 147258369000 987654321012 0123456789ab pingdingshan pingdingshan1 pingdingshan123 "
    "pingdingshan2024 pingdingshan2025 pingdingshan2026 pds123456789 qifu12345678 changeme1234 welcome12345 "
    "letmein12345 zhongguo12345 woaizhongguo nihao1234567 henan1234567".split()
)


@dataclass(frozen=True, slots=True)
class OneTime:
    """A password for the first sign-in, shown once, and the hash that is kept."""

    password: str = field(repr=False)
    hash: str


@dataclass(slots=True)
class Hashing:
    """argon2 in threads of its own: it takes 64 MiB and some 50 ms each time, and must not hold up commits."""

    hasher: PasswordHash = field(default_factory=PasswordHash.recommended)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "argon2"))
    _decoy: str = ""

    def issue(self) -> OneTime:
        """A new one-time password. Blocks."""
        password = readable(4)
        return OneTime(password, self.hasher.hash(password))

    async def issued(self) -> OneTime:
        """The same, without holding up the event loop."""
        return await self._aside(self.issue)

    async def hash(self, password: str) -> str:
        """What is kept of a password."""
        return await self._aside(lambda: self.hasher.hash(normal(password)))

    async def matches(self, password: str, hash: str | None) -> bool:
        """Whether it is the password; takes as long where there is no hash to compare with."""
        return await self._aside(lambda: self._matches(normal(password), hash))

    def _matches(self, password: str, hash: str | None) -> bool:
        if not self._decoy:
            self._decoy = self.hasher.hash(readable(4))
        return self.hasher.verify(password, hash or self._decoy) and hash is not None

    async def _aside(self, work: Callable[[], _Value]) -> _Value:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def readable(groups: int) -> str:
    """Groups of four, 20 bits each, readable over the telephone."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(groups))


def normal(password: str) -> str:
    """The same letters however the keyboard composes them, and no more of them than is reasonable."""
    return unicodedata.normalize("NFKC", password)[: MOST_LETTERS + 1]


def judge(password: str, *, username: str, name: str) -> None:
    """Raises `PasswordRefused` where the password is too easy to guess."""
    text = normal(password)
    plain = text.casefold()
    if len(text) < LEAST_LETTERS:
        raise PasswordRefused(f"密码太短：至少 {LEAST_LETTERS} 位。可以用几个不相干的词连起来。")
    if len(text) > MOST_LETTERS:
        raise PasswordRefused(f"密码太长：最多 {MOST_LETTERS} 位。")
    if username.casefold() in plain or name.casefold() in plain:
        raise PasswordRefused("密码里不要包含用户名或姓名。")
    if plain in _COMMON or len(set(plain)) < _LEAST_DIFFERENT:
        raise PasswordRefused("这个密码太常见，容易被猜到，请换一个。")
