"""The life of an article in the editor: drafts, steps back, revisions, and what the bot answers meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk import knowledge
from desk.desk import Desk
from desk.knowledge_gate import gates
from desk.knowledge_scheduled import publish_due
from knowledge import cards
from knowledge.article import Article
from knowledge.errors import CardMoved, CardRefused
from knowledge.models import CardAutosave, CardRevision, CardState, GateRun, HitTest
from knowledge.rows import import_articles, to_content
from staff.models import AuditEntry
from store.files import Files
from tests.desk.publishing import (
    EDITOR,
    KEY,
    OTHER,
    REVIEWER,
    TEXT,
    card,
    in_review,
    in_review_by,
    overview,
    rewritten,
    seen_by_gate,
)
from tests.fakes import HandClock


async def test_a_draft_changes_nothing_that_is_answered(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    before = await overview(stocked_desk)
    await in_review(stocked_desk, rewritten(articles[KEY]))
    assert await overview(stocked_desk) == before
    found = await card(stocked_desk)
    assert (found.state, found.live, found.live_number) == (CardState.IN_REVIEW, True, 1)


async def test_the_same_press_again_does_nothing_and_a_stale_one_is_told(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    content = rewritten(articles[KEY])
    saved = await knowledge.save_draft(stocked_desk, EDITOR, KEY, content, base=1)
    again = await knowledge.save_draft(stocked_desk, EDITOR, KEY, content, base=1)
    assert saved.revision == again.revision == 2
    await knowledge.submit(stocked_desk, EDITOR, KEY, 2)
    await knowledge.submit(stocked_desk, EDITOR, KEY, 2)
    async with stocked_desk.database.read() as session:
        assert await session.scalar(select(func.max(CardRevision.number)).where(CardRevision.key == KEY)) == 3
        assert await session.scalar(select(func.count()).select_from(AuditEntry)) == 2
    with pytest.raises(CardMoved):
        await knowledge.save_draft(stocked_desk, OTHER, KEY, rewritten(articles[KEY], "别的。"), base=1)
    with pytest.raises(CardMoved):
        await knowledge.submit(stocked_desk, OTHER, KEY, 2)


async def test_a_draft_that_lacks_something_is_kept_but_not_submitted(stocked_desk: Desk) -> None:
    saved = await knowledge.save_draft(stocked_desk, EDITOR, "new-matter", {"title": "新事项"}, base=0)
    assert (saved.state, saved.live) == (CardState.DRAFT, False)
    with pytest.raises(CardRefused, match="办理概述"):
        await knowledge.submit(stocked_desk, EDITOR, "new-matter", 1)


@pytest.mark.parametrize("key", ["", "有汉字", "../x", "A", "a" * 61, "a--b"])
async def test_a_new_article_needs_a_key_that_can_be_an_address(stocked_desk: Desk, key: str) -> None:
    with pytest.raises(CardRefused, match="编号"):
        await knowledge.save_draft(stocked_desk, EDITOR, key, {"title": "新事项"}, base=0)


async def test_what_is_sent_back_is_a_draft_again_with_the_reason(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    base = await in_review(stocked_desk, rewritten(articles[KEY]))
    with pytest.raises(CardRefused, match="原因"):
        await knowledge.send_back(stocked_desk, REVIEWER, KEY, base, " ")
    await knowledge.send_back(stocked_desk, REVIEWER, KEY, base, "依据写错了")
    assert (await card(stocked_desk)).state == CardState.DRAFT
    async with stocked_desk.database.read() as session:
        newest = (await cards.revisions(session, KEY, before=None, limit=1))[0]
    assert (newest.why, newest.by) == ("依据写错了", "reviewer")


async def test_what_is_withdrawn_is_a_draft_and_is_not_published_at_its_moment(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    base = await in_review(stocked_desk, rewritten(articles[KEY]))
    await knowledge.withdraw(stocked_desk, EDITOR, KEY, base, "还要改")
    found = await card(stocked_desk)
    assert (found.state, found.revision) == (CardState.DRAFT, base + 1)
    with pytest.raises(CardMoved):
        await knowledge.withdraw(stocked_desk, OTHER, KEY, base)
    with pytest.raises(CardMoved):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base, "好")
    with pytest.raises(CardRefused, match="只有待审核"):
        await knowledge.withdraw(stocked_desk, EDITOR, KEY, base + 1)
    await knowledge.submit(stocked_desk, OTHER, KEY, base + 1)  # who submitted it may take it back as well
    await seen_by_gate(stocked_desk)
    await knowledge.approve(
        stocked_desk, REVIEWER, KEY, base + 2, despite="好", publish_at=clock() + timedelta(hours=2)
    )
    for _ in range(2):
        await knowledge.withdraw(stocked_desk, OTHER, KEY, base + 3)
    found = await card(stocked_desk)
    assert (found.state, found.publish_at, found.revision) == (CardState.DRAFT, None, base + 4)
    clock.advance(timedelta(hours=3))
    assert await publish_due(stocked_desk, gates(stocked_desk)) == []
    async with stocked_desk.database.read() as session:
        steps = [
            one.detail["步骤"] for one in await session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]
    assert steps.count("撤回") == 2


async def test_a_draft_that_is_given_up_leaves_what_is_published_and_stays_among_the_revisions(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await knowledge.save_draft(stocked_desk, EDITOR, KEY, rewritten(articles[KEY]))
    with pytest.raises(CardMoved):
        await knowledge.give_up(stocked_desk, OTHER, KEY, 1)
    for _ in range(2):
        await knowledge.give_up(stocked_desk, EDITOR, KEY, 2, "用不上")
    found = await card(stocked_desk)
    assert (found.state, found.live, found.live_number, found.revision) == (CardState.PUBLISHED, True, 1, 3)
    assert found.content == to_content(articles[KEY])
    assert await overview(stocked_desk) == articles[KEY].text("overview")
    with pytest.raises(CardRefused, match="只有草稿"):
        await knowledge.give_up(stocked_desk, OTHER, KEY, 3)
    # Whoever wrote what was given up has no part in what comes after it.
    base = await in_review_by(OTHER, stocked_desk, rewritten(articles[KEY], "另一种。[^ours]"))
    async with stocked_desk.database.read() as session:
        assert await cards.authors(session, await card(stocked_desk)) == {OTHER.username}
    with pytest.raises(CardRefused, match="请先撤回"):
        await knowledge.give_up(stocked_desk, OTHER, KEY, base)
    await knowledge.restore(stocked_desk, OTHER, KEY, 2, base)
    assert "新的办法" in (await card(stocked_desk)).content["sections"]["overview"]


async def test_a_draft_that_was_never_published_is_put_away_when_it_is_given_up(stocked_desk: Desk) -> None:
    await knowledge.save_draft(stocked_desk, EDITOR, "new-matter", {"title": "新事项"}, base=0)
    for _ in range(2):
        await knowledge.give_up(stocked_desk, EDITOR, "new-matter", 1)
    found = await card(stocked_desk, "new-matter")
    assert (found.state, found.live, found.title, found.revision) == (CardState.ARCHIVED, False, "新事项", 2)
    await knowledge.restore(stocked_desk, OTHER, "new-matter", 1, 2)
    assert (await card(stocked_desk, "new-matter")).state == CardState.DRAFT


async def test_what_was_archived_and_is_restored_and_given_up_stays_archived(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await knowledge.archive(stocked_desk, REVIEWER, KEY, 1, "并入别的文章")
    await knowledge.save_draft(stocked_desk, EDITOR, KEY, rewritten(articles[KEY]))
    await knowledge.give_up(stocked_desk, EDITOR, KEY, 3)
    found = await card(stocked_desk)
    assert (found.state, found.live, found.content) == (CardState.ARCHIVED, False, to_content(articles[KEY]))
    assert await overview(stocked_desk) == ""


async def test_an_archived_article_is_answered_no_more_and_can_come_back(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await knowledge.archive(stocked_desk, REVIEWER, KEY, 1, "并入别的文章")
    assert await overview(stocked_desk) == ""
    assert (await card(stocked_desk)).state == CardState.ARCHIVED
    await knowledge.restore(stocked_desk, EDITOR, KEY, 1, 2)
    assert (await card(stocked_desk)).state == CardState.DRAFT
    assert await overview(stocked_desk) == ""
    await knowledge.submit(stocked_desk, EDITOR, KEY, 3)
    await seen_by_gate(stocked_desk)
    await knowledge.approve(stocked_desk, REVIEWER, KEY, 4, despite="恢复")
    assert await overview(stocked_desk) == articles[KEY].text("overview")


async def test_an_old_revision_can_be_made_the_draft(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await knowledge.save_draft(stocked_desk, EDITOR, KEY, rewritten(articles[KEY]))
    await knowledge.restore(stocked_desk, OTHER, KEY, 1, 2, "改回去")
    found = await card(stocked_desk)
    assert found.content["sections"]["overview"] == articles[KEY].sections["overview"]
    assert found.revision == 3
    with pytest.raises(CardRefused):
        await knowledge.restore(stocked_desk, OTHER, KEY, 99, 3)


async def test_files_do_not_overwrite_what_somebody_is_at_unless_forced(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await knowledge.save_draft(stocked_desk, EDITOR, KEY, rewritten(articles[KEY]))
    file = to_article(articles[KEY], "来自文件")
    async with stocked_desk.database.write() as session:
        done = await import_articles(session, [file], at=stocked_desk.clock())
    assert done.kept == (KEY,)
    assert (await card(stocked_desk)).content["sections"]["overview"] == TEXT
    async with stocked_desk.database.write() as session:
        await import_articles(session, [file], at=stocked_desk.clock(), force=True)
    assert (await card(stocked_desk)).title == "来自文件"
    async with stocked_desk.database.read() as session:
        kept = await cards.revision(session, KEY, 2)
    assert kept is not None and kept.content["sections"]["overview"] == TEXT


def to_article(article: Article, title: str) -> Article:
    return replace(article, title=title)


async def test_what_was_tried_long_ago_is_forgotten(
    stocked_desk: Desk, clock: HandClock, tmp_path: Path
) -> None:
    now = clock()

    def traces(age: int) -> list[HitTest | GateRun | CardAutosave]:
        at = now - timedelta(days=age)
        run = GateRun(
            key=KEY,
            revision=1,
            version=1,
            done=0,
            total=0,
            outcome=None,
            failure="",
            by="x",
            at=at,
            seen_at=at,
        )
        kept = CardAutosave(key=f"a-{age}", by="x", base=1, content={}, at=at)
        return [HitTest(text=str(age), outcome={}, by="x", at=at), run, kept]

    async with stocked_desk.database.write() as session:
        session.add_all([row for age in (1, 91, 364, 366) for row in traces(age)])
    await knowledge.clear_traces(stocked_desk, Files(tmp_path))
    async with stocked_desk.database.read() as session:
        assert set(await session.scalars(select(HitTest.text))) == {"1", "91", "364"}
        assert len((await session.scalars(select(GateRun))).all()) == 3
        assert (await session.scalars(select(CardAutosave.key))).all() == ["a-1"]
