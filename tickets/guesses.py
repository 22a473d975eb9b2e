"""Guessing at a ticket's telephone number: counted for each ticket number, whoever guesses and in however many talks.

Numbers that no ticket has are counted alike, so that the count tells nobody which there are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import WrongGuess


async def note_wrong_guess(session: AsyncSession, number: str, message_id: int, at: datetime) -> None:
    """Keep a wrong guess, once for each message."""
    await session.merge(WrongGuess(number=number, message_id=message_id, at=at))


async def wrong_guesses_since(session: AsyncSession, number: str, since: datetime) -> int:
    """How many there were after a moment."""
    count = select(func.count()).where(WrongGuess.number == number, WrongGuess.at > since)
    return await session.scalar(count) or 0
