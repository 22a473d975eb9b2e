"""Tokens that other systems read with: made, looked up, revoked. Only their hashes are kept.

A token is `qifu_api_`, 32 random letters and six of a checksum (CRC32 in base 62), as secret scanners like it: it is found
in any text, and what only looks like one is told from it without asking anybody.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from store.ids import NewId
from store.inserts import insert_into
from systems.errors import ExpiryRefused, NameRefused, NameTaken, ScopesRefused, Unknown
from systems.models import ApiToken

PREFIX = "qifu_api_"
MOST_NAME_LETTERS = 50
MOST_DAYS = 1096
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LETTERS = 32
_CHECK_LETTERS = 6
_TOKEN = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_LETTERS + _CHECK_LETTERS}}}", re.ASCII)
# That it was used is written down at most so often.
_SEEN_EVERY = timedelta(minutes=10)


class Scope(StrEnum):
    """What may be read with a token."""

    TICKETS = "tickets:read"
    CONFIDENTIAL = "tickets:confidential"
    ARTICLES = "articles:read"
    STATISTICS = "statistics:read"


SCOPE_NAMES: Mapping[Scope, str] = {
    Scope.TICKETS: "工单（个人信息隐去，不含保密工单）",
    Scope.CONFIDENTIAL: "也含保密工单（个人信息同样隐去）",
    Scope.ARTICLES: "知识库文章",
    Scope.STATISTICS: "统计数字",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A token as it is asked for."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who reads. `unseen`: it is time to write down that the token is used."""

    id: str
    name: str
    scopes: frozenset[Scope]
    unseen: bool


async def add(
    session: AsyncSession, wish: Wish, *, by: str, at: datetime, new_id: NewId
) -> tuple[ApiToken, str]:
    """The row, and the token itself, which is nowhere kept. Raises `SystemsError`."""
    if not 0 < len(wish.name) <= MOST_NAME_LETTERS:
        raise NameRefused(MOST_NAME_LETTERS)
    if not wish.scopes - {Scope.CONFIDENTIAL} or (
        Scope.CONFIDENTIAL in wish.scopes and not wish.scopes & {Scope.TICKETS, Scope.STATISTICS}
    ):
        raise ScopesRefused
    if wish.expires_at and not at < wish.expires_at <= at + timedelta(days=MOST_DAYS):
        raise ExpiryRefused(MOST_DAYS)
    if await session.scalar(select(exists().where(ApiToken.name == wish.name))):
        raise NameTaken(wish.name)
    token = _made()
    added = await session.scalar(
        insert_into(session, ApiToken)
        .values(
            id=new_id(),
            name=wish.name,
            hash=_hash(token),
            hint=token[-4:],
            scopes=sorted(wish.scopes),
            created_by=by,
            created_at=at,
            expires_at=wish.expires_at,
        )
        .on_conflict_do_nothing()
        .returning(ApiToken.id)
    )
    if added is None:  # somebody took the name at this moment
        raise NameTaken(wish.name)
    row = await session.get_one(ApiToken, added)
    return row, token


async def revoke(session: AsyncSession, id: str, *, at: datetime) -> ApiToken | None:
    """The token is good for nothing any more; None where it was so already. Raises `Unknown`."""
    row = await session.get(ApiToken, id)
    if row is None:
        raise Unknown
    done = await session.execute(
        update(ApiToken).where(ApiToken.id == id, ApiToken.revoked_at.is_(None)).values(revoked_at=at)
    )
    return row if done.rowcount else None  # type: ignore[attr-defined]


async def all_tokens(session: AsyncSession) -> Sequence[ApiToken]:
    """Every token, those that count first, the newest of them first."""
    rows = await session.scalars(select(ApiToken).order_by(ApiToken.created_at.desc()))
    return sorted(rows, key=lambda row: row.revoked_at is not None)


async def bearer(session: AsyncSession, token: str, *, now: datetime) -> Bearer | None:
    """Who reads with this token; None where it is none, has run out or was revoked."""
    if not right_form(token):
        return None
    digest = _hash(token)
    row = await session.scalar(select(ApiToken).where(ApiToken.hash == digest))
    if row is None or not hmac.compare_digest(row.hash, digest):
        return None
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        return None
    unseen = row.last_used_at is None or row.last_used_at <= now - _SEEN_EVERY
    return Bearer(row.id, row.name, known(row.scopes), unseen)


async def see(session: AsyncSession, id: str, *, at: datetime) -> None:
    """Write down that a token is used."""
    await session.execute(
        update(ApiToken)
        .where(ApiToken.id == id, or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < at))
        .values(last_used_at=at)
    )


def known(scopes: Collection[str]) -> frozenset[Scope]:
    """Those of the words that are scopes."""
    return frozenset(Scope(scope) for scope in scopes if scope in set(Scope))


def right_form(token: str) -> bool:
    """Whether it can be a token of ours at all: its form and its checksum."""
    return bool(_TOKEN.fullmatch(token)) and token[-_CHECK_LETTERS:] == _check(token[:-_CHECK_LETTERS])


def _made() -> str:
    body = PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS))
    return body + _check(body)


def _check(body: str) -> str:
    number, letters = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LETTERS):
        number, digit = divmod(number, len(_LETTERS))
        letters = _LETTERS[digit] + letters
    return letters


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
