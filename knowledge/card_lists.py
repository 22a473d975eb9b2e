"""The list of cards: searched, filtered, newest change first, a page at a time along an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, null, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.following import CHECK_EVERY
from knowledge.models import Card, CardState, CardText, LiveCard
from store.texts import holds

SOON = timedelta(days=30)
_MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cards; what is empty does not count. `department`: a key, and `department_name` as articles may name it.

    `due`: `check` for those whose last check is more than a year ago, `expiring` for those that end within 30 days or have
    ended; both of what is answered from. `live`: as it is answered from, and nothing of what is being written.
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


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list. The days are those that are answered by; where nothing is, those of the draft."""

    key: str
    title: str
    category: str
    keepers: str
    changed_by: str
    changed_at: datetime
    valid_until: date | None
    checked_on: date | None
    state: CardState
    live: bool
    publish_at: datetime | None

    def marks(self, today: date) -> dict[str, bool]:
        """Which badges it has: of what is answered from alone."""
        end, checked = (self.valid_until, self.checked_on) if self.live else (None, None)
        return {
            "to_check": checked is not None and checked < today - CHECK_EVERY,
            "expired": end is not None and end < today,
            "expiring": end is not None and today <= end <= today + SOON,
        }


async def cards_page(
    session: AsyncSession, wanted: Wanted, *, today: date, after: Place | None, limit: int
) -> Sequence[Listed]:
    """The cards after a place, newest change first."""
    table = LiveCard if wanted.live else Card
    query = _filtered(_published(table) if wanted.live else _in_hand(wanted), table, wanted, today)
    if after is not None:
        query = query.where(tuple_(table.changed_at, table.key) < (after.at, after.key))
    ordered = query.order_by(table.changed_at.desc(), table.key.desc()).limit(limit)
    return [Listed(*row) for row in await session.execute(ordered)]


async def listed(session: AsyncSession, key: str, *, live: bool) -> Listed | None:
    """One card as the list has it."""
    table = LiveCard if live else Card
    query = _published(table) if live else _in_hand(Wanted())
    row = (await session.execute(query.where(table.key == key))).one_or_none()
    return Listed(*row) if row is not None else None


async def state_counts(session: AsyncSession) -> dict[CardState, int]:
    """How many cards are in each state."""
    rows = await session.execute(select(Card.state, func.count()).group_by(Card.state))
    return {row[0]: row[1] for row in rows.all()}


def _said(table: type[Card | LiveCard]) -> tuple[Any, ...]:
    return (table.key, table.title, table.category, table.keepers, table.changed_by, table.changed_at)


def _published(table: type[Card | LiveCard]) -> Select[Any]:
    stands = literal(CardState.PUBLISHED, Card.state.type)
    return select(*_said(table), table.valid_until, table.checked_on, stands, literal(True), null())


def _in_hand(wanted: Wanted) -> Select[Any]:
    until = case((Card.live, LiveCard.valid_until), else_=Card.valid_until)
    checked = case((Card.live, LiveCard.checked_on), else_=Card.checked_on)
    query = select(*_said(Card), until, checked, Card.state, Card.live, Card.publish_at)
    return query.join(LiveCard, LiveCard.key == Card.key, isouter=not wanted.due)


def _filtered(query: Select[Any], table: type[Card | LiveCard], wanted: Wanted, today: date) -> Select[Any]:
    # The longest first: it is in the fewest texts, and only those are read for the others.
    words = sorted(wanted.text.lower().split()[:_MOST_WORDS], key=len, reverse=True)
    if words:
        query = query.join(CardText, and_(CardText.key == table.key, CardText.live.is_(wanted.live)))
        query = query.where(*((table.key == word) | holds(CardText.text, word) for word in words))
    if wanted.state and not wanted.live:
        query = query.where(Card.state == CardState(wanted.state))
    if wanted.category:
        query = query.where(table.category == wanted.category)
    if wanted.department:
        theirs = holds(table.keepers, f"|{wanted.department}|")
        named = wanted.department_name
        query = query.where(theirs | holds(table.keepers, named) if named else theirs)
    if wanted.due == "check":
        query = query.where(LiveCard.checked_on < today - CHECK_EVERY)
    if wanted.due == "expiring":
        query = query.where(LiveCard.valid_until <= today + SOON)
    return query
