"""Who is called in notes: told until they have opened the thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Mention, Message, Note

# A note is shown with so many messages after it, where there are many more.
_AFTER = 20


def call(session: AsyncSession, note: Note, accounts: Iterable[str]) -> None:
    """Have the accounts told of the note."""
    session.add_all(
        Mention(note_id=note.id, thread_id=note.thread_id, account=account, at=note.at, seen_at=None)
        for account in dict.fromkeys(accounts)
    )


async def see(session: AsyncSession, thread_id: str, account: str, *, at: datetime) -> None:
    """The account has opened the thread."""
    await session.execute(
        update(Mention)
        .where(Mention.thread_id == thread_id, Mention.account == account, Mention.seen_at.is_(None))
        .values(seen_at=at)
    )


async def unseen_in(session: AsyncSession, thread_id: str, account: str) -> bool:
    """Whether the account is called in the thread and has not opened it since."""
    found = await session.scalar(
        select(Mention.id)
        .where(Mention.thread_id == thread_id, Mention.account == account, Mention.seen_at.is_(None))
        .limit(1)
    )
    return found is not None


async def unseen(session: AsyncSession, account: str) -> int:
    """How many notes call the account that it has not seen."""
    count = await session.scalar(
        select(func.count()).where(Mention.seen_at.is_(None), Mention.account == account)
    )
    return count or 0


async def unseen_of_all(session: AsyncSession) -> dict[str, int]:
    """The same of every account that is called."""
    rows = await session.execute(
        select(Mention.account, func.count()).where(Mention.seen_at.is_(None)).group_by(Mention.account)
    )
    return {row[0]: row[1] for row in rows}


async def page(
    session: AsyncSession, account: str, *, before: int | None, limit: int
) -> Sequence[tuple[Mention, Note]]:
    """What calls the account, the newest first, from below an id."""
    statement = select(Mention, Note).join(Note, Note.id == Mention.note_id).where(Mention.account == account)
    if before is not None:
        statement = statement.where(Mention.id < before)
    rows = await session.execute(statement.order_by(Mention.id.desc()).limit(limit))
    return [(mention, note) for mention, note in rows]


async def place(session: AsyncSession, account: str, mention_id: int) -> tuple[Note, int | None] | None:
    """The note of a mention of this account's, and the message before which its part of the thread ends (None: the
    newest part); None where there is no such."""
    note = await session.scalar(
        select(Note)
        .join(Mention, Mention.note_id == Note.id)
        .where(Mention.id == mention_id, Mention.account == account)
    )
    if note is None:
        return None
    later = await session.scalars(
        select(Message.id)
        .where(Message.thread_id == note.thread_id, Message.id > note.after_id)
        .order_by(Message.id)
        .limit(2 * _AFTER)
    )
    ids = later.all()
    return note, ids[_AFTER] if len(ids) == 2 * _AFTER else None
