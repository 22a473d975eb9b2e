"""Articles that nobody has checked for a year: who keeps them is asked to, once a year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.keepers import keepers
from knowledge.following import CHECK_EVERY
from knowledge.models import LiveCard
from staff import notices
from staff.models import NoticeKind
from staff.notices import Telling
from tickets.timing import load_calendar


async def tell_unchecked(desk: Desk) -> int:
    """In office hours, ask who keeps articles that were last checked over a year ago; how many notices were written."""
    now, today = desk.clock(), desk.today()
    due = select(LiveCard.key).where(LiveCard.ask_on <= today).limit(1)
    async with desk.database.read() as session:
        if await session.scalar(due) is None:
            return 0
        if not desk.office_hours.open_at(now, await load_calendar(session)):
            return 0
    async with desk.database.write() as session:
        return await notices.tell(session, await _tellings(session, today), now)


async def _tellings(session: AsyncSession, today: date) -> list[Telling]:
    asked = (
        update(LiveCard)
        .where(LiveCard.ask_on <= today)
        .values(ask_on=today + CHECK_EVERY)
        .returning(LiveCard.key, LiveCard.title, LiveCard.keepers, LiveCard.checked_on)
        .execution_options(synchronize_session=False)
    )
    who = await keepers(session)
    theirs: dict[str, list[tuple[str, str, date]]] = {}
    # One statement: of two processes at once each article is found by one.
    for key, title, marked, checked in await session.execute(asked):
        for account in who.of(marked):
            theirs.setdefault(account, []).append((key, title, checked))
    editors = set(who.editors)
    return [
        _telling(account, sorted(found), today, edits=account in editors) for account, found in theirs.items()
    ]


def _telling(account: str, found: Sequence[tuple[str, str, date]], today: date, *, edits: bool) -> Telling:
    """One notice for all of an account: a whole knowledge base may have been checked on one day. `edits`: whether they may."""
    key, title, checked = found[0]
    occasion = f"unchecked-{today.isoformat()}-{key}"
    then = "改好核对日期后提交审核" if edits else "把有没有变化告诉知识编辑"
    ask = f"请对照现行依据核对，{then}。"
    if len(found) == 1:
        text = f"知识“{title}”上次核对是 {checked.isoformat()}，已经超过一年。{ask}"
        return Telling(account, NoticeKind.UNCHECKED, occasion, text, article=key)
    text = f"“{title}”等 {len(found)} 篇知识超过一年没有核对，见知识库“需要处理”里的“超过一年没有核对”。{ask}"
    return Telling(account, NoticeKind.UNCHECKED, occasion, text)
