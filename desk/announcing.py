"""Other systems are told of what happens, in the transaction in which it happens. No person is in what they are told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.events import ARTICLE_PUBLISHED, RATING_GIVEN, TEST, event_of
from knowledge.article import Article
from store.ids import NewId
from systems.models import Subscription, WebhookDelivery
from systems.pushes import Happening, announce, push_one
from tickets.life import Doing, Rules, take
from tickets.models import Ticket, TicketEvent
from tickets.states import Step


async def take_and_announce(
    desk: Desk, session: AsyncSession, ticket: Ticket, step: Step, doing: Doing, by: Rules
) -> TicketEvent:
    """Take a step and tell of it: the one way in which the desk moves a ticket. Raises `StepRefused`."""
    event = await take(session, ticket, step, doing, by)
    if event in session.new:  # else a repeated message had taken it before
        await announce_step(desk, session, ticket, event.step, event.at)
    return event


async def announce_step(desk: Desk, session: AsyncSession, ticket: Ticket, step: Step, at: datetime) -> None:
    """Tell of a step that was taken."""
    data = {
        "number": ticket.number,
        "kind": ticket.kind.value,
        "step": step.value,
        "state": ticket.state.value,
        "subject": ticket.subject,
        "district": ticket.district,
        "department": ticket.department,
        "confidential": ticket.confidential,
    }
    happening = Happening(
        event_of(step), f"ticket:{ticket.number}", at, data, confidential=ticket.confidential
    )
    await announce(session, happening, new_id=desk.new_id)


async def announce_rating(
    desk: Desk,
    session: AsyncSession,
    rating: str,
    *,
    level: int,
    channel: str,
    at: datetime,
    ticket: Ticket | None = None,
) -> None:
    """Tell of a rating, 5 to 1. `rating`: its id, by which its changes are told in order; `ticket`: what it is about, None for a talk."""
    data = {"level": level, "channel": channel, "ticket": ticket.number if ticket else None}
    topic = f"ticket:{ticket.number}" if ticket else f"rating:{rating}"
    confidential = bool(ticket and ticket.confidential)
    await announce(
        session, Happening(RATING_GIVEN, topic, at, data, confidential=confidential), new_id=desk.new_id
    )


async def announce_articles(
    session: AsyncSession, articles: Iterable[Article], *, at: datetime, new_id: NewId
) -> None:
    """Tell of articles that were published, or published anew."""
    for article in articles:
        data = {
            "key": article.key,
            "title": article.title,
            "category": article.category,
            "department": article.department,
            "valid_from": article.valid_from.isoformat(),
            "valid_until": article.valid_until and article.valid_until.isoformat(),
            "checked_on": article.checked_on.isoformat(),
        }
        await announce(
            session, Happening(ARTICLE_PUBLISHED, f"article:{article.key}", at, data), new_id=new_id
        )


async def push_test(desk: Desk, session: AsyncSession, row: Subscription) -> WebhookDelivery:
    """Tell one of them something that did not happen, to see whether it arrives."""
    at = desk.clock()
    happening = Happening(TEST, f"test:{desk.new_id()}", at, {"subscription": row.name})
    return await push_one(session, row, happening, new_id=desk.new_id)
