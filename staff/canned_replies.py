"""Canned replies: kept by each for themselves, and by some for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from staff import audit
from staff.actors import Actor
from staff.audit import Action, Target
from staff.models import CannedReply
from staff.roles import Permission
from store.inserts import insert_into

MOST_TITLE, MOST_CATEGORY, MOST_TEXT = 40, 20, 1000
# Of each owner, so that a list is a page.
MOST = 200


class CannedRefused(Exception):
    """It is not saved; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is kept. `shared`: for everybody."""

    title: str
    category: str
    text: str
    shared: bool

    def checked(self) -> Written:
        """Without blanks around. Raises `CannedRefused`."""
        title, category = " ".join(self.title.split()), " ".join(self.category.split())
        text = self.text.replace("\r\n", "\n").strip()
        if not 1 <= len(title) <= MOST_TITLE:
            raise CannedRefused(f"请写标题，不超过 {MOST_TITLE} 个字。")
        if len(category) > MOST_CATEGORY:
            raise CannedRefused(f"分类不超过 {MOST_CATEGORY} 个字。")
        if not 1 <= len(text) <= MOST_TEXT:
            raise CannedRefused(f"请写内容，不超过 {MOST_TEXT} 个字。")
        return Written(title, category, text, self.shared)


async def of(session: AsyncSession, account: str) -> Sequence[CannedReply]:
    """Everybody's and the account's own, the most used first."""
    rows = await session.scalars(
        select(CannedReply)
        .where(or_(CannedReply.owner.is_(None), CannedReply.owner == account))
        .order_by(CannedReply.uses.desc(), CannedReply.title, CannedReply.id)
        .limit(2 * MOST)
    )
    return rows.all()


async def one(session: AsyncSession, reply_id: str, account: str) -> CannedReply | None:
    """The reply, if it is the account's or everybody's."""
    reply = await session.get(CannedReply, reply_id)
    return reply if reply is not None and reply.owner in (None, account) else None


async def use(session: AsyncSession, reply_id: str, account: str) -> CannedReply | None:
    """The same, counted once more as used."""
    reply = await one(session, reply_id, account)
    if reply is not None:
        await session.execute(
            update(CannedReply).where(CannedReply.id == reply_id).values(uses=CannedReply.uses + 1)
        )
    return reply


async def add(session: AsyncSession, actor: Actor, reply_id: str, written: Written, *, at: datetime) -> None:
    """Keep a new one, once under its id. Raises `CannedRefused`."""
    written = written.checked()
    owner = _owner(actor, written)
    known = await session.get(CannedReply, reply_id)
    if known is not None:
        if _same(known, owner, written):
            return
        raise CannedRefused("刚才已经保存过一次。要改它，请从列表里打开；要新增，请刷新页面再填。")
    mine = CannedReply.owner.is_(None) if owner is None else CannedReply.owner == owner
    if (await session.scalar(select(func.count()).where(mine)) or 0) >= MOST:
        raise CannedRefused(f"最多保存 {MOST} 条，请先删掉不用的。")
    new = insert_into(session, CannedReply).values(
        id=reply_id, owner=owner, title=written.title, category=written.category, text=written.text,
        uses=0, changed_at=at, changed_by=actor.account_id or "",
    )  # fmt: skip
    if await session.scalar(new.on_conflict_do_nothing().returning(CannedReply.id)) is None:
        # The same press once more, at this moment: it is there now.
        await add(session, actor, reply_id, written, at=at)
        return
    _record(session, actor, owner, written.title, "新增", at)


async def change(
    session: AsyncSession, actor: Actor, reply_id: str, written: Written, *, seen: str, at: datetime
) -> None:
    """Change it. `seen`: as it stood on the page, see `version`. Raises `CannedRefused`, or `LookupError`."""
    written = written.checked()
    reply = await _to_change(session, actor, reply_id)
    owner = _owner(actor, written)
    if _same(reply, owner, written):
        return
    if version(reply) != seen:
        raise CannedRefused("这条刚被改过，没有保存。请复制您写的内容，刷新以后再改。")
    reply.title, reply.category, reply.text, reply.owner = (
        written.title,
        written.category,
        written.text,
        owner,
    )
    reply.changed_at, reply.changed_by = at, actor.account_id or ""
    _record(session, actor, owner, written.title, "修改", at)


async def remove(session: AsyncSession, actor: Actor, reply_id: str, *, at: datetime) -> None:
    """Remove it. Raises `LookupError`."""
    reply = await _to_change(session, actor, reply_id)
    await session.delete(reply)
    _record(session, actor, reply.owner, reply.title, "删除", at)


def version(reply: CannedReply) -> str:
    """By which a page knows that it shows what is there."""
    return f"{reply.changed_at.isoformat()} {reply.title} {len(reply.text)}"


def may_change(actor: Actor, reply: CannedReply) -> bool:
    """Whether it is the actor's own, or everybody's and the actor keeps those."""
    if reply.owner is None:
        return actor.may(Permission.CANNED_REPLIES_SHARED)
    return reply.owner == actor.account_id


async def _to_change(session: AsyncSession, actor: Actor, reply_id: str) -> CannedReply:
    reply = await session.get(CannedReply, reply_id, with_for_update=True)
    if reply is None or not may_change(actor, reply):
        raise LookupError(reply_id)
    return reply


def _owner(actor: Actor, written: Written) -> str | None:
    if not written.shared:
        return actor.account_id
    if not actor.may(Permission.CANNED_REPLIES_SHARED):
        raise CannedRefused("共用的快捷回复由督办或管理员维护，您可以保存为自己的。")
    return None


def _same(reply: CannedReply, owner: str | None, written: Written) -> bool:
    return (reply.owner, reply.title, reply.category, reply.text) == (
        owner, written.title, written.category, written.text,
    )  # fmt: skip


def _record(
    session: AsyncSession, actor: Actor, owner: str | None, title: str, what: str, at: datetime
) -> None:
    # One's own texts are one's own matter.
    if owner is None:
        detail = {"操作": what, "标题": title}
        audit.record(session, actor, Action.CANNED_REPLY_CHANGED, Target(), at=at, detail=detail)
