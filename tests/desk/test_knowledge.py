"""The life of an article in the editor: drafts, four eyes, the gate, times, and what the bot answers meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from desk import knowledge
from desk.desk import Desk
from desk.knowledge_gate import Gates, gates, newest_run
from desk.knowledge_scheduled import publish_due
from desk.systems import subscribe
from knowledge import cards
from knowledge.article import Article
from knowledge.errors import CardMoved, CardRefused
from knowledge.library import Library
from knowledge.models import Card, CardAutosave, CardRevision, CardState, GateRun, HitTest
from knowledge.questions import keep_question
from knowledge.rows import import_articles, save, to_content
from knowledge.search.index import Index
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE, Actor
from staff.departments import add_departments
from staff.models import AuditEntry, Notice, NoticeKind
from staff.passwords import Hashing
from staff.roles import Role
from store.clock import CITY_ZONE
from store.database import Database
from store.files import Files
from systems.models import WebhookDelivery
from systems.subscriptions import Wish
from tests.fakes import HandClock

KEY = "water-connection"
EDITOR = Actor(None, "editor", "编辑", None, frozenset({Role.KNOWLEDGE_EDITOR}), "")
OTHER = Actor(None, "other", "另一位", None, frozenset({Role.KNOWLEDGE_EDITOR}), "")
REVIEWER = Actor(None, "reviewer", "审核", None, frozenset({Role.KNOWLEDGE_REVIEWER}), "")
TEXT = "新的办法：先在营业网点申请。[^ours]"


async def card(desk: Desk, key: str = KEY) -> Card:
    async with desk.database.read() as session:
        found = await cards.card_of(session, key)
    assert found is not None
    return found


def rewritten(article: Article, text: str = TEXT, **other: Any) -> dict[str, Any]:
    content = to_content(article)
    content["sources"] = [*content["sources"], SOURCE]
    content["sections"] = {**content["sections"], "overview": text}
    return {**content, **other}


SOURCE = {"id": "ours", "title": "通报", "issuer": "平顶山市", "number": "", "date": "2021-12-17"}


async def in_review(desk: Desk, content: dict[str, Any], key: str = KEY) -> int:
    """Written and submitted; the revision to be judged."""
    saved = await knowledge.save_draft(desk, EDITOR, key, content)
    await knowledge.submit(desk, EDITOR, key, saved.revision)
    return (await card(desk, key)).revision


async def in_review_by(member: Actor, desk: Desk, content: dict[str, Any]) -> int:
    """The same by somebody else."""
    saved = await knowledge.save_draft(desk, member, KEY, content)
    await knowledge.submit(desk, member, KEY, saved.revision)
    return (await card(desk)).revision


async def seen_by_gate(desk: Desk, key: str = KEY) -> Gates:
    found = gates(desk)
    await found.start("reviewer", key)
    await found.drain()
    return found


async def overview(desk: Desk, library: Library | None = None) -> str:
    library = library or desk.library
    await library.refresh()
    article = library.article(KEY, desk.today())
    return article.text("overview") if article else ""


async def test_a_draft_changes_nothing_that_is_answered(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    before = await overview(stocked_desk)
    await in_review(stocked_desk, rewritten(articles[KEY]))
    assert await overview(stocked_desk) == before
    found = await card(stocked_desk)
    assert (found.state, found.live, found.live_number) == (CardState.IN_REVIEW, True, 1)


async def test_what_another_person_approves_is_answered_in_every_process(
    stocked_desk: Desk, articles: dict[str, Article], database_url: str
) -> None:
    elsewhere = Database(database_url)
    library = Library(elsewhere, Index(calibration=stocked_desk.calibration))
    await overview(stocked_desk, library)
    base = await in_review(stocked_desk, rewritten(articles[KEY]))
    await seen_by_gate(stocked_desk)
    await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="核对过")
    assert "新的办法" in await overview(stocked_desk)
    assert "新的办法" in await overview(stocked_desk, library)
    found = await card(stocked_desk)
    assert (found.state, found.live_number) == (CardState.PUBLISHED, found.revision)
    await elsewhere.close()


async def test_nobody_approves_what_they_wrote_themselves(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await knowledge.save_draft(stocked_desk, REVIEWER, KEY, rewritten(articles[KEY], "我先改的。[^ours]"))
    base = await in_review(stocked_desk, rewritten(articles[KEY]))
    await seen_by_gate(stocked_desk)
    with pytest.raises(CardRefused, match="另一位审核人"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="好")
    await knowledge.approve(
        stocked_desk, Actor(None, "third", "三", None, frozenset(), ""), KEY, base, despite="好"
    )
    assert (await card(stocked_desk)).state == CardState.PUBLISHED


async def test_nothing_is_published_that_the_gate_has_not_seen(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    base = await in_review(stocked_desk, rewritten(articles[KEY]))
    with pytest.raises(CardRefused, match="发布检验"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base)


async def test_a_loss_that_the_gate_finds_needs_a_reason(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    nothing_left = rewritten(
        articles[KEY], "敬请咨询。[^ours]", title="其他事项", aliases=[], questions=["其他事项怎么办"]
    )
    nothing_left["sections"] = {"overview": "敬请咨询。[^ours]"}
    async with stocked_desk.database.write() as session:
        await knowledge_question(stocked_desk, session, "用水报装要什么材料")
    base = await in_review(stocked_desk, nothing_left)
    await seen_by_gate(stocked_desk)
    async with stocked_desk.database.read() as session:
        run = await newest_run(session, KEY, base)
    assert run is not None and run.outcome is not None
    assert "用水报装要什么材料" in [one["text"] for one in run.outcome["lost"]]
    assert run.done == run.total == run.outcome["total"] > 100
    assert run.outcome["right_after"] < run.outcome["right_before"]
    with pytest.raises(CardRefused, match="写明仍要发布的理由"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base)
    await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="这件事已经并入别处")
    assert (await card(stocked_desk)).state == CardState.PUBLISHED


async def test_a_run_of_before_another_change_needs_a_reason_or_another_run(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    unlost = rewritten(articles[KEY], articles[KEY].sections["overview"])
    base = await in_review(stocked_desk, unlost)
    await seen_by_gate(stocked_desk)
    gas = articles["gas-connection"]
    async with stocked_desk.database.write() as session:
        await save(session, replace(gas, title="燃气报装"), by="other", at=stocked_desk.clock())
    with pytest.raises(CardRefused, match="又有别的改动"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base)
    assert (await card(stocked_desk)).state == CardState.IN_REVIEW
    await seen_by_gate(stocked_desk)
    for _ in range(2):  # the second press has no reason either, and changes nothing
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base)
    assert (await card(stocked_desk)).state == CardState.PUBLISHED


async def test_what_is_not_fit_at_its_moment_goes_back_and_who_approved_it_is_told(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    profile = Profile("审核", "water", frozenset({Role.KNOWLEDGE_REVIEWER}))
    async with stocked_desk.database.write() as session:
        await add_departments(session)
        await accounts.add(
            session, COMMAND_LINE, REVIEWER.username, profile, Hashing().issue(), id="r", at=clock()
        )
    ends = stocked_desk.today() + timedelta(days=1)
    base = await in_review(stocked_desk, rewritten(articles[KEY], valid_until=ends.isoformat()))
    await seen_by_gate(stocked_desk)
    await knowledge.approve(
        stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=clock() + timedelta(days=2)
    )
    clock.advance(timedelta(days=2))
    assert [await publish_due(stocked_desk, gates(stocked_desk)) for _ in range(2)] == [[], []]
    found = await card(stocked_desk)
    assert (found.state, found.publish_at, found.live_number) == (CardState.DRAFT, None, 1)
    assert "新的办法" not in await overview(stocked_desk)
    async with stocked_desk.database.read() as session:
        returned = select(Notice).where(Notice.kind == NoticeKind.RETURNED)
        (notice,) = (await session.scalars(returned)).all()
        newest = (await cards.revisions(session, KEY, before=None, limit=1))[0]
    assert (notice.account_id, notice.article) == ("r", KEY)
    assert "失效日期已经过去" in notice.text and "失效日期已经过去" in newest.why


async def knowledge_question(desk: Desk, session: Any, text: str) -> None:
    await keep_question(session, text, KEY, by="editor", at=desk.clock())


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


async def test_a_version_that_begins_later_is_scheduled_and_silences_nothing_before(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    begins = stocked_desk.today() + timedelta(days=3)
    midnight = datetime.combine(begins, time(), CITY_ZONE)
    base = await in_review(stocked_desk, rewritten(articles[KEY], valid_from=begins.isoformat()))
    await seen_by_gate(stocked_desk)
    for at in (None, midnight - timedelta(minutes=1)):
        with pytest.raises(CardRefused, match=f"定时发布.*{begins.isoformat()}"):
            await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=at)
    await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=midnight)
    before = articles[KEY].text("overview")
    assert await overview(stocked_desk) == before
    clock.advance(midnight - clock())
    assert await publish_due(stocked_desk, gates(stocked_desk)) == [KEY]
    assert "新的办法" in await overview(stocked_desk)


async def test_a_matter_that_nothing_answers_today_may_be_published_before_it_begins(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    begins = (stocked_desk.today() + timedelta(days=3)).isoformat()
    new = rewritten(articles[KEY], valid_from=begins, title="新事项", aliases=[], questions=["新事项怎么办"])
    base = await in_review(stocked_desk, new, "new-matter")
    await seen_by_gate(stocked_desk, "new-matter")
    await knowledge.approve(stocked_desk, REVIEWER, "new-matter", base, despite="好")
    assert (await card(stocked_desk, "new-matter")).state == CardState.PUBLISHED


async def test_what_is_scheduled_is_answered_from_its_moment_on(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    base = await in_review(stocked_desk, rewritten(articles[KEY]))
    await seen_by_gate(stocked_desk)
    at = clock() + timedelta(hours=2)
    with pytest.raises(CardRefused, match="已经过去"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=clock())
    await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=at)
    assert await publish_due(stocked_desk, gates(stocked_desk)) == []
    assert "新的办法" not in await overview(stocked_desk)
    clock.advance(timedelta(hours=2))
    assert await publish_due(stocked_desk, gates(stocked_desk)) == [KEY]
    assert "新的办法" in await overview(stocked_desk)
    assert await publish_due(stocked_desk, gates(stocked_desk)) == []


async def test_an_edit_calls_a_scheduled_publication_off(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    base = await in_review(stocked_desk, rewritten(articles[KEY]))
    await seen_by_gate(stocked_desk)
    await knowledge.approve(
        stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=clock() + timedelta(hours=2)
    )
    await knowledge.save_draft(stocked_desk, EDITOR, KEY, rewritten(articles[KEY], "再改。[^ours]"))
    clock.advance(timedelta(hours=3))
    assert await publish_due(stocked_desk, gates(stocked_desk)) == []


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


async def test_an_article_that_has_expired_is_answered_no_more(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    last = date(2026, 11, 25)
    base = await in_review(stocked_desk, rewritten(articles[KEY], valid_until=last.isoformat()))
    await seen_by_gate(stocked_desk)
    await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="到期作废")
    clock.advance(timedelta(days=2))
    assert "新的办法" in await overview(stocked_desk)
    clock.advance(timedelta(days=1))
    assert await overview(stocked_desk) == ""


async def test_other_systems_are_told_of_each_publication_once_and_of_no_draft(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    wish = Wish("督查平台", "https://hooks.example.cn/", frozenset({"article.published"}))
    await subscribe(desk, COMMAND_LINE, wish)

    async def told() -> list[str]:
        async with desk.database.read() as session:
            return list(await session.scalars(select(WebhookDelivery.topic).order_by(WebhookDelivery.id)))

    base = await in_review(desk, rewritten(articles[KEY]))
    await seen_by_gate(desk)
    assert await told() == []
    for _ in range(2):
        await knowledge.approve(desk, REVIEWER, KEY, base, despite="好")
    assert await told() == [f"article:{KEY}"]

    base = await in_review(desk, rewritten(articles[KEY], "再改。[^ours]"))
    await seen_by_gate(desk)
    await knowledge.approve(desk, REVIEWER, KEY, base, despite="好", publish_at=clock() + timedelta(hours=2))
    assert len(await told()) == 1
    clock.advance(timedelta(hours=2))
    for _ in range(2):
        await publish_due(desk, gates(desk))
    assert await told() == [f"article:{KEY}"] * 2


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
