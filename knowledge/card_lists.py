"""The list of cards: searched, filtered, newest change first, a page at a time along an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from knowledge.models import Card, CardState

CHECK_EVERY = timedelta(days=365)
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cards; what is empty does not count. `department`: a key, and `department_name` as articles may name it.

    `due`: `check` for those whose last check is more than a year ago, `expiring` for those that end within 30 days or have
    ended. `live`: only what is answered from.
    """

    text: str = ""
    state: str = ""
    category: str = ""
    department: str = ""
    department_name: str = ""
    due: str = ""
    live: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the card of that moment and key."""

    at: datetime
    key: str


async def cards_page(
    session: AsyncSession, wanted: Wanted, *, today: date, after: Place | None, limit: int
) -> Sequence[Card]:
    """The cards after a place, newest change first; without their contents."""
    query = _filtered(select(Card), wanted, today)
    if after is not None:
        query = query.where(tuple_(Card.changed_at, Card.key) < (after.at, after.key))
    light = load_only(
        Card.key, Card.state, Card.live, Card.title, Card.category, Card.keepers, Card.valid_until,
        Card.checked_on, Card.revision, Card.publish_at, Card.changed_by, Card.changed_at,
    )  # fmt: skip
    ordered = query.options(light).order_by(Card.changed_at.desc(), Card.key.desc()).limit(limit)
    return (await session.scalars(ordered)).all()


async def state_counts(session: AsyncSession) -> dict[CardState, int]:
    """How many cards are in each state."""
    rows = await session.execute(select(Card.state, func.count()).group_by(Card.state))
    return {row[0]: row[1] for row in rows.all()}


def _filtered(query: Select[Card], wanted: Wanted, today: date) -> Select[Card]:
    if wanted.text:
        for word in wanted.text.lower().split()[:5]:
            named = Card.names.contains(word, autoescape=True) | (Card.key == word)
            query = query.where(named | Card.text.contains(word, autoescape=True))
    if wanted.state:
        query = query.where(Card.state == CardState(wanted.state))
    if wanted.category:
        query = query.where(Card.category == wanted.category)
    if wanted.department:
        theirs = Card.keepers.contains(f"|{wanted.department}|", autoescape=True)
        if wanted.department_name:
            theirs |= Card.keepers.contains(wanted.department_name, autoescape=True)
        query = query.where(theirs)
    if wanted.live:
        query = query.where(Card.live)
    if wanted.due == "check":
        query = query.where(Card.checked_on < today - CHECK_EVERY, Card.state != CardState.ARCHIVED)
    if wanted.due == "expiring":
        query = query.where(Card.valid_until <= today + SOON, Card.state != CardState.ARCHIVED)
    return query
