"""The life of a card: saved, submitted, withdrawn, sent back, given up, published, scheduled, archived, restored; every step a
revision.

A step names the revision that it was decided on (`base`). Where the same person has just taken it, it is a second press: None is
returned and nothing changes; where anybody has taken another, it is refused (`CardMoved`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge import rows
from knowledge.drafts import KEY, MOST_KEY, Content, begins_late, problems, tidy, too_early, whole
from knowledge.errors import CardMoved, CardRefused
from knowledge.following import change, revision_of
from knowledge.models import ArticleRow, ArticleState, Card, CardRevision, CardState, Step
from store.clock import city_date

_AT_ONCE = 500
# Out of the editors' hands, and not published yet.
_GIVEN = (CardState.IN_REVIEW, CardState.SCHEDULED)
_WRITING = (Step.SAVED, Step.RESTORED, Step.IMPORTED)


@dataclass(frozen=True, slots=True)
class Returned:
    """An article that was to be published and is not fit to be any more. `by`: who approved it; `wrote`: its authors."""

    key: str
    title: str
    by: str
    why: str
    wrote: frozenset[str]


async def card_of(session: AsyncSession, key: str) -> Card | None:
    """The card with that key."""
    return await session.get(Card, key)


async def cards_of(session: AsyncSession, keys: Iterable[str]) -> Sequence[Card]:
    """The cards that there are with these keys."""
    wanted, found = sorted(set(keys)), list[Card]()
    # A database takes so many parameters in a statement and no more.
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        found += await session.scalars(select(Card).where(Card.key.in_(some)))
    return found


async def total(session: AsyncSession) -> int:
    """How many articles there are, in whatever state."""
    return await session.scalar(select(func.count()).select_from(Card)) or 0


async def save(
    session: AsyncSession,
    key: str,
    given: Content,
    *,
    by: str,
    why: str,
    at: datetime,
    base: int | None = None,
    step: Step = Step.SAVED,
) -> Card:
    """Put a draft. `base`: the revision that it was made from, 0 for a new article; None: whatever is there.

    What is published stays as it is. The same content again changes nothing. Raises `CardRefused`, and of it `CardMoved`
    where somebody has taken a step since `base`.
    """
    content = tidy(given, key)
    card = await _held(session, key)
    if card is None:
        if base:
            raise CardRefused("没有这篇文章。")
        return await _begun(session, key, content, by=by, why=why, at=at, step=step)
    if card.content == content and card.state != CardState.ARCHIVED:
        return card
    if base is not None and card.revision != base:
        raise CardMoved(card.changed_by)
    card.state, card.publish_at = CardState.DRAFT, None
    return await _moved(session, card, content, step, by=by, why=why, at=at)


async def submit(
    session: AsyncSession, key: str, base: int, *, by: str, why: str, at: datetime
) -> Card | None:
    """Give a draft to the reviewers."""
    card = await _at(session, key, base, CardState.IN_REVIEW, by)
    if card.revision != base:
        return None
    if card.state != CardState.DRAFT:
        raise CardRefused("只有草稿可以提交审核。")
    if stopping := _stopping(card, at):
        raise CardRefused(f"还不能提交审核：{stopping}")
    card.state = CardState.IN_REVIEW
    return await _moved(session, card, card.content, Step.SUBMITTED, by=by, why=why, at=at)


async def send_back(
    session: AsyncSession, key: str, base: int, *, by: str, why: str, at: datetime
) -> Card | None:
    """Give it back to the editors, with the reason."""
    card = await _at(session, key, base, CardState.DRAFT, by)
    if card.revision != base:
        return None
    if card.state not in _GIVEN:
        raise CardRefused("只有待审核或等待定时发布的文章可以退回。")
    if not why:
        raise CardRefused("请写明退回的原因。")
    return await _draft_again(session, card, Step.REJECTED, by=by, why=why, at=at)


async def withdraw(
    session: AsyncSession, key: str, base: int, *, by: str, why: str, at: datetime
) -> Card | None:
    """Take it back from the reviewers, or from the moment that it was approved for: by who wrote or submitted it."""
    card = await _at(session, key, base, CardState.DRAFT, by)
    if card.revision != base:
        return None
    if card.state not in _GIVEN:
        raise CardRefused("只有待审核或等待定时发布的文章可以撤回。")
    if by not in await owners(session, card):
        raise CardRefused("只有写了或提交了这篇文章的人可以撤回。要改它的内容，请点“修改”。")
    return await _draft_again(session, card, Step.WITHDRAWN, by=by, why=why, at=at)


async def give_up(
    session: AsyncSession, key: str, base: int, *, by: str, why: str, at: datetime
) -> Card | None:
    """Drop a draft: the card is again what is published, or put away where nothing is. It stays among the revisions."""
    held = await _held(session, key)
    then = CardState.PUBLISHED if held is not None and held.live else CardState.ARCHIVED
    card = await _at(session, key, base, then, by)
    if card.revision != base:
        return None
    if card.state != CardState.DRAFT:
        raise CardRefused("只有草稿可以放弃。正在审核或等待定时发布的，请先撤回。")
    row = await session.get(ArticleRow, key)
    card.state = then
    content = row.content if row is not None else card.content
    return await _moved(session, card, content, Step.GIVEN_UP, by=by, why=why, at=at)


async def approve(
    session: AsyncSession,
    key: str,
    base: int,
    *,
    by: str,
    why: str,
    at: datetime,
    publish_at: datetime | None = None,
    four_eyes: bool = True,
) -> Card | None:
    """Publish what is in review, at once or at a moment to come, but not what will have ended by then, nor while it would
    silence what is in force.

    `four_eyes`: nobody who wrote in it since it was last published may approve it.
    """
    then = CardState.SCHEDULED if publish_at and publish_at > at else CardState.PUBLISHED
    card = await _at(session, key, base, then, by)
    if card.revision != base:
        return None
    if card.state != CardState.IN_REVIEW:
        raise CardRefused("只有待审核的文章可以通过。")
    if four_eyes and by in await authors(session, card):
        raise CardRefused("这次的内容您自己改过，要由另一位审核人通过。")
    if stopping := _stopping(card, publish_at or at):
        raise CardRefused(f"还不能发布：{stopping}")
    if late := await begins_late_on(session, card, city_date(publish_at or at)):
        raise CardRefused(too_early(late))
    if then == CardState.SCHEDULED:
        card.state, card.publish_at = CardState.SCHEDULED, publish_at
        return await _moved(session, card, card.content, Step.SCHEDULED, by=by, why=why, at=at)
    return await _publish(session, card, by=by, why=why, at=at)


async def due(session: AsyncSession, *, now: datetime) -> Sequence[Card]:
    """What was approved for a moment that has come, the longest due first."""
    query = select(Card).where(Card.publish_at <= now, Card.state == CardState.SCHEDULED)
    return (await session.scalars(query.order_by(Card.publish_at, Card.key))).all()


async def publish_due(
    session: AsyncSession, key: str, revision: int, *, now: datetime, unfit: str = ""
) -> Card | Returned | None:
    """Publish what was approved for a moment that has come, in the name of who approved it.

    What is not fit to be published any more (`unfit`, or of itself) goes back to the editors. None where somebody has taken a
    step since `revision`, or is at it.
    """
    query = select(Card).where(
        Card.key == key, Card.revision == revision, Card.state == CardState.SCHEDULED, Card.publish_at <= now
    )
    card = await session.scalar(query.with_for_update(skip_locked=True))
    if card is None:
        return None
    by = card.changed_by
    if stopping := unfit or _stopping(card, now):
        why = f"到了定时发布的时间，但已经不能发布：{stopping}"
        await _draft_again(session, card, Step.REJECTED, by=by, why=why, at=now)
        return Returned(card.key, card.title, by, stopping, await authors(session, card))
    return await _publish(session, card, by=by, why="按约定的时间自动发布", at=now)


async def archive(
    session: AsyncSession, key: str, base: int, *, by: str, why: str, at: datetime
) -> Card | None:
    """Take it out of the answers, with the reason; what was being written stays among the revisions."""
    card = await _at(session, key, base, CardState.ARCHIVED, by)
    if card.revision != base:
        return None
    if card.state == CardState.ARCHIVED:
        raise CardRefused("这篇文章已经下线。")
    if not why:
        raise CardRefused("请写明下线的原因。")
    if card.live:
        await rows.archive(session, key, by=by, at=at, why=why)
        return card
    card.state, card.publish_at = CardState.ARCHIVED, None
    return await _moved(session, card, card.content, Step.ARCHIVED, by=by, why=why, at=at)


async def restore(
    session: AsyncSession, key: str, number: int, base: int, *, by: str, why: str, at: datetime
) -> Card:
    """Make an old revision the draft."""
    old = await revision(session, key, number)
    if old is None:
        raise CardRefused("没有这个版本。")
    reason = why or f"恢复第 {number} 版"
    return await save(session, key, old.content, by=by, why=reason, at=at, base=base, step=Step.RESTORED)


async def revision(session: AsyncSession, key: str, number: int) -> CardRevision | None:
    """One revision."""
    return await session.scalar(
        select(CardRevision).where(CardRevision.key == key, CardRevision.number == number)
    )


async def revisions(
    session: AsyncSession, key: str, *, before: int | None, limit: int
) -> Sequence[CardRevision]:
    """The newest revisions with a number below `before`, newest first."""
    query = select(CardRevision).where(CardRevision.key == key)
    if before is not None:
        query = query.where(CardRevision.number < before)
    return (await session.scalars(query.order_by(CardRevision.number.desc()).limit(limit))).all()


async def authors(session: AsyncSession, card: Card) -> frozenset[str]:
    """The user names of all who wrote in it since it was last published, or the draft of then given up."""
    return await _who(session, card, _WRITING)


async def owners(session: AsyncSession, card: Card) -> frozenset[str]:
    """The same with those who submitted it: they may take it back."""
    return await _who(session, card, (*_WRITING, Step.SUBMITTED))


async def _who(session: AsyncSession, card: Card, steps: Sequence[Step]) -> frozenset[str]:
    mine = CardRevision.key == card.key
    given_up = select(func.max(CardRevision.number)).where(mine, CardRevision.step == Step.GIVEN_UP)
    since = max(card.live_number or 0, await session.scalar(given_up) or 0)
    return frozenset(
        await session.scalars(
            select(CardRevision.by).where(mine, CardRevision.number > since, CardRevision.step.in_(steps))
        )
    )


async def begins_late_on(session: AsyncSession, card: Card, day: date) -> date | None:
    """The day on which a draft begins, where publishing it on `day` would silence a version that is in force then."""
    row = await session.get(ArticleRow, card.key) if card.live else None
    return begins_late(card.content, rows.from_content(row.content) if row else None, day)


def _stopping(card: Card, at: datetime) -> str:
    """What keeps it from being published, in Chinese; "" where nothing does."""
    return "".join(problem.text for problem in problems(card.content, city_date(at)) if problem.stops)


async def _publish(session: AsyncSession, card: Card, *, by: str, why: str, at: datetime) -> Card:
    await rows.save(session, whole(card.content), by=by, at=at, why=why, state=ArticleState.PUBLISHED)
    return card


async def _held(session: AsyncSession, key: str) -> Card | None:
    # As it is now, not as this transaction may have read it before it had to wait.
    query = select(Card).where(Card.key == key).with_for_update()
    return await session.scalar(query.execution_options(populate_existing=True))


async def _at(session: AsyncSession, key: str, base: int, then: CardState, by: str) -> Card:
    """The card, at the revision `base`; or past it where the same person has just taken this very step."""
    card = await _held(session, key)
    if card is None:
        raise CardRefused("没有这篇文章。")
    again = card.revision == base + 1 and card.state == then and card.changed_by == by
    if card.revision != base and not again:
        raise CardMoved(card.changed_by)
    return card


async def _begun(
    session: AsyncSession, key: str, content: Content, *, by: str, why: str, at: datetime, step: Step
) -> Card:
    if len(key) > MOST_KEY or not KEY.fullmatch(key):
        raise CardRefused(
            "编号请用小写字母开头的英文词，词之间用横线，例如 water-connection，不超过 60 个字符。"
        )
    card = Card(key=key, revision=0, state=CardState.DRAFT, live=False)
    try:
        async with session.begin_nested():
            session.add(card)
            await change(session, card, content, by=by, at=at)
    except IntegrityError:
        raise CardMoved("") from None
    session.add(revision_of(card, step, why))
    return card


async def _draft_again(
    session: AsyncSession, card: Card, step: Step, *, by: str, why: str, at: datetime
) -> Card:
    card.state, card.publish_at = CardState.DRAFT, None
    return await _moved(session, card, card.content, step, by=by, why=why, at=at)


async def _moved(
    session: AsyncSession, card: Card, content: Content, step: Step, *, by: str, why: str, at: datetime
) -> Card:
    await change(session, card, content, by=by, at=at)
    session.add(revision_of(card, step, why))
    return card
