"""Cards that follow what is published: the working copy of an article never falls behind what the bot reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.day import day_of
from knowledge.models import ArticleState, Card, CardRevision, CardState, Step

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
    change(card, content, step, by=by, at=at)
    if live:
        card.live_number = card.revision
    await session.flush()
    session.add(revision_of(card, step, why))


def change(card: Card, content: dict[str, Any], step: Step, *, by: str, at: datetime) -> None:
    """Put new content, and all that lists look for, into a card."""
    card.content = content
    for name, value in looked_for(content).items():
        setattr(card, name, value)
    card.revision += 1
    card.changed_by, card.changed_at = by, at


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
    names = "\n".join((content["title"], *content["aliases"]))
    told = "\n".join((*content["questions"], *content["sections"].values()))
    keepers = (*content.get("departments", ()), content["department"])
    return {
        "title": content["title"],
        "category": content["category"],
        "keepers": f"|{'|'.join(filter(None, keepers))}|",
        "names": names.lower(),
        "text": told.lower(),
        "valid_until": day_of(content["valid_until"]),
        "checked_on": day_of(content["checked_on"]),
    }
