"""What becomes of a group: a department sees to it, an article answers it or is written for it, it is parted or dismissed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.learning.counting import recount
from desk.learning.drafting import add_to_draft, begin_draft, new_to
from desk.learning.proposing import tell_department
from desk.learning.wording import MOST_QUESTIONS, DecisionRefused, clean_texts, mark_of, worded
from knowledge.article import Article
from knowledge.drafts import KEY, MOST_KEY
from knowledge.learning.models import GroupState, LearningMark, UnansweredGroup, UnansweredQuestion
from knowledge.models import ArticleRow, ArticleState
from knowledge.rows import from_content
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from staff.models import Department

LONGEST_REASON = 200


async def assign(desk: Desk, member: Actor, group_id: int, revision: int, department: str) -> int | None:
    """Have a department see to it; an empty one takes that back. How many were told; None where it is not another one.

    Raises `DecisionRefused`.
    """
    async with desk.database.write() as session:
        group = await _open(session, group_id, revision)
        found = await session.get(Department, department) if department else None
        if department and found is None:
            raise DecisionRefused("请在列表里选择部门。")
        fresh = found if found and found.key != group.department else None
        group.department = found.key if found else None
        _decided(desk, session, member, group, "分给部门", found.name if found else "（不分）", closes=False)
        return await tell_department(desk, session, group, fresh, by=member) if fresh else None


async def answer_with(
    desk: Desk,
    member: Actor,
    group_id: int,
    revision: int,
    article: str,
    chosen: Collection[int],
    written: Sequence[str] = (),
) -> int:
    """Have an article answer it: the chosen questions become its similar questions; how many were new to it.

    Those go into the article's draft, and the group waits until they have been published.
    `chosen`: messages of the group; `written`: what somebody worded anew. Raises `DecisionRefused`.
    """
    async with desk.database.write() as session:
        group = await _open(session, group_id, revision)
        found = await _in_force(desk, session, article)
        texts = await clean_texts(session, group.id, chosen)
        texts += [text for raw in written if (text := worded(raw))]
        if not texts:
            raise DecisionRefused("请至少选一个问法，或者自己写一个，这样机器人才认得出这个问题。")
        fresh = await new_to(session, found, texts)
        if fresh:
            await add_to_draft(desk, session, member, found, fresh, f"答复第 {group.id} 组未答问题")
        group.state, group.article = GroupState.WRITING if fresh else GroupState.ANSWERED, found.key
        group.added = [mark_of(text) for text in fresh]
        told = f"{found.title}，新增问法 {len(fresh)} 个{'，等待审核发布' if fresh else ''}"
        _decided(desk, session, member, group, "用已有文章答复", told)
    return len(fresh)


async def begin_writing(
    desk: Desk, member: Actor, group_id: int, revision: int, key: str, seen: Sequence[int] | None = None
) -> None:
    """Begin the draft of an article for it, or go on with one: once it is published, the group is answered.

    The draft has the first question that tells of nobody. `seen`: messages that the member may read, all of the group where
    None. Raises `DecisionRefused`.
    """
    async with desk.database.write() as session:
        group = await _open(session, group_id, revision)
        if len(key) > MOST_KEY or not KEY.fullmatch(key):
            raise DecisionRefused(
                f"文章标识用小写字母、数字和短横线，以字母开头，如 rooftop-solar，不超过 {MOST_KEY} 个字符。"
            )
        row = await session.get(ArticleRow, key)
        if row is not None and row.state == ArticleState.PUBLISHED:
            raise DecisionRefused("已有这个标识的文章，请用“用已有文章答复”，或者换一个标识。")
        group.added = await begin_draft(desk, session, member, group, key, seen)
        group.state, group.article = GroupState.WRITING, key
        _decided(desk, session, member, group, "写新文章", key)


async def dismiss(desk: Desk, member: Actor, group_id: int, revision: int, reason: str) -> None:
    """Leave it unanswered, for a reason. Raises `DecisionRefused`."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise DecisionRefused(f"请写明不予收录的理由，不超过 {LONGEST_REASON} 字。")
    async with desk.database.write() as session:
        group = await _open(session, group_id, revision)
        group.state, group.reason, group.article = GroupState.DISMISSED, reason, None
        _decided(desk, session, member, group, "不予收录", "（理由见这一组）")


async def reopen(desk: Desk, member: Actor, group_id: int, revision: int) -> None:
    """Take a decision back. Raises `DecisionRefused`."""
    async with desk.database.write() as session:
        group = await _as_seen(session, group_id, revision)
        if group.state is GroupState.OPEN:
            raise DecisionRefused("这一组还没有处理，不需要重新打开。")
        group.state, group.article, group.reason, group.added = GroupState.OPEN, None, "", []
        group.reopened_at = desk.clock()
        _decided(desk, session, member, group, "重新打开", "", closes=False)


async def set_apart(desk: Desk, member: Actor, group_id: int, revision: int, chosen: Collection[int]) -> int:
    """Make the chosen questions a group of their own, of the same department; its id. Raises `DecisionRefused`."""
    async with desk.database.write() as session:
        await session.get(LearningMark, 1, with_for_update=True)  # nobody collects meanwhile
        group = await _open(session, group_id, revision)
        if group.state is not GroupState.OPEN:
            raise DecisionRefused("这一组在等文章发布。要分开，请先重新打开。")
        parted = await _some_of(session, group, set(chosen))
        fresh = UnansweredGroup(
            lead=min(row.message_id for row in parted),
            last_asked_at=max(row.asked_at for row in parted),
            department=group.department,
            decided_by=member.username,
            apart=True,
        )
        session.add(fresh)
        await session.flush()
        for row in parted:
            row.group_id = fresh.id
        group.apart = True
        await session.flush()
        await recount(session, {group.id, fresh.id})
        told = f"{len(parted)} 个问题成为第 {fresh.id} 组"
        _decided(desk, session, member, group, "单独成组", told, closes=False)
        return fresh.id


async def _some_of(
    session: AsyncSession, group: UnansweredGroup, chosen: set[int]
) -> Sequence[UnansweredQuestion]:
    """Those questions of the group, and not all. Raises `DecisionRefused`."""
    if not chosen or len(chosen) > MOST_QUESTIONS:
        raise DecisionRefused(f"请选要分出去的问题，一次最多 {MOST_QUESTIONS} 个。")
    mine = select(UnansweredQuestion).where(UnansweredQuestion.group_id == group.id)
    rows = (await session.scalars(mine.where(UnansweredQuestion.message_id.in_(chosen)))).all()
    if len(rows) != len(chosen):
        raise DecisionRefused("选中的问题里有的已经不在这一组，请刷新页面再选。")
    others = mine.where(UnansweredQuestion.message_id.not_in(chosen)).limit(1)
    if await session.scalar(others) is None:
        raise DecisionRefused("不能全部分出去，至少要有一个问题留在这一组。")
    return rows


async def _in_force(desk: Desk, session: AsyncSession, key: str) -> Article:
    row = await session.get(ArticleRow, key, with_for_update=True) if key else None
    if row is None or row.state != ArticleState.PUBLISHED:
        raise DecisionRefused("请在列表里选择一篇已发布的文章。")
    article = from_content(row.content)
    if not article.in_force(desk.today()):
        raise DecisionRefused(f"“{article.title}”不在有效期内，机器人不会用它答复，请选别的文章。")
    return article


async def _as_seen(session: AsyncSession, group_id: int, revision: int) -> UnansweredGroup:
    group = await session.get(UnansweredGroup, group_id, with_for_update=True, populate_existing=True)
    if group is None:
        raise DecisionRefused("这一组问题已经不在了（提问的人删除了信息）。")
    if group.revision != revision:
        raise DecisionRefused("刚才已有别人处理过这一组，请看最新的情况再决定。")
    return group


async def _open(session: AsyncSession, group_id: int, revision: int) -> UnansweredGroup:
    group = await _as_seen(session, group_id, revision)
    if group.state in (GroupState.ANSWERED, GroupState.DISMISSED):
        raise DecisionRefused("这一组已经处理过了。要改，请先重新打开。")
    return group


def _decided(
    desk: Desk,
    session: AsyncSession,
    member: Actor,
    group: UnansweredGroup,
    what: str,
    told: str,
    *,
    closes: bool = True,
) -> None:
    group.revision += 1
    group.decided_by = member.username
    if closes:
        group.decided_at, group.recurred = desk.clock(), 0
    detail = {"未答问题": f"第 {group.id} 组", what: told}
    audit.record(session, member, Action.UNANSWERED_DECIDED, at=desk.clock(), detail=detail)
