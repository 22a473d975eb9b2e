"""What staff do with an article: each step of its card, with its entry in the audit log, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.announcing import announce_articles
from desk.article_files import clear_unused
from desk.desk import Desk
from desk.knowledge_gate import judged
from desk.knowledge_news import tell_step
from knowledge import cards, traces
from knowledge.autosaves import forget_autosave
from knowledge.drafts import whole
from knowledge.errors import CardRefused
from knowledge.models import Card, CardState, Step
from knowledge.rows import version
from staff import audit, notices
from staff.actors import Actor
from staff.audit import Action
from staff.models import Account, NoticeKind
from staff.notices import Telling
from store.files import Files

MOST_WHY = 500

STATE_NAMES: Mapping[CardState, str] = {
    CardState.DRAFT: "草稿",
    CardState.IN_REVIEW: "待审核",
    CardState.SCHEDULED: "定时发布",
    CardState.PUBLISHED: "已发布",
    CardState.ARCHIVED: "已下线",
}
STEP_NAMES: Mapping[Step, str] = {
    Step.SAVED: "保存",
    Step.RESTORED: "恢复旧版",
    Step.IMPORTED: "从文件导入",
    Step.SUBMITTED: "提交审核",
    Step.REJECTED: "退回修改",
    Step.WITHDRAWN: "撤回",
    Step.GIVEN_UP: "放弃草稿",
    Step.SCHEDULED: "定时发布",
    Step.PUBLISHED: "发布",
    Step.ARCHIVED: "下线",
}


async def save_draft(
    desk: Desk, member: Actor, key: str, content: Mapping[str, Any], *, why: str = "", base: int | None = None
) -> Card:
    """Put a draft, complete or not, beside what is published. `content`: the JSON of an article, fields may be missing.

    `base`: the revision it was made from, 0 for a new article, None to take whatever is there. Raises `CardRefused`, and of
    it `CardMoved`.
    """
    async with desk.database.write() as session:
        card = await save_draft_in(desk, session, member, key, content, why=why, base=base)
        await forget_autosave(session, key, member.username)
    return card


async def save_draft_in(
    desk: Desk,
    session: AsyncSession,
    member: Actor,
    key: str,
    content: Mapping[str, Any],
    *,
    why: str = "",
    base: int | None = None,
    step: Step = Step.SAVED,
) -> Card:
    """The same within a transaction that does more."""
    before = await cards.card_of(session, key)
    seen = before.revision if before else 0
    card = await cards.save(
        session, key, dict(content), by=member.username, why=_why(why), at=desk.clock(), base=base, step=step
    )
    if card.revision != seen:
        record_step(desk, session, member, card, step, why)
        await tell_step(desk, session, member, card, step, ())
    return card


async def submit(desk: Desk, member: Actor, key: str, base: int, why: str = "") -> None:
    """Give a draft to the reviewers. Raises `CardRefused`."""
    async with desk.database.write() as session:
        card = await cards.submit(session, key, base, by=member.username, why=_why(why), at=desk.clock())
        if card is not None:
            record_step(desk, session, member, card, Step.SUBMITTED, why)
            await tell_step(desk, session, member, card, Step.SUBMITTED, await cards.authors(session, card))


async def send_back(desk: Desk, member: Actor, key: str, base: int, why: str) -> None:
    """Give it back with a reason. Raises `CardRefused`."""
    async with desk.database.write() as session:
        card = await cards.send_back(session, key, base, by=member.username, why=_why(why), at=desk.clock())
        if card is not None:
            record_step(desk, session, member, card, Step.REJECTED, why)
            wrote = await cards.authors(session, card)
            await tell_step(desk, session, member, card, Step.REJECTED, wrote, _why(why))


async def withdraw(desk: Desk, member: Actor, key: str, base: int, why: str = "") -> None:
    """Take it back from the reviewers: it is a draft again. Raises `CardRefused`."""
    async with desk.database.write() as session:
        before = await cards.card_of(session, key)
        passed = [before.changed_by] if before and before.state == CardState.SCHEDULED else []
        card = await cards.withdraw(session, key, base, by=member.username, why=_why(why), at=desk.clock())
        if card is not None:
            record_step(desk, session, member, card, Step.WITHDRAWN, why)
            await tell_step(desk, session, member, card, Step.WITHDRAWN, passed, _why(why))


async def give_up(desk: Desk, member: Actor, key: str, base: int, why: str = "") -> None:
    """Drop a draft, with what the member has in the editor and has not saved. Raises `CardRefused`."""
    async with desk.database.write() as session:
        before = await cards.card_of(session, key)
        wrote = await cards.authors(session, before) if before else frozenset()
        card = await cards.give_up(session, key, base, by=member.username, why=_why(why), at=desk.clock())
        if card is not None:
            await forget_autosave(session, key, member.username)
            record_step(desk, session, member, card, Step.GIVEN_UP, why)
            await tell_step(desk, session, member, card, Step.GIVEN_UP, wrote, _why(why))


async def approve(
    desk: Desk, member: Actor, key: str, base: int, why: str = "", publish_at: datetime | None = None
) -> None:
    """Publish, now or later, what the gate has seen. A loss that it found needs `why`, and so does a run of before another change.

    Raises `CardRefused`."""
    now = desk.clock()
    if publish_at is not None and publish_at <= now:
        raise CardRefused("定时发布的时间已经过去，请改成将来的时间，或者留空立即发布。")
    async with desk.database.write() as session:
        present = await version(session)
        before = await cards.card_of(session, key)
        wrote = await cards.authors(session, before) if before else frozenset()
        card = await cards.approve(
            session,
            key,
            base,
            by=member.username,
            why=_why(why),
            at=now,
            publish_at=publish_at,
            four_eyes=desk.knowledge_four_eyes,
        )
        if card is not None:  # else it is a second press
            await judged(session, key, base, _why(why), present)
            step = Step.SCHEDULED if publish_at else Step.PUBLISHED
            record_step(desk, session, member, card, step, why)
            await tell_step(desk, session, member, card, step, wrote)
            if publish_at is None:
                await announce_articles(session, [whole(card.content)], at=now, new_id=desk.new_id)


async def archive(desk: Desk, member: Actor, key: str, base: int, why: str) -> None:
    """Take it out of the answers. Raises `CardRefused`."""
    async with desk.database.write() as session:
        card = await cards.archive(session, key, base, by=member.username, why=_why(why), at=desk.clock())
        if card is not None:
            record_step(desk, session, member, card, Step.ARCHIVED, why)
            await tell_step(desk, session, member, card, Step.ARCHIVED, ())


async def restore(desk: Desk, member: Actor, key: str, number: int, base: int, why: str = "") -> Card:
    """Make an old revision the draft. Raises `CardRefused`."""
    async with desk.database.write() as session:
        card = await cards.restore(
            session, key, number, base, by=member.username, why=_why(why), at=desk.clock()
        )
        record_step(desk, session, member, card, Step.RESTORED, why or f"第 {number} 版")
    return card


async def publish_due(desk: Desk) -> list[str]:
    """Publish what was approved for a moment that has come; the keys. Of what is not fit any more, who approved it is told."""
    now = desk.clock()
    async with desk.database.read() as session:
        if not await cards.anything_due(session, now=now):
            return []
    async with desk.database.write() as session:
        keys, returned = await cards.publish_due(session, now=now)
        published = [whole(card.content) for card in await cards.cards_of(session, keys)]
        await announce_articles(session, published, at=now, new_id=desk.new_id)
        for one in returned:
            account = await session.scalar(select(Account.id).where(Account.username == one.by))
            if account is not None:
                await notices.tell(session, [_returned(one, account, now)], now)
        return keys


async def clear_traces(desk: Desk, files: Files) -> None:
    """Forget what people tried out long ago, and the files that they uploaded and did not use."""
    async with desk.database.write() as session:
        await traces.clear_traces(session, desk.clock())
    await clear_unused(desk, files)


def _returned(one: cards.Returned, account: str, now: datetime) -> Telling:
    text = f"您通过的知识“{one.title}”没有按时发布，已退回修改：{one.why}"
    occasion = f"article-{one.key}-returned-{now.isoformat()}"
    return Telling(account, NoticeKind.RETURNED, occasion, text, article=one.key)


def _why(why: str) -> str:
    return why.strip()[:MOST_WHY]


def record_step(desk: Desk, session: AsyncSession, member: Actor, card: Card, step: Step, why: str) -> None:
    """Put a step into the audit log."""
    detail = {"步骤": STEP_NAMES[step], "标题": card.title, "版本": str(card.revision)}
    if why.strip():
        detail["说明"] = _why(why)
    audit.record(
        session, member, Action.KNOWLEDGE_CHANGED, audit.article(card.key), at=desk.clock(), detail=detail
    )
