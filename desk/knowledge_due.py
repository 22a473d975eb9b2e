"""Articles that expire: whose department must be told, 30, 7 and 1 days ahead and after it, once each, on working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.keepers import keepers
from knowledge.models import ExpiryNotice, LiveCard
from staff import notices
from staff.models import NoticeKind
from staff.notices import Telling
from tickets.timing import load_calendar

AHEAD = (1, 7, 30)  # days
_ENDED = -1  # the notice after the end
_LOOKED_BACK = timedelta(
    days=AHEAD[-1]
)  # longer than any holiday: what ended before it was told, or is no news


@dataclass(frozen=True, slots=True)
class Expiring:
    """An article that ends in so many days, below 0 where it has ended, and the accounts (ids) of who keeps it.

    They are those of its departments; where none of these may edit, all who may besides. `editors`: those of them who may.
    """

    key: str
    title: str
    valid_until: date
    days: int
    accounts: tuple[str, ...]
    editors: frozenset[str]


async def tell_expiring(desk: Desk) -> int:
    """In office hours, tell who keeps articles that end soon or have ended; how many notices were written."""
    now = desk.clock()
    async with desk.database.read() as session:
        if not desk.office_hours.open_at(now, await load_calendar(session)):
            return 0
        if not await _due(desk, session):
            return 0
    async with desk.database.write() as session:
        found = await expiring(desk, session)
        tellings = [_telling(one, account) for one in found for account in one.accounts]
        return await notices.tell(session, tellings, now)


def _telling(one: Expiring, account: str) -> Telling:
    ask = "请核对后延期或下线" if account in one.editors else "请把有什么变化、要不要延期告诉知识编辑"
    text = f"知识“{one.title}”{_when(one)}，{ask}。"
    occasion = f"article-{one.key}-{one.valid_until.isoformat()}-{one.days}"
    return Telling(account, NoticeKind.EXPIRING, occasion, text, article=one.key)


def _when(one: Expiring) -> str:
    until = one.valid_until.isoformat()
    if one.days < 0:
        return f"已到期（{until}），不再用来答复企业"
    when = f"还有 {one.days} 天到期" if one.days else "今天到期"
    return f"{when}（{until}）。到期后不再用它答复企业"


async def expiring(desk: Desk, session: AsyncSession) -> list[Expiring]:
    """Who is to be told now, and in the same transaction that they have been; whoever calls it tells them in it."""
    found = await _due(desk, session)
    session.add_all(mark for _, mark in found)
    return [one for one, _ in found]


async def _due(desk: Desk, session: AsyncSession) -> list[tuple[Expiring, ExpiryNotice]]:
    today = desk.today()
    # Until the next working day nobody reads anything: what falls due before it is told now.
    unread = (await load_calendar(session)).add(today, 1) - timedelta(days=1)
    first, last = today - _LOOKED_BACK, unread + timedelta(days=AHEAD[-1])
    ending = (
        await session.scalars(
            select(LiveCard).where(LiveCard.valid_until >= first, LiveCard.valid_until <= last)
        )
    ).all()
    if not ending:
        return []
    who = await keepers(session)
    told = []
    for card in ending:
        ends = card.valid_until
        if ends is None:
            continue
        due = _stage(ends, today, unread)
        if due is None or await session.get(ExpiryNotice, (card.key, ends, due)) is not None:
            continue
        mark = ExpiryNotice(key=card.key, valid_until=ends, days=due, at=desk.clock())
        accounts = who.of(card.keepers)
        editors = frozenset(accounts).intersection(who.editors)
        told.append((Expiring(card.key, card.title, ends, (ends - today).days, accounts, editors), mark))
    return told


def _stage(ends: date, today: date, unread: date) -> int | None:
    """Which notice of an end is due, by its days ahead; None for none yet. `unread`: the last day before the next working day."""
    if ends < today:
        return _ENDED
    return next((days for days in AHEAD if (ends - unread).days <= days), None)
