"""Cards that follow what is published: the working copy of an article never falls behind what the bot reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.day import day_of
from knowledge.models import ArticleState, Card, CardRevision, CardState, CardText, LiveCard, Step

CHECK_EVERY = timedelta(days=365)
IN_WORK = (CardState.DRAFT, CardState.IN_REVIEW, CardState.SCHEDULED)


async def follow(
    session: AsyncSession,
    key: str,
    content: dict[str, Any],
    state: ArticleState,
    *,
    step: Step,
    by: str,
    why: str,
    at: datetime,
) -> None:
    """Bring the card to what was just published or archived."""
    card = await session.get(Card, key)
    if card is None:
        card = Card(key=key, revision=0, live_number=None)
        session.add(card)
    live = state == ArticleState.PUBLISHED
    card.state = CardState.PUBLISHED if live else CardState.ARCHIVED
    card.live, card.publish_at = live, None
    if live:
        card.live_number = card.revision + 1
    await change(session, card, content, by=by, at=at)
    if live:
        await _show(session, card, content)
    else:
        await _hide(session, key)
    session.add(revision_of(card, step, why))


async def change(
    session: AsyncSession, card: Card, content: dict[str, Any], *, by: str, at: datetime
) -> None:
    """Put new content, and all that lists look for, into a card; it is there for the database then."""
    new = not card.revision
    card.content = content
    for name, value in looked_for(content).items():
        setattr(card, name, value)
    card.revision += 1
    card.changed_by, card.changed_at = by, at
    await session.flush()
    await _put(session, CardText(key=card.key, live=False, text=text_of(content)), new)


async def _show(session: AsyncSession, card: Card, content: Mapping[str, Any]) -> None:
    old, look = await session.get(LiveCard, card.key), looked_for(content)
    if old is None or old.checked_on != look["checked_on"]:  # else they have been asked, or will be
        look["ask_on"] = look["checked_on"] + CHECK_EVERY + timedelta(days=1)
    who = {"changed_by": card.changed_by, "changed_at": card.changed_at}
    await _put(session, LiveCard(key=card.key, **who, **look), old is None)
    await _put(session, CardText(key=card.key, live=True, text=text_of(content)), old is None)


async def _hide(session: AsyncSession, key: str) -> None:
    await session.execute(delete(LiveCard).where(LiveCard.key == key))
    await session.execute(delete(CardText).where(CardText.key == key, CardText.live))


async def _put(session: AsyncSession, row: CardText | LiveCard, new: bool) -> None:
    if new:
        session.add(row)
    else:
        await session.merge(row)


def revision_of(card: Card, step: Step, why: str) -> CardRevision:
    """The row that keeps how the card stands after a step."""
    return CardRevision(
        key=card.key,
        number=card.revision,
        step=step,
        content=card.content,
        why=why,
        by=card.changed_by,
        at=card.changed_at,
    )


async def in_work(session: AsyncSession) -> frozenset[str]:
    """The keys that somebody is at: what comes from files must not put their work aside."""
    return frozenset(await session.scalars(select(Card.key).where(Card.state.in_(IN_WORK))))


def looked_for(content: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a card that come from its content."""
    keepers = (*content.get("departments", ()), content["department"])
    return {
        "title": content["title"],
        "category": content["category"],
        "keepers": f"|{'|'.join(filter(None, keepers))}|",
        "valid_until": day_of(content["valid_until"]),
        "checked_on": day_of(content["checked_on"]),
    }


def text_of(content: Mapping[str, Any]) -> str:
    """What is looked for in it, in small letters."""
    named = (content["title"], *content["aliases"])
    return "\n".join((*named, *content["questions"], *content["sections"].values())).lower()
