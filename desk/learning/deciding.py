"""What becomes of a group: a department sees to it, an article answers it or is written for it, or it is dismissed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Question
from desk.announcing import announce_articles
from desk.desk import Desk
from desk.knowledge import record_step, save_draft_in
from knowledge.article import Article
from knowledge.cards import card_of
from knowledge.check import MAX_TITLE_LETTERS
from knowledge.drafts import KEY, MOST_KEY, MOST_ROWS
from knowledge.errors import CardRefused
from knowledge.following import IN_WORK
from knowledge.learning.models import GroupState, UnansweredGroup, UnansweredQuestion
from knowledge.models import ArticleRow, ArticleState, Step
from knowledge.rows import from_content, published, save, to_content
from knowledge.search.text import normalise
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from staff.masks import masked_text
from staff.models import Department
from staff.roles import Permission
from tickets.lists import names_of

MOST_QUESTIONS = 50
LONGEST_QUESTION = 100
LONGEST_REASON = 200
_SHORTEST_NAME = 2


class DecisionRefused(ValueError):
    """It cannot be done; the message says why, for a person."""


async def assign(desk: Desk, member: Actor, group_id: int, revision: int, department: str) -> None:
    """Have a department see to it; an empty one takes that back. Raises `DecisionRefused`."""
    async with desk.database.write() as session:
        group = await _open(session, group_id, revision)
        found = await session.get(Department, department) if department else None
        if department and found is None:
            raise DecisionRefused("请在列表里选择部门。")
        group.department = found.key if found else None
        _decided(desk, session, member, group, "分给部门", found.name if found else "（不分）", closes=False)


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

    With four eyes, and where the member may not publish, they go into the article's draft, and the group waits until they have
    been published.
    `chosen`: messages of the group; `written`: what somebody worded anew. Raises `DecisionRefused`.
    """
    async with desk.database.write() as session:
        group = await _open(session, group_id, revision)
        found = await _in_force(desk, session, article)
        texts = await clean_texts(session, group.id, chosen)
        texts += [text for raw in written if (text := _worded(raw))]
        if not texts:
            raise DecisionRefused("请至少选一个问法，或者自己写一个，这样机器人才认得出这个问题。")
        fresh = await _new_to(session, found, texts)
        at_once = member.may(Permission.KNOWLEDGE_PUBLISH) and not desk.knowledge_four_eyes
        waits, why = bool(fresh) and not at_once, f"答复第 {group.id} 组未答问题"
        if waits:
            await _add_to_draft(desk, session, member, found, fresh, why)
        elif fresh:
            await _publish_with(desk, session, member, found, fresh, why)
        group.state, group.article = GroupState.WRITING if waits else GroupState.ANSWERED, found.key
        group.added = [_mark(text) for text in fresh]
        told = f"{found.title}，新增问法 {len(fresh)} 个{'，等待审核发布' if waits else ''}"
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
        group.added = await _begin_draft(desk, session, member, group, key, seen)
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


async def settle(desk: Desk) -> int:
    """Groups whose article was published since, with a question that was added for them, are answered; how many."""
    async with desk.database.read() as session:
        rows = await session.execute(
            select(UnansweredGroup.id, UnansweredGroup.added, ArticleRow.content)
            .join(ArticleRow, ArticleRow.key == UnansweredGroup.article)
            .where(
                UnansweredGroup.state == GroupState.WRITING,
                ArticleRow.state == ArticleState.PUBLISHED,
                ArticleRow.changed_at >= UnansweredGroup.decided_at,
            )
        )
        ready = [id for id, added, content in rows if not added or not _marks(content).isdisjoint(added)]
    for group_id in ready:
        async with desk.database.write() as session:
            group = await session.get_one(UnansweredGroup, group_id, with_for_update=True)
            if group.state is GroupState.WRITING:
                group.state, group.revision = GroupState.ANSWERED, group.revision + 1
                group.decided_at, group.recurred = desk.clock(), 0
    return len(ready)


async def clean_texts(session: AsyncSession, group_id: int, chosen: Collection[int]) -> list[str]:
    """The words of those questions of the group. Raises `DecisionRefused` where they tell of a person."""
    if len(chosen) > MOST_QUESTIONS:
        raise DecisionRefused(f"一次最多选 {MOST_QUESTIONS} 个问法。")
    rows = (
        await session.scalars(
            select(Question)
            .join(UnansweredQuestion, UnansweredQuestion.message_id == Question.message_id)
            .where(UnansweredQuestion.group_id == group_id, Question.message_id.in_(list(chosen)))
            .order_by(Question.message_id)
        )
    ).all()
    if len(rows) != len(set(chosen)):
        raise DecisionRefused("选中的问法里有的已经不在这一组，请刷新页面再选。")
    clean = await _clean(session, rows)
    if len(clean) != len(rows):
        raise DecisionRefused("选中的问法里有姓名、电话或企业名称，不能公开。请改写成自己的话再加。")
    return list(dict.fromkeys(_worded(row.text) for row in rows))


async def _clean(session: AsyncSession, rows: Sequence[Question]) -> list[Question]:
    """Those that tell of nobody."""
    names = await names_of(session, {row.thread_id for row in rows})

    def told(row: Question) -> list[str]:
        return [name for name in names.get(row.thread_id, ()) if len(name) >= _SHORTEST_NAME]

    return [row for row in rows if masked_text(row.text, told(row)) == row.text]


async def _begin_draft(
    desk: Desk,
    session: AsyncSession,
    member: Actor,
    group: UnansweredGroup,
    key: str,
    seen: Sequence[int] | None,
) -> list[str]:
    """The marks by which its publication is known to answer the group; none where all of the article is for it."""
    asked = await _first_clean(session, group, seen)
    department = await session.get(Department, group.department) if group.department else None
    card = await card_of(session, key)
    # Somebody may be writing it already: their words stay.
    content = _with(card.content, [asked] if asked else []) if card else wanted_article(asked, department)
    base = card.revision if card else 0
    await _draft(desk, session, member, key, content, f"答复第 {group.id} 组未答问题", base)
    return [_mark(asked)] if card and asked else []


async def _first_clean(session: AsyncSession, group: UnansweredGroup, seen: Sequence[int] | None) -> str:
    """The question that stands for the group, else the next that tells of nobody; "" where there is none."""
    query = (
        select(Question)
        .join(UnansweredQuestion, UnansweredQuestion.message_id == Question.message_id)
        .where(UnansweredQuestion.group_id == group.id)
        .order_by(Question.message_id != group.lead, Question.message_id)
        .limit(MOST_QUESTIONS)
    )
    if seen is not None:
        query = query.where(Question.message_id.in_(list(seen)))
    clean = await _clean(session, (await session.scalars(query)).all())
    return next((text for row in clean if (text := " ".join(row.text.split())) and normalise(text)), "")


def wanted_article(question: str, department: Department | None) -> dict[str, Any]:
    """What is known of an article to be written, in the form of `knowledge.rows.to_content`."""
    return {
        "title": question[:MAX_TITLE_LETTERS],
        "department": department.name if department else "",
        "departments": [department.key] if department else [],
        "questions": [question] if question else [],
    }


async def _new_to(session: AsyncSession, article: Article, texts: Sequence[str]) -> list[str]:
    """Those of the questions that an article does not have; none may be another's."""
    mine = {normalise(text) for text in (*article.questions, *article.aliases, article.title)}
    fresh = {normalise(text): text for text in texts if normalise(text) not in mine}
    for other in await published(session):
        taken = fresh.keys() & {normalise(text) for text in other.questions}
        if taken and other.key != article.key:
            raise DecisionRefused(f"“{fresh[min(taken)]}”已经是“{other.title}”的问法，请先到那篇文章里删除。")
    return list(fresh.values())


async def _publish_with(
    desk: Desk, session: AsyncSession, member: Actor, article: Article, texts: Sequence[str], why: str
) -> None:
    changed = replace(article, questions=(*article.questions, *texts))
    card = await card_of(session, article.key)
    written = dict(card.content) if card and card.state in IN_WORK else None
    await save(session, changed, by=member.username, at=desk.clock(), why=why)
    if card := await card_of(session, article.key):
        record_step(desk, session, member, card, Step.PUBLISHED, why)
    await announce_articles(session, [changed], at=desk.clock(), new_id=desk.new_id)
    if written is not None:  # what somebody is at goes on, with the questions
        await _draft(desk, session, member, article.key, _with(written, texts), "发布了新增的问法")


async def _add_to_draft(
    desk: Desk, session: AsyncSession, member: Actor, article: Article, texts: Sequence[str], why: str
) -> None:
    """Put questions into the draft that somebody is at, else into one of what is published."""
    card = await card_of(session, article.key)
    content = dict(card.content) if card and card.state in IN_WORK else to_content(article)
    base = card.revision if card else 0
    await _draft(desk, session, member, article.key, _with(content, texts), why, base)


def _with(content: dict[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    have = {normalise(text) for text in content["questions"]}
    fresh = [text for text in texts if normalise(text) not in have]
    return {**content, "questions": [*content["questions"], *fresh]}


async def _draft(
    desk: Desk,
    session: AsyncSession,
    member: Actor,
    key: str,
    content: dict[str, Any],
    why: str,
    base: int | None = None,
) -> None:
    if len(content["questions"]) > MOST_ROWS:
        raise DecisionRefused(f"一篇文章最多 {MOST_ROWS} 个问法，请先在文章里删去一些。")
    try:
        await save_draft_in(desk, session, member, key, content, why=why, base=base)
    except CardRefused as refused:
        raise DecisionRefused(str(refused)) from refused


async def _in_force(desk: Desk, session: AsyncSession, key: str) -> Article:
    row = await session.get(ArticleRow, key, with_for_update=True) if key else None
    if row is None or row.state != ArticleState.PUBLISHED:
        raise DecisionRefused("请在列表里选择一篇已发布的文章。")
    article = from_content(row.content)
    if not article.in_force(desk.today()):
        raise DecisionRefused(f"“{article.title}”不在有效期内，机器人不会用它答复，请选别的文章。")
    return article


def _mark(text: str) -> str:
    """What a question is known by, without its words: the group keeps none."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:16]


def _marks(content: Mapping[str, Any]) -> set[str]:
    return {_mark(text) for text in (content["title"], *content["aliases"], *content["questions"])}


def _worded(text: str) -> str:
    """A question as it is kept. Raises `DecisionRefused`."""
    plain = " ".join(text.split())
    if len(plain) > LONGEST_QUESTION:
        raise DecisionRefused(f"每个问法不超过 {LONGEST_QUESTION} 字，太长的请改写。")
    if plain and not normalise(plain):
        raise DecisionRefused("问法里要有文字。")
    if masked_text(plain, ()) != plain:
        raise DecisionRefused("问法里不能有电话、证件号码、邮箱这类个人信息。")
    return plain


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
