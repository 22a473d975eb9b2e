"""The review in the browser: the difference, what the gate found, the decision."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from desk.desk import Desk
from desk.knowledge import save_draft
from knowledge import cards
from knowledge.article import Article
from knowledge.models import CardState
from knowledge.questions import keep_question
from knowledge.rows import save, to_content
from staff.actors import COMMAND_LINE
from staff.roles import Role
from tests.console.editing import HERE, KEY, filled, gated, run_of, state
from tests.console.visit import House, said
from tests.desk.publishing import shortened
from tests.fakes import HandClock


@pytest.fixture
def articles(articles: dict[str, Article]) -> dict[str, Article]:
    return shortened(articles)


async def test_an_editor_writes_and_a_reviewer_finds_the_difference_and_approves(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    reviewer = await stocked.member("reviewer", Role.KNOWLEDGE_REVIEWER)
    answer = await editor.post(f"{HERE}/edit", filled(articles[KEY], action="submit"))
    assert answer.headers["location"] == f"{HERE}?said=submitted"
    assert await state(desk) == (CardState.IN_REVIEW, 3)
    review = (await reviewer.get(f"{HERE}/review")).text
    assert "<ins>" in review and "通过并发布" in review
    assert "新的办法" in re.sub(r"</?(?:ins|del)>", "", review)
    page = await gated(reviewer)
    assert "发布后答对" in page and re.search(r"检验了 (\d+) 个问题，共 \1 个", page)
    fields = {"base": "3", "why": "已核对原文", "despite": "缩短了", "run": run_of(page)}
    answer = await reviewer.post(f"{HERE}/approve", fields)
    assert answer.headers["location"] == f"{HERE}?said=approved"
    await desk.library.refresh()
    article = desk.library.article(KEY, desk.today())
    assert article is not None and "新的办法" in article.text("overview")
    again = await reviewer.post(f"{HERE}/approve", fields)
    assert again.status_code == 303
    assert await state(desk) == (CardState.PUBLISHED, 4)


async def test_a_version_that_begins_later_is_offered_for_its_day(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    reviewer = await stocked.member("reviewer", Role.KNOWLEDGE_REVIEWER)
    begins = (desk.today() + timedelta(days=3)).isoformat()
    await editor.post(f"{HERE}/edit", filled(articles[KEY], valid_from=begins, action="submit"))
    assert f'value="{begins}T00:00"' in (await reviewer.get(f"{HERE}/review")).text
    fields = {"base": "3", "despite": "好", "run": run_of(await gated(reviewer))}
    answer = await reviewer.post(f"{HERE}/approve", {**fields, "publish_at": ""})
    assert answer.status_code == 422 and "请用“定时发布”" in answer.text
    assert f'value="{begins}T00:00"' in answer.text
    answer = await reviewer.post(f"{HERE}/approve", {**fields, "publish_at": f"{begins}T00:00"})
    assert answer.headers["location"] == f"{HERE}?said=scheduled"


async def test_a_run_of_before_another_article_ended_is_shown_as_outdated(
    stocked: House, desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    async with desk.database.write() as session:
        ending = replace(articles["gas-connection"], valid_until=desk.today())
        await save(session, ending, by="x", at=desk.clock())
    await editor.post(f"{HERE}/edit", filled(articles[KEY], action="submit"))
    told = "别的文章生效、到期"
    assert told not in await gated(editor)
    clock.advance(timedelta(days=1))
    again = await stocked.member("again", Role.KNOWLEDGE_EDITOR)
    assert told in (await again.get(f"{HERE}/review")).text


async def test_a_reason_is_asked_for_only_where_one_is_needed_and_no_note_takes_its_place(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    reviewer = await stocked.member("reviewer", Role.KNOWLEDGE_REVIEWER)
    as_before = articles[KEY].sections["overview"].split("[^")[0] + "[^ours]"
    unlost = {
        f"section-{aspect}": re.sub(r"\[\^.*?\]", "[^ours]", text)
        for aspect, text in articles[KEY].sections.items()
    }
    unlost |= {"section-overview": as_before, "variant-wechat-overview": "微信里短一些。", "action": "submit"}
    await editor.post(f"{HERE}/edit", filled(articles[KEY], **unlost))
    page = await gated(reviewer)
    assert (
        "仍要发布的理由" not in page and "仍要发布的理由" not in (await reviewer.get(f"{HERE}/review")).text
    )
    async with desk.database.write() as session:
        await save(session, replace(articles["gas-connection"], audience="企业"), by="x", at=desk.clock())
    page = (await reviewer.get(f"{HERE}/review")).text
    assert "仍要发布的理由" in page and "检验已经过时" in page
    assert "仍要发布的理由" not in (await editor.get(f"{HERE}/review")).text
    fields = {"base": "3", "why": "写在意见里", "run": run_of(page)}
    answer = await reviewer.post(f"{HERE}/approve", fields)
    assert answer.status_code == 422 and "写明仍要发布的理由" in said(answer)
    assert "写在意见里" in answer.text
    answer = await reviewer.post(f"{HERE}/approve", {**fields, "despite": "只改了适用对象"})
    assert answer.status_code == 303
    async with desk.database.read() as session:
        newest = (await cards.revisions(session, KEY, before=None, limit=1))[0]
    assert newest.why == "写在意见里；仍要发布的理由：只改了适用对象"


async def test_a_run_that_found_something_else_than_the_one_looked_at_is_looked_at_first(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    reviewer = await stocked.member("reviewer", Role.KNOWLEDGE_REVIEWER)
    await editor.post(f"{HERE}/edit", filled(articles[KEY], action="submit"))
    fields = {"base": "3", "despite": "好", "why": ""}
    seen = run_of(await gated(reviewer))
    async with desk.database.write() as session:  # the next run asks a question more, and finds it lost
        await keep_question(session, "用水报装要什么材料呀", KEY, by="editor", at=desk.clock())
    again = run_of(await gated(reviewer))
    assert again != seen
    for unseen in (seen, "", "0", "x", "9" * 30, "99999999"):
        answer = await reviewer.post(f"{HERE}/approve", {**fields, "run": unseen})
        assert answer.status_code == 422 and "和您看到的不一样" in said(answer), unseen
    assert run_of(answer.text) == again
    assert (await state(desk))[0] == CardState.IN_REVIEW
    answer = await reviewer.post(f"{HERE}/approve", {**fields, "run": run_of(answer.text)})
    assert answer.headers["location"] == f"{HERE}?said=approved"


async def test_a_second_run_that_found_the_same_keeps_nobody_from_approving(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    reviewer = await stocked.member("reviewer", Role.KNOWLEDGE_REVIEWER)
    await editor.post(f"{HERE}/edit", filled(articles[KEY], action="submit"))
    seen = run_of(await gated(reviewer))
    assert run_of(await gated(reviewer)) != seen
    answer = await reviewer.post(f"{HERE}/approve", {"base": "3", "despite": "好", "run": seen})
    assert answer.headers["location"] == f"{HERE}?said=approved"


async def test_the_gate_shows_a_channel_whose_answer_alone_changes(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    content = {**to_content(articles[KEY]), "variants": {"wechat": {"overview": "微信里短一些。"}}}
    await save_draft(desk, COMMAND_LINE, KEY, content)
    page = await gated(editor)
    assert "只在微信" in page and "只在网页" not in page


async def test_a_name_of_another_article_is_told_in_the_editor_and_to_the_reviewer(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    gas = articles["gas-connection"]
    fields = filled(articles[KEY], questions=f"{gas.questions[0]}？")
    told = f"已经是“{gas.title}”的相似问法"
    assert told in (await editor.post(f"{HERE}/edit", {**fields, "action": "preview"})).text
    assert told in (await editor.post(f"{HERE}/edit", {**fields, "action": "submit"})).text
    assert await state(desk) == (CardState.DRAFT, 2)
    for page in ("/edit", "/review", ""):
        assert told in (await editor.get(f"{HERE}{page}")).text, page
