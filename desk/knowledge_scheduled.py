"""Publishing at the appointed time: what the gate has accepted, tried again where other articles have changed since."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.announcing import announce_articles
from desk.desk import Desk
from desk.knowledge_gate import Gates, accepted_run, holds, newest_run, running
from knowledge import cards
from knowledge.drafts import whole
from knowledge.models import Card, GateRun
from knowledge.neighbours import folded_names, shared_names
from knowledge.rows import version
from staff import notices
from staff.models import Account, NoticeKind
from staff.notices import Telling

log = logging.getLogger(__name__)

_AGAIN_AFTER = timedelta(seconds=60)
_TRIES = 3
_LOSSES_TOLD = 5


class _Moved(Exception):
    """The knowledge base has changed since it was looked at."""


async def publish_due(desk: Desk, gates: Gates) -> list[str]:
    """Publish what was approved for a moment that has come; the keys.

    What is not fit any more goes back to its authors, and they and who approved it are told. What cannot be decided yet is
    left to the next call: nothing is kept in between but what is in the database.
    """
    async with desk.database.read() as session:
        due = await cards.due(session, now=desk.clock())
    done = []
    for card in due:
        try:
            if await _published(desk, gates, card):
                done.append(card.key)
        except Exception:
            log.exception("publishing the article %s failed; trying again", card.key)
    return done


async def _published(desk: Desk, gates: Gates, card: Card) -> bool:
    await desk.library.refresh()
    at, today = desk.library.version, desk.today()
    shared = shared_names(card.content, today, desk.library.named(folded_names(card.content)))
    unfit = "".join(problem.text for problem in shared) or await _lost(desk, gates, card, at)
    if unfit is None:
        return False
    try:
        return await _take(desk, card, at, unfit)
    except _Moved:
        return False


async def _take(desk: Desk, card: Card, at: int, unfit: str) -> bool:
    """Publish it, or give it back, while the knowledge base stands as it was looked at. Raises `_Moved`."""
    now = desk.clock()
    async with desk.database.write() as session:
        found = await cards.publish_due(session, card.key, card.revision, now=now, unfit=unfit)
        if await version(session) != at + isinstance(found, Card):
            raise _Moved
        if isinstance(found, Card):
            await announce_articles(session, [whole(found.content)], at=now, new_id=desk.new_id)
        elif found is not None:
            await notices.tell(session, await _tellings(session, found, card.revision), now)
    return isinstance(found, Card)


async def _lost(desk: Desk, gates: Gates, card: Card, at: int) -> str | None:
    """What would be answered wrong that nobody has accepted, in Chinese; "" for nothing, None where it is not known yet."""
    async with desk.database.read() as session:
        accepted = await accepted_run(session, card)
        run = await newest_run(session, card.key, card.revision)
    if accepted is not None and accepted.outcome is not None and holds(desk, accepted, card, at):
        return ""
    if run is None or run.outcome is None or not holds(desk, run, card, at):
        if running(run, desk.clock()) or (run and run.failure and desk.clock() < run.seen_at + _AGAIN_AFTER):
            return None
        if await _failures(desk, card) >= _TRIES:
            return f"发布前的检验 {_TRIES} 次都没有做完，请重新检验；如果一直这样，请告诉管理员。"
        await gates.replay(card.changed_by, card.key)
        async with desk.database.read() as session:
            run = await newest_run(session, card.key, card.revision)
    if run is None or run.outcome is None or not holds(desk, run, card, at):
        return None
    known = set(_losses(accepted.outcome)) if accepted and accepted.outcome else set()
    return _told([text for text in _losses(run.outcome) if text not in known])


def _losses(outcome: dict[str, Any]) -> Iterable[str]:
    return outcome["losses"] if "losses" in outcome else [one["text"] for one in outcome["lost"]]


def _told(lost: list[str]) -> str:
    if not lost:
        return ""
    some = "".join(f"“{text}”" for text in lost[:_LOSSES_TOLD]) + ("等" if len(lost) > _LOSSES_TOLD else "")
    return f"审核通过以后别的文章有了改动，再次检验发现又有 {len(lost)} 个问题会由答对变成答错：{some}。"


async def _failures(desk: Desk, card: Card) -> int:
    query = select(func.count()).where(
        GateRun.key == card.key, GateRun.revision == card.revision, GateRun.failure != ""
    )
    async with desk.database.read() as session:
        return await session.scalar(query) or 0


async def _tellings(session: AsyncSession, one: cards.Returned, revision: int) -> list[Telling]:
    query = select(Account).where(Account.username.in_({one.by, *one.wrote}), Account.active)
    occasion = f"article-{one.key}-{revision}-returned"
    return [
        Telling(account.id, NoticeKind.RETURNED, occasion, _sentence(one, account), article=one.key)
        for account in await session.scalars(query)
    ]


def _sentence(one: cards.Returned, account: Account) -> str:
    whose = "您通过的" if account.username == one.by else "您写的"
    return f"{whose}知识“{one.title}”没有按时发布，已退回修改：{one.why}"
