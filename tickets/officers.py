"""Who looks after which enterprise (首席服务官): an officer, and a deputy while the officer's account is disabled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, and_, column, or_, select, table, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import Officer

# Whether an account is active is the staff's matter and changes at any moment: it is asked, never copied.
_accounts = table("accounts", column("id"), column("active"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the enterprise with that name and code."""

    enterprise: str
    code: str


def codes_of(account: str) -> Select[str]:
    """The enterprises that an account looks after now: its own, and those whose officer is disabled."""
    disabled = select(_accounts.c.id).where(_accounts.c.active.is_(False))
    return select(Officer.credit_code).where(
        or_(Officer.officer == account, and_(Officer.deputy == account, Officer.officer.in_(disabled)))
    )


async def officer_of(session: AsyncSession, code: str | None) -> Officer | None:
    """Who looks after the enterprise with that code."""
    return await session.get(Officer, code) if code else None


async def officers_of(session: AsyncSession, codes: Collection[str]) -> dict[str, Officer]:
    """Code -> who looks after that enterprise."""
    found: dict[str, Officer] = {}
    wanted = sorted(codes)
    for first in range(0, len(wanted), 500):
        rows = await session.scalars(
            select(Officer).where(Officer.credit_code.in_(wanted[first : first + 500]))
        )
        found |= {row.credit_code: row for row in rows}
    return found


async def page(
    session: AsyncSession, text: str = "", *, after: Place | None = None, limit: int = 50
) -> Sequence[Officer]:
    """Enterprises by name; `text` stands in the name or begins the code."""
    statement = select(Officer).order_by(Officer.enterprise, Officer.credit_code).limit(limit)
    if text:
        plain = text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        statement = statement.where(
            or_(
                Officer.enterprise.like(f"%{plain}%", escape="\\"),
                Officer.credit_code.like(f"{plain.upper()}%", escape="\\"),
            )
        )
    if after:
        statement = statement.where(
            tuple_(Officer.enterprise, Officer.credit_code) > (after.enterprise, after.code)
        )
    return (await session.scalars(statement)).all()
