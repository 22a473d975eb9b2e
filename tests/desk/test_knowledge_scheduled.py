"""Publishing at the appointed time where other articles have changed since the gate was passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk import knowledge, knowledge_gate, knowledge_scheduled
from desk.desk import Desk
from desk.knowledge_gate import DEAD_AFTER, Gates, accepted_run, gates, newest_run
from desk.knowledge_scheduled import publish_due
from knowledge import cards
from knowledge.article import Article
from knowledge.models import CardState, GateRun
from knowledge.questions import keep_question
from knowledge.rows import save
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.departments import add_departments
from staff.models import Account, Notice, NoticeKind
from staff.passwords import Hashing
from staff.roles import Role
from tests.desk.publishing import EDITOR, KEY, REVIEWER, card, in_review, rewritten, seen_by_gate, shortened
from tests.fakes import HandClock

GAS = "gas-connection"
SOON = timedelta(hours=2)


@pytest.fixture
def articles(articles: dict[str, Article]) -> dict[str, Article]:
    return shortened(articles)


async def scheduled(desk: Desk, content: dict[str, Any], key: str = KEY) -> int:
    """Written, tried and approved for two hours from now; its revision."""
    base = await in_review(desk, content, key)
    await seen_by_gate(desk, key)
    at = desk.clock() + SOON
    await knowledge.approve(desk, REVIEWER, key, base, publish_at=at, despite="都核对过")
    return (await card(desk, key)).revision


async def change_another(desk: Desk, article: Article, **other: Any) -> None:
    """Somebody publishes another article."""
    async with desk.database.write() as session:
        await save(session, replace(article, **other), by="other", at=desk.clock())


async def runs(desk: Desk, revision: int, key: str = KEY) -> list[GateRun]:
    async with desk.database.read() as session:
        query = select(GateRun).where(GateRun.key == key, GateRun.revision == revision)
        return list(await session.scalars(query.order_by(GateRun.id)))


async def employ_both(desk: Desk) -> None:
    async with desk.database.write() as session:
        await add_departments(session)
        for one, role in ((EDITOR, Role.KNOWLEDGE_EDITOR), (REVIEWER, Role.KNOWLEDGE_REVIEWER)):
            profile = Profile(one.name, "water", frozenset({role}))
            await accounts.add(
                session,
                COMMAND_LINE,
                one.username,
                profile,
                Hashing().issue(),
                id=one.username,
                at=desk.clock(),
            )


@pytest.fixture
def unlost(articles: dict[str, Article]) -> dict[str, Any]:
    """A version in which every question is answered as before."""
    return rewritten(articles[KEY], articles[KEY].sections["overview"])


async def test_nothing_is_tried_again_where_nothing_has_changed(
    stocked_desk: Desk, unlost: dict[str, Any], clock: HandClock
) -> None:
    revision = await scheduled(stocked_desk, unlost)
    clock.advance(SOON)
    assert await publish_due(stocked_desk, gates(stocked_desk)) == [KEY]
    assert await runs(stocked_desk, revision) == []


async def test_what_is_answered_as_well_as_before_is_published(
    stocked_desk: Desk, unlost: dict[str, Any], articles: dict[str, Article], clock: HandClock
) -> None:
    revision = await scheduled(stocked_desk, unlost)
    await change_another(stocked_desk, articles[GAS], audience="企业")
    clock.advance(SOON)
    assert await publish_due(stocked_desk, gates(stocked_desk)) == [KEY]
    (run,) = await runs(stocked_desk, revision)
    assert run.outcome is not None and run.version == 2 and run.by == REVIEWER.username


async def lost_since(desk: Desk, unlost: dict[str, Any], articles: dict[str, Article]) -> int:
    """The draft takes the words of a matter that only another article has since the gate was passed."""
    content = {**unlost, "aliases": [*unlost["aliases"], "充电桩 报装", "充电桩接水"]}
    revision = await scheduled(desk, content)
    questions = ("充电桩报装接水怎么办", *articles[GAS].questions)
    await change_another(desk, articles[GAS], questions=questions, aliases=("充电桩报装接水",))
    async with desk.database.write() as session:
        await keep_question(session, "充电桩接水", GAS, by="editor", at=desk.clock())
    return revision


async def test_what_would_newly_be_lost_goes_back_and_both_are_told(
    stocked_desk: Desk, unlost: dict[str, Any], articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    await employ_both(desk)
    revision = await lost_since(desk, unlost, articles)
    clock.advance(SOON)
    found = gates(desk)
    assert [await publish_due(desk, found) for _ in range(2)] == [[], []]
    now = await card(desk)
    assert (now.state, now.publish_at, now.live_number) == (CardState.DRAFT, None, 1)
    (run,) = await runs(desk, revision)
    assert run.outcome is not None and "充电桩接水" in run.outcome["losses"]
    async with desk.database.read() as session:
        newest = (await cards.revisions(session, KEY, before=None, limit=1))[0]
        told = (await session.scalars(select(Notice).where(Notice.kind == NoticeKind.RETURNED))).all()
    assert "“充电桩接水”" in newest.why and newest.by == REVIEWER.username
    texts = {one.account_id: one.text for one in told}
    assert texts.keys() == {EDITOR.username, REVIEWER.username}
    assert texts[EDITOR.username].startswith("您写的") and texts[REVIEWER.username].startswith("您通过的")
    assert all(
        "“充电桩接水”" in text and one.article == KEY for one, text in zip(told, texts.values(), strict=True)
    )


async def test_what_was_accepted_with_a_reason_is_no_new_loss(
    stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    nothing_left = rewritten(
        articles[KEY], "敬请咨询。[^ours]", title="其他事项", aliases=[], questions=["其他事项怎么办"]
    )
    nothing_left["sections"] = {"overview": "敬请咨询。[^ours]"}
    revision = await scheduled(desk, nothing_left)
    async with desk.database.read() as session:
        accepted = await accepted_run(session, await card(desk))
    assert accepted is not None and accepted.outcome is not None and len(accepted.outcome["losses"]) > 10
    await change_another(desk, articles[GAS], audience="企业")
    clock.advance(SOON)
    assert await publish_due(desk, gates(desk)) == [KEY]
    (run,) = await runs(desk, revision)
    assert run.outcome is not None and run.outcome["losses"]


async def test_an_article_that_ended_or_began_since_counts_as_a_change(
    stocked_desk: Desk, unlost: dict[str, Any], articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    await change_another(desk, articles[GAS], valid_until=desk.today())
    base = await in_review(desk, unlost)
    await seen_by_gate(desk)
    day = timedelta(days=1)
    await knowledge.approve(desk, REVIEWER, KEY, base, publish_at=clock() + day, despite="好")
    clock.advance(day)
    assert await publish_due(desk, gates(desk)) == [KEY]
    assert len(await runs(desk, base + 1)) == 1


async def test_a_run_that_died_with_its_process_is_taken_up_by_a_later_round(
    stocked_desk: Desk, unlost: dict[str, Any], articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    revision = await scheduled(desk, unlost)
    await change_another(desk, articles[GAS], audience="企业")
    clock.advance(SOON)
    dead = gates(desk)
    assert await dead._begun(REVIEWER.username, KEY) is not None  # and the process is killed
    assert await publish_due(desk, gates(desk)) == []
    assert (await card(desk)).state == CardState.SCHEDULED
    clock.advance(DEAD_AFTER)
    assert await publish_due(desk, gates(desk)) == [KEY]
    assert [run.outcome is not None for run in await runs(desk, revision)] == [False, True]


async def test_a_death_between_the_run_and_the_publication_loses_nothing(
    stocked_desk: Desk,
    unlost: dict[str, Any],
    articles: dict[str, Article],
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = stocked_desk
    revision = await scheduled(desk, unlost)
    await change_another(desk, articles[GAS], audience="企业")
    clock.advance(SOON)
    with monkeypatch.context() as patched:

        async def dies(*_: object, **__: object) -> None:
            raise RuntimeError("killed")

        patched.setattr(knowledge_scheduled, "announce_articles", dies)
        assert await publish_due(desk, gates(desk)) == []
    assert (await card(desk)).state == CardState.SCHEDULED
    assert await publish_due(desk, gates(desk)) == [KEY]
    assert len(await runs(desk, revision)) == 1  # what was tried is not tried again


async def test_a_change_while_it_is_tried_is_tried_again_before_it_is_published(
    stocked_desk: Desk, unlost: dict[str, Any], articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    revision = await scheduled(desk, unlost)
    await change_another(desk, articles[GAS], audience="企业")
    clock.advance(SOON)

    class Meanwhile(Gates):
        async def replay(self, by: str, key: str) -> None:
            await super().replay(by, key)
            await change_another(desk, articles[GAS], audience="企业、个人")

    once = gates(desk)
    assert await publish_due(desk, Meanwhile(desk, once.rehearsal)) == []
    assert (await card(desk)).state == CardState.SCHEDULED
    assert await publish_due(desk, once) == [KEY]
    assert [run.version for run in await runs(desk, revision)] == [2, 3]


async def test_two_due_at_once_are_published_one_upon_the_other(
    stocked_desk: Desk, unlost: dict[str, Any], articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    gas = rewritten(articles[GAS], articles[GAS].sections["overview"])
    await scheduled(desk, gas, GAS)
    revision = await scheduled(desk, unlost)
    clock.advance(SOON)
    assert await publish_due(desk, gates(desk)) == [GAS, KEY]
    assert len(await runs(desk, revision)) == 1  # against the first as it is now


async def test_what_fails_every_time_keeps_nobody_else_waiting_and_goes_back(
    stocked_desk: Desk,
    unlost: dict[str, Any],
    articles: dict[str, Article],
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = stocked_desk
    revision = await scheduled(desk, unlost)
    gas = rewritten(articles[GAS], articles[GAS].sections["overview"])
    await change_another(desk, articles["company-setup"], audience="企业")
    await scheduled(desk, gas, GAS)
    clock.advance(SOON)
    found = gates(desk)

    def fails(*_: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(knowledge_gate, "compared", fails)
        assert await publish_due(desk, found) == [GAS]
        for _ in range(3):
            assert await publish_due(desk, found) == []  # at once: it is not tried anew yet
        assert len(await runs(desk, revision)) == 1
        for _ in range(3):
            clock.advance(timedelta(minutes=1))
            assert await publish_due(desk, found) == []
    assert len(await runs(desk, revision)) == 3
    assert (await card(desk)).state == CardState.DRAFT


async def test_an_article_without_any_run_left_is_tried_before_it_is_published(
    stocked_desk: Desk, unlost: dict[str, Any], clock: HandClock
) -> None:
    desk = stocked_desk
    revision = await scheduled(desk, unlost)
    async with desk.database.write() as session:
        accepted = await accepted_run(session, await card(desk))
        await session.delete(accepted)
    clock.advance(SOON)
    assert await publish_due(desk, gates(desk)) == [KEY]
    async with desk.database.read() as session:
        assert await newest_run(session, KEY, revision) is not None


async def test_who_left_is_told_nothing(
    stocked_desk: Desk, unlost: dict[str, Any], articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    await employ_both(desk)
    async with desk.database.write() as session:
        account = await session.get_one(Account, EDITOR.username)
        account.active = False
    await lost_since(desk, unlost, articles)
    clock.advance(SOON)
    await publish_due(desk, gates(desk))
    async with desk.database.read() as session:
        told = await session.scalars(select(Notice.account_id).where(Notice.kind == NoticeKind.RETURNED))
        assert told.all() == [REVIEWER.username]
