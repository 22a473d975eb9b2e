"""Who is told of an article on its way: those who may approve it that it waits, those who wrote it what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from knowledge import cards
from knowledge.models import Card, CardState, Step
from staff import notices
from staff.accounts import who_may
from staff.actors import Actor
from staff.models import Account, Notice, NoticeKind
from staff.notices import Telling
from staff.roles import Permission

_TAKEN: Mapping[Step, str] = {
    Step.SAVED: "修改",
    Step.RESTORED: "恢复成旧版",
    Step.IMPORTED: "从文件导入的内容改动",
    Step.ARCHIVED: "下线",
}


@dataclass(frozen=True, slots=True)
class Given:
    """A version out of its authors' hands. `owners`: the user names of who wrote or submitted it; `passed`: of who passed it
    for a moment to come, "" while it waits for that."""

    owners: frozenset[str]
    passed: str


async def given(session: AsyncSession, card: Card | None) -> Given | None:
    """What may be taken out of review, or off its moment, by the next step; None where nothing is."""
    if card is None or card.state not in (CardState.IN_REVIEW, CardState.SCHEDULED):
        return None
    passed = card.changed_by if card.state == CardState.SCHEDULED else ""
    return Given(await cards.owners(session, card), passed)


async def tell_taken(
    desk: Desk, session: AsyncSession, member: Actor, card: Card, step: Step, was: Given, why: str = ""
) -> None:
    """Tell whose version it was, and who had passed it, that a step of somebody else calls it off."""
    waiting = "定时发布" if was.passed else "审核通过"
    how = f"在{waiting}以前由{member.name}{_TAKEN[step]}"
    then = "" if step is Step.ARCHIVED else "，现在是草稿，要发布请重新提交审核"
    reason = f"（{why.strip()}）" if why.strip() else ""
    texts = dict.fromkeys(
        was.owners, (NoticeKind.ARTICLE_BACK, f"知识“{card.title or card.key}”{how}{then}。{reason}")
    )
    if was.passed:
        off = f"您通过的知识“{card.title or card.key}”{how}，到时不会发布。{reason}"
        texts[was.passed] = (NoticeKind.RETURNED, off)
    occasion = f"article-{card.key}-{card.revision}"
    tellings = [
        Telling(one.id, texts[one.username][0], occasion, texts[one.username][1], article=card.key)
        for one in await _named(session, texts)
        if one.username != member.username
    ]
    await notices.tell(session, tellings, desk.clock())


async def tell_step(
    desk: Desk,
    session: AsyncSession,
    member: Actor,
    card: Card,
    step: Step,
    wrote: Collection[str],
    why: str = "",
) -> None:
    """Tell of a step that `member` just took. `wrote`: the user names of those who wrote it since it was last published; of a
    withdrawal, of who had passed it.

    That an article waits counts as read as soon as it does not any more.
    """
    await _settle(desk, session, card)
    match step:
        case Step.SUBMITTED:
            may = await who_may(session, Permission.KNOWLEDGE_PUBLISH)
            others = [one for one in may if one.username not in wrote]
            to, kind = (others if desk.knowledge_four_eyes else may), NoticeKind.ARTICLE
            text = f"知识“{card.title}”已提交，等您审核。"
        case Step.REJECTED:
            to, kind = await _named(session, wrote), NoticeKind.ARTICLE_BACK
            text = f"知识“{card.title}”被审核退回：{why.strip()}"
        case Step.WITHDRAWN:
            to, kind = await _named(session, wrote), NoticeKind.RETURNED
            text = f"您通过的知识“{card.title}”在定时发布以前由作者撤回，到时不会发布。"
        case Step.GIVEN_UP:
            to, kind = await _named(session, wrote), NoticeKind.ARTICLE_BACK
            text = (
                f"知识“{card.title or card.key}”的草稿已被放弃，内容留在历史版本里，可以恢复。{why.strip()}"
            )
        case Step.PUBLISHED | Step.SCHEDULED:
            to, kind = await _named(session, wrote), NoticeKind.ARTICLE_PASSED
            how = "审核通过，到时自动发布" if step is Step.SCHEDULED else "审核通过，已经发布"
            text = f"知识“{card.title}”{how}。"
        case _:
            return
    occasion = f"article-{card.key}-{card.revision}"
    tellings = [
        Telling(one.id, kind, occasion, text, article=card.key)
        for one in to
        if one.username != member.username
    ]
    await notices.tell(session, tellings, desk.clock())


async def _settle(desk: Desk, session: AsyncSession, card: Card) -> None:
    waiting = select(Notice.id).where(
        Notice.article == card.key, Notice.kind == NoticeKind.ARTICLE, Notice.read_at.is_(None)
    )
    if ids := (await session.scalars(waiting)).all():
        await notices.settle(session, ids, desk.clock())


async def _named(session: AsyncSession, usernames: Collection[str]) -> Sequence[Account]:
    query = select(Account).where(Account.username.in_(usernames), Account.active)
    return (await session.scalars(query)).all()
