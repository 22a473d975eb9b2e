"""What staff do with an article: each step of its card, with its entry in the audit log, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from desk.announcing import announce_articles
from desk.article_files import clear_unused
from desk.article_problems import refuse_shared_names
from desk.desk import Desk
from desk.knowledge_gate import judged
from desk.knowledge_news import Given, given, tell_step, tell_taken
from knowledge import cards, traces
from knowledge.autosaves import forget_autosave
from knowledge.drafts import whole
from knowledge.errors import CardRefused
from knowledge.models import Card, CardState, Step
from knowledge.rows import version
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from store.clock import city_date
from store.files import Files

MOST_WHY = 500
_MOST_TOLD = 1_100  # a note and a reason

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
    seen, was = before.revision if before else 0, await given(session, before)
    card = await cards.save(
        session, key, dict(content), by=member.username, why=_why(why), at=desk.clock(), base=base, step=step
    )
    if card.revision != seen:
        record_step(desk, session, member, card, step, why)
        await _tell_over(desk, session, member, card, step, was, why)
    return card


async def submit(desk: Desk, member: Actor, key: str, base: int, why: str = "") -> None:
    """Give a draft to the reviewers. Raises `CardRefused`."""
    await desk.library.refresh()
    async with desk.database.write() as session:
        card = await cards.submit(session, key, base, by=member.username, why=_why(why), at=desk.clock())
        if card is not None:
            await refuse_shared_names(desk, session, card.content, desk.today(), "还不能提交审核：")
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
    desk: Desk,
    member: Actor,
    key: str,
    base: int,
    why: str = "",
    publish_at: datetime | None = None,
    *,
    despite: str = "",
    seen: int | None = None,
) -> None:
    """Publish, now or later, what the gate has seen.

    `despite`: why in spite of a loss that it found, or of a change since. `seen`: the run that the member looked at, None for
    the newest. Raises `CardRefused`.
    """
    now, reason = desk.clock(), _with_reason(_why(why), _why(despite))
    await desk.library.refresh()
    if publish_at is not None and publish_at <= now:
        raise CardRefused("定时发布的时间已经过去，请改成将来的时间，或者留空立即发布。")
    async with desk.database.write() as session:
        before = await cards.card_of(session, key)
        wrote = await cards.authors(session, before) if before else frozenset()
        card = await cards.approve(
            session,
            key,
            base,
            by=member.username,
            why=reason,
            at=now,
            publish_at=publish_at,
            four_eyes=desk.knowledge_four_eyes,
        )
        if card is not None:  # else it is a second press
            present = await version(session) - (publish_at is None)  # without this very change
            await judged(desk, session, card, base, _why(despite), present, seen)
            await refuse_shared_names(
                desk, session, card.content, city_date(publish_at or now), "还不能发布："
            )
            step = Step.SCHEDULED if publish_at else Step.PUBLISHED
            record_step(desk, session, member, card, step, reason)
            await tell_step(desk, session, member, card, step, wrote)
            if publish_at is None:
                await announce_articles(session, [whole(card.content)], at=now, new_id=desk.new_id)


async def archive(desk: Desk, member: Actor, key: str, base: int, why: str) -> None:
    """Take it out of the answers. Raises `CardRefused`."""
    async with desk.database.write() as session:
        was = await given(session, await cards.card_of(session, key))
        card = await cards.archive(session, key, base, by=member.username, why=_why(why), at=desk.clock())
        if card is not None:
            record_step(desk, session, member, card, Step.ARCHIVED, why)
            await _tell_over(desk, session, member, card, Step.ARCHIVED, was, why)


async def restore(desk: Desk, member: Actor, key: str, number: int, base: int, why: str = "") -> Card:
    """Make an old revision the draft; where it says what the draft says, nothing changes. Raises `CardRefused`."""
    async with desk.database.write() as session:
        before = await cards.card_of(session, key)
        seen, was = before.revision if before else 0, await given(session, before)
        card = await cards.restore(
            session, key, number, base, by=member.username, why=_why(why), at=desk.clock()
        )
        if card.revision != seen:
            record_step(desk, session, member, card, Step.RESTORED, why or f"第 {number} 版")
            await _tell_over(desk, session, member, card, Step.RESTORED, was, why)
    return card


async def clear_traces(desk: Desk, files: Files) -> None:
    """Forget what people tried out long ago, and the files that they uploaded and did not use."""
    async with desk.database.write() as session:
        await traces.clear_traces(session, desk.clock())
    await clear_unused(desk, files)


async def _tell_over(
    desk: Desk, session: AsyncSession, member: Actor, card: Card, step: Step, was: Given | None, why: str
) -> None:
    """Tell that nothing waits any more, and whose version is called off by it."""
    await tell_step(desk, session, member, card, step, ())
    if was is not None:
        await tell_taken(desk, session, member, card, step, was, _why(why))


def _why(why: str) -> str:
    return why.strip()[:MOST_WHY]


def _with_reason(why: str, despite: str) -> str:
    return "；".join(filter(None, (why, f"仍要发布的理由：{despite}" if despite else "")))


def record_step(desk: Desk, session: AsyncSession, member: Actor, card: Card, step: Step, why: str) -> None:
    """Put a step into the audit log."""
    detail = {"步骤": STEP_NAMES[step], "标题": card.title, "版本": str(card.revision)}
    if why.strip():
        detail["说明"] = why.strip()[:_MOST_TOLD]
    audit.record(
        session, member, Action.KNOWLEDGE_CHANGED, audit.article(card.key), at=desk.clock(), detail=detail
    )
