"""The rows of a table to count, and what the figures say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select

from desk.desk import Desk
from desk.reports.figures import Figures, figures
from desk.reports.period import Period
from store.base import Base

Row = TypeVar("Row", bound=Base)


async def rows(desk: Desk, kind: type[Row]) -> Sequence[Row]:
    async with desk.database.read() as session:
        return (await session.scalars(select(kind))).all()


async def counted(desk: Desk, period: Period) -> Figures:
    async with desk.database.read() as session:
        return await figures(session, period, now=desk.clock())
