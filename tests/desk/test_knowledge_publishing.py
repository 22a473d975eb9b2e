"""What is approved: by whom, after which gate, at which moment, and what the bot answers then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk import knowledge
from desk.desk import Desk
from desk.knowledge_gate import gates, newest_run
from desk.knowledge_scheduled import publish_due
from desk.systems import subscribe
from knowledge import cards
from knowledge.article import Article
from knowledge.errors import CardRefused
from knowledge.library import Library
from knowledge.models import CardState
from knowledge.questions import keep_question
from knowledge.rows import save
from knowledge.search.index import Index
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE, Actor
from staff.departments import add_departments
from staff.models import Notice, NoticeKind
from staff.passwords import Hashing
from staff.roles import Role
from store.clock import CITY_ZONE
from store.database import Database
from systems.models import WebhookDelivery
from systems.subscriptions import Wish
from tests.desk.publishing import (
    EDITOR,
    KEY,
    REVIEWER,
    card,
    in_review,
    overview,
    rewritten,
    seen_by_gate,
    shortened,
)
from tests.fakes import HandClock


@pytest.fixture
def articles(articles: dict[str, Article]) -> dict[str, Article]:
    return shortened(articles)


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
    assert run.done == run.total == run.outcome["total"] > 50
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


async def test_a_run_of_before_another_article_ended_needs_a_reason_or_another_run(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    async with stocked_desk.database.write() as session:
        ending = replace(articles["gas-connection"], valid_until=stocked_desk.today() + timedelta(days=1))
        await save(session, ending, by="other", at=clock())
    base = await in_review(stocked_desk, rewritten(articles[KEY], articles[KEY].sections["overview"]))
    await seen_by_gate(stocked_desk)
    clock.advance(timedelta(days=2))
    with pytest.raises(CardRefused, match="别的文章生效、到期"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base)
    await seen_by_gate(stocked_desk)
    clock.advance(timedelta(days=1))  # on which none begins or ends
    await knowledge.approve(stocked_desk, REVIEWER, KEY, base)
    assert (await card(stocked_desk)).state == CardState.PUBLISHED


async def test_what_has_ended_by_then_is_not_approved(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    ends = stocked_desk.today() + timedelta(days=1)
    base = await in_review(stocked_desk, rewritten(articles[KEY], valid_until=ends.isoformat()))
    await seen_by_gate(stocked_desk)
    later = clock() + timedelta(days=2)
    with pytest.raises(CardRefused, match="还不能发布：失效日期已经过去"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=later)
    clock.advance(timedelta(days=2))  # it waited past its end
    await seen_by_gate(stocked_desk)
    with pytest.raises(CardRefused, match="还不能发布：失效日期已经过去"):
        await knowledge.approve(stocked_desk, REVIEWER, KEY, base, despite="好")
    assert (await card(stocked_desk)).state == CardState.IN_REVIEW
    assert await overview(stocked_desk) == articles[KEY].text("overview")


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
        stocked_desk, REVIEWER, KEY, base, despite="好", publish_at=clock() + timedelta(days=1)
    )
    clock.advance(timedelta(days=2))  # nothing ran at its moment
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
