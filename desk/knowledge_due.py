"""Articles that are about to expire: whose department must be told, 30, 7 and 1 days ahead, once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from knowledge.models import ArticleRow, ArticleState, Card, ExpiryNotice
from staff.departments import departments
from staff.models import Account

AHEAD = (1, 7, 30)  # days


@dataclass(frozen=True, slots=True)
class Expiring:
    """An article that ends in so many days, and the accounts (ids) of the departments that keep it."""

    key: str
    title: str
    valid_until: date
    days: int
    accounts: tuple[str, ...]


async def expiring(desk: Desk, session: AsyncSession) -> list[Expiring]:
    """Who is to be told now, and in the same transaction that they have been; whoever calls it tells them in it."""
    today = desk.today()
    ending = (
        await session.scalars(
            select(Card).where(
                Card.valid_until >= today, Card.valid_until <= today + timedelta(days=AHEAD[-1]), Card.live
            )
        )
    ).all()
    if not ending:
        return []
    known = {department.name: department.key for department in await departments(session)}
    told = []
    for card in ending:
        article = await session.get(ArticleRow, card.key)
        if article is None or article.state != ArticleState.PUBLISHED or not article.content["valid_until"]:
            continue
        ends = date.fromisoformat(article.content["valid_until"])  # of what is answered, not of the draft
        due = next((days for days in AHEAD if (ends - today).days <= days), None)
        if ends < today or due is None:
            continue
        if await session.get(ExpiryNotice, (card.key, ends, due)) is not None:
            continue
        session.add(ExpiryNotice(key=card.key, valid_until=ends, days=due, at=desk.clock()))
        accounts = await _of(session, _keepers(article.content, known))
        told.append(Expiring(card.key, article.content["title"], ends, (ends - today).days, accounts))
    return told


def _keepers(content: Mapping[str, object], known: Mapping[str, str]) -> list[str]:
    """The keys of the departments that keep it: as chosen in the editor, else the one that it names."""
    chosen = content.get("departments")
    if isinstance(chosen, list) and chosen:
        return [str(key) for key in chosen]
    return [key for name, key in known.items() if name == content["department"]]


async def _of(session: AsyncSession, keys: Sequence[str]) -> tuple[str, ...]:
    if not keys:
        return ()
    query = select(Account.id).where(Account.department.in_(keys), Account.active)
    return tuple(await session.scalars(query.order_by(Account.id)))
