"""Reviewers are told of articles that wait, authors of what became of theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from desk import knowledge
from desk.desk import Desk
from knowledge.article import Article
from knowledge.models import CardState, Step
from staff.audit import Action
from staff.models import Account, AuditEntry, Notice, NoticeKind
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from tests.desk.publishing import EDITOR, KEY, OTHER, REVIEWER, in_review, rewritten, seen_by_gate
from tests.staff.people import employ


@pytest.fixture
def door(stocked_desk: Desk) -> Door:
    """Where staff come in."""
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    return Door(stocked_desk.database, Hashing(), policy, stocked_desk.clock, stocked_desk.new_id)


async def everybody(door: Door) -> None:
    """Two editors and a reviewer are there."""
    await employ(door, EDITOR.username, Role.KNOWLEDGE_EDITOR)
    await employ(door, OTHER.username, Role.KNOWLEDGE_EDITOR)
    await employ(door, REVIEWER.username, Role.KNOWLEDGE_REVIEWER)


async def told(desk: Desk) -> list[tuple[str, NoticeKind, bool]]:
    """Who was told of what, and whether that still stands."""
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Account.username, Notice.kind, Notice.read_at)
            .join(Account, Account.id == Notice.account_id)
            .order_by(Notice.id)
        )
        return [(row[0], row[1], row[2] is None) for row in rows]


async def test_reviewers_are_told_of_what_waits_and_authors_of_what_became_of_it(
    stocked_desk: Desk, door: Door, articles: dict[str, Article]
) -> None:
    desk = stocked_desk
    await employ(door, EDITOR.username, Role.KNOWLEDGE_EDITOR)
    await employ(door, REVIEWER.username, Role.KNOWLEDGE_REVIEWER)
    await employ(door, "handler", Role.HANDLER)
    base = await in_review(desk, rewritten(articles[KEY]))
    waits = (REVIEWER.username, NoticeKind.ARTICLE)
    assert await told(desk) == [(*waits, True)]
    await knowledge.send_back(desk, REVIEWER, KEY, base, "缺依据")
    back = (EDITOR.username, NoticeKind.ARTICLE_BACK, True)
    assert await told(desk) == [(*waits, False), back]
    base = await in_review(desk, rewritten(articles[KEY], "更新的办法。[^ours]"))
    await seen_by_gate(desk)
    await knowledge.approve(desk, REVIEWER, KEY, base, despite="好")
    passed = (EDITOR.username, NoticeKind.ARTICLE_PASSED, True)
    assert await told(desk) == [(*waits, False), back, (*waits, False), passed]


async def test_who_waits_for_it_or_passed_it_is_told_when_its_author_takes_it_back(
    stocked_desk: Desk, door: Door, articles: dict[str, Article]
) -> None:
    desk = stocked_desk
    await everybody(door)
    base = await in_review(desk, rewritten(articles[KEY]))
    await knowledge.withdraw(desk, EDITOR, KEY, base)
    waited = (REVIEWER.username, NoticeKind.ARTICLE, False)
    assert await told(desk) == [waited]
    await knowledge.submit(desk, EDITOR, KEY, base + 1)
    await seen_by_gate(desk)
    await knowledge.approve(
        desk, REVIEWER, KEY, base + 2, despite="好", publish_at=desk.clock() + timedelta(hours=2)
    )
    await knowledge.withdraw(desk, EDITOR, KEY, base + 3)
    passed = (EDITOR.username, NoticeKind.ARTICLE_PASSED, True)
    not_then = (REVIEWER.username, NoticeKind.RETURNED, True)
    assert await told(desk) == [waited, waited, passed, not_then]
    await knowledge.give_up(desk, OTHER, KEY, base + 4)
    assert (await told(desk))[4:] == [(EDITOR.username, NoticeKind.ARTICLE_BACK, True)]


async def test_what_is_taken_out_of_review_by_further_writing_waits_for_nobody(
    stocked_desk: Desk, door: Door, articles: dict[str, Article]
) -> None:
    desk = stocked_desk
    await employ(door, REVIEWER.username, Role.KNOWLEDGE_REVIEWER)
    await in_review(desk, rewritten(articles[KEY]))
    await knowledge.save_draft(desk, EDITOR, KEY, rewritten(articles[KEY], "还要改。[^ours]"))
    assert await told(desk) == [(REVIEWER.username, NoticeKind.ARTICLE, False)]


async def test_what_is_taken_out_of_review_by_an_old_revision_waits_for_nobody_and_the_same_changes_nothing(
    stocked_desk: Desk, door: Door, articles: dict[str, Article]
) -> None:
    desk = stocked_desk
    await employ(door, REVIEWER.username, Role.KNOWLEDGE_REVIEWER)
    base = await in_review(desk, rewritten(articles[KEY]))
    same = await knowledge.restore(desk, EDITOR, KEY, base - 1, base)
    assert (same.revision, same.state) == (base, CardState.IN_REVIEW)
    assert await told(desk) == [(REVIEWER.username, NoticeKind.ARTICLE, True)]
    async with desk.database.read() as session:
        steps = [
            one.detail["步骤"]
            for one in await session.scalars(select(AuditEntry))
            if one.action == Action.KNOWLEDGE_CHANGED
        ]
    assert "恢复旧版" not in steps and "提交审核" in steps
    await knowledge.restore(desk, EDITOR, KEY, 1, base)
    assert await told(desk) == [(REVIEWER.username, NoticeKind.ARTICLE, False)]


async def texts(desk: Desk) -> list[tuple[str, NoticeKind, str]]:
    """The newest of what each was told of what is called off."""
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Account.username, Notice.kind, Notice.text)
            .join(Account, Account.id == Notice.account_id)
            .where(Notice.kind.in_((NoticeKind.ARTICLE_BACK, NoticeKind.RETURNED)))
            .order_by(Notice.id)
        )
        return [(row[0], row[1], row[2]) for row in rows]


async def test_authors_and_who_passed_it_are_told_when_another_step_takes_it_off(
    stocked_desk: Desk, door: Door, articles: dict[str, Article]
) -> None:
    desk = stocked_desk
    await everybody(door)
    article = articles[KEY]
    base = await in_review(desk, rewritten(article))
    # Their own further writing is no news to them.
    await knowledge.save_draft(desk, EDITOR, KEY, rewritten(article, "还要改。[^ours]"))
    await knowledge.submit(desk, EDITOR, KEY, base + 1)
    assert await texts(desk) == []
    await knowledge.save_draft(desk, OTHER, KEY, rewritten(article, "插一句。[^ours]"), why="答复第 1 组")
    back = (EDITOR.username, NoticeKind.ARTICLE_BACK)
    draft = "，现在是草稿，要发布请重新提交审核。"
    told = [(*back, f"知识“{article.title}”在审核通过以前由另一位修改{draft}（答复第 1 组）")]
    assert await texts(desk) == told
    await knowledge.submit(desk, OTHER, KEY, base + 3)
    await seen_by_gate(desk)
    at = desk.clock() + timedelta(hours=2)
    await knowledge.approve(desk, REVIEWER, KEY, base + 4, despite="好", publish_at=at)
    async with desk.database.write() as session:
        content = rewritten(article, "导入的。[^ours]")
        await knowledge.save_draft_in(desk, session, OTHER, KEY, content, step=Step.IMPORTED)
    how = f"知识“{article.title}”在定时发布以前由另一位从文件导入的内容改动"
    passed = (REVIEWER.username, NoticeKind.RETURNED, f"您通过的{how}，到时不会发布。")
    told += [(*back, f"{how}{draft}"), passed]
    assert sorted(await texts(desk)) == sorted(told)
    await knowledge.submit(desk, EDITOR, KEY, base + 6)
    await knowledge.archive(desk, REVIEWER, KEY, base + 7, "并入别处")
    how = f"知识“{article.title}”在审核通过以前由审核下线。（并入别处）"
    told += [(*back, how), (OTHER.username, NoticeKind.ARTICLE_BACK, how)]
    assert sorted(await texts(desk)) == sorted(told)
