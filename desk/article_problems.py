"""What is wrong with a draft: in itself, and beside the articles that are in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from knowledge.drafts import Problem, problems
from knowledge.errors import CardRefused
from knowledge.neighbours import folded_names, shared_names


async def article_problems(desk: Desk, content: Mapping[str, Any]) -> list[Problem]:
    """What has to be mended, and what should be looked at."""
    await desk.library.refresh()
    shared = shared_names(content, desk.today(), desk.library.named(folded_names(content)))
    return sorted((*problems(content, desk.today()), *shared), key=lambda problem: not problem.stops)


async def refuse_shared_names(
    desk: Desk, session: AsyncSession, content: Mapping[str, Any], day: date, what: str
) -> None:
    """Raises `CardRefused` where an article that is in force on `day` or later has a name of the draft, too.

    What is published counts as this transaction sees it. Whoever publishes asks after having raised the version of the
    knowledge base: nobody else can publish then before the end of the transaction.
    """
    others = await desk.library.named_in(session, folded_names(content))
    if found := shared_names(content, day, others):
        raise CardRefused(f"{what}{''.join(problem.text for problem in found)}")
