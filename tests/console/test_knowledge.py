"""The knowledge base in the browser: the list, the hit test, who sees what."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk import knowledge_hits
from desk.desk import Desk
from desk.ports import Parsed
from knowledge.article import Article
from knowledge.rows import import_articles, save
from staff.audit import Action
from staff.models import AuditEntry
from staff.roles import Role
from tests.console.editing import HERE, KEY, filled
from tests.console.visit import House, said
from tests.fakes import HandClock, ScriptedDialogue


async def test_the_list_finds_by_words_and_filters(stocked: House, desk: Desk, clock: HandClock) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    everything = (await editor.get("/console/knowledge")).text
    assert KEY in everything and "gas-connection" in everything
    found = (await editor.get("/console/knowledge?q=用水 报装")).text
    assert f"<small>{KEY}</small>" in found and "<small>company-setup</small>" not in found
    assert f"<small>{KEY}</small>" not in (await editor.get("/console/knowledge?category=gas")).text
    assert f"<small>{KEY}</small>" in (await editor.get("/console/knowledge?department=water")).text
    assert "没有符合的文章" in (await editor.get("/console/knowledge?due=check")).text
    clock.advance(timedelta(days=400))
    editor = await stocked.member("later", Role.KNOWLEDGE_EDITOR)
    assert f"<small>{KEY}</small>" in (await editor.get("/console/knowledge?due=check")).text


async def test_readers_find_what_is_answered_and_nothing_of_a_draft(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    agent = await stocked.member("agent", Role.AGENT)
    draft = filled(
        articles[KEY], title="未公开的标题", category="gas", department="未公开的部门",
        valid_until="2027-01-09", checked_on="2026-11-20", departments="gas",
    )  # fmt: skip
    draft["section-overview"] = "未公开的正文。[^ours]"
    assert (await editor.post(f"{HERE}/edit", draft)).status_code == 303
    line = f"<small>{KEY}</small>"
    page = (await agent.get("/console/knowledge")).text
    assert line in page and articles[KEY].title in page and str(articles[KEY].checked_on) in page
    for secret in ("未公开", "2027-01-09", "2026-11-20", "草稿", "editor"):
        assert secret not in page
    for query in ("q=未公开的标题", "q=未公开的正文", "category=gas", "department=gas"):
        assert line not in (await agent.get(f"/console/knowledge?{query}")).text, query
        assert line in (await editor.get(f"/console/knowledge?{query}")).text, query
    for query in ("q=用水报装", "category=water", "department=water", f"q={KEY}"):
        assert line in (await agent.get(f"/console/knowledge?{query}")).text, query
    assert "草稿" not in (await agent.get(HERE)).text


async def test_what_is_due_goes_by_what_is_answered(
    stocked: House, desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    line = f"<small>{KEY}</small>"
    ending = replace(articles[KEY], valid_until=desk.today() + timedelta(days=410))
    async with desk.database.write() as session:
        await save(session, ending, by="import", at=desk.clock())
    clock.advance(timedelta(days=400))
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    agent = await stocked.member("agent", Role.AGENT)
    today = desk.today().isoformat()
    draft = filled(articles[KEY], base="2", checked_on=today, valid_until="")
    assert (await editor.post(f"{HERE}/edit", draft)).status_code == 303
    for visit in (editor, agent):
        for due in ("check", "expiring"):
            page = (await visit.get(f"/console/knowledge?due={due}")).text
            assert line in page and "即将失效" in page and "请核对" in page
        page = (await visit.get(HERE)).text
        assert "超过一年没有核对" in page and "失效</span>" in page


async def test_pages_of_the_list_follow_each_other(
    house: House, desk: Desk, articles: dict[str, Article]
) -> None:
    async with desk.database.write() as session:
        await import_articles(session, articles.values(), at=desk.clock())
    editor = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    seen: list[str] = []
    path = "/console/knowledge"
    while path:
        page = (await editor.get(path)).text
        seen += re.findall(r"<small>([a-z0-9-]+)</small>", page)
        older = re.search(r'href="([^"]+)">下一页', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert sorted(seen) == sorted(articles)


async def test_a_hit_test_tells_why_and_keeps_its_history(
    stocked: House, desk: Desk, dialogue: ScriptedDialogue, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    dialogue.parsed["用水报装怎么办"] = Parsed("topic_water", 0.93, {"topic_water": 0.93, "greet": 0.07})
    await editor.post(f"{HERE}/edit", filled(articles[KEY]))
    answer = await editor.post("/console/knowledge/hit-test", {"text": "用水报装怎么办"})
    page = (await editor.get(answer.headers["location"])).text
    assert "问：供水" in page and "topic_water" not in page and "93%" in page and "得分的理由" in page
    live, draft = page.split("<h2>草稿发布以后</h2>")
    assert "新的办法" not in live and "新的办法" in draft
    dialogue.down = True
    answer = await editor.post("/console/knowledge/hit-test", {"text": "用气报装"})
    page = (await editor.get(answer.headers["location"])).text
    assert "对话模型现在没有运行" in page and "用水报装怎么办" in page
    kept = await editor.post("/console/knowledge/questions", {"text": "用水报装怎么办", "article": KEY})
    assert kept.status_code == 303
    assert "用水报装怎么办" in (await editor.get("/console/knowledge/questions")).text
    assert (
        await editor.post("/console/knowledge/questions", {"text": "x", "article": "none"})
    ).status_code == 422


async def test_questions_of_the_gate_are_changed_by_who_may_publish_and_are_in_the_audit_log(
    stocked: House, desk: Desk
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    reviewer = await stocked.member("reviewer", Role.KNOWLEDGE_REVIEWER)
    here = "/console/knowledge/questions"
    question = {"text": "用水报装怎么办", "article": KEY}
    for _ in range(2):
        assert (await editor.post(here, question)).status_code == 303
    other = {**question, "article": ""}
    refused = await editor.post(here, other)
    assert refused.status_code == 422 and "联系知识审核" in said(refused)
    assert (await editor.post(f"{here}/1/drop")).status_code == 403
    assert "删除：" not in (await editor.get(here)).text and "删除：" in (await reviewer.get(here)).text
    assert (await reviewer.post(here, other)).status_code == 303
    for _ in range(2):
        assert (await reviewer.post(f"{here}/1/drop")).status_code == 303
    async with desk.database.read() as session:
        entries = await session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == Action.TEST_QUESTION_CHANGED)
            .order_by(AuditEntry.id)
        )
        found = [(one.who, (one.detail.keys() - {"应答文章"}).pop()) for one in entries]
    assert found == [("editor", "新增"), ("reviewer", "改应答文章"), ("reviewer", "删除")]


async def test_a_publication_while_a_question_is_tried_breaks_nothing(
    stocked: House, desk: Desk, articles: dict[str, Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    read = knowledge_hits.drafts_in_work

    async def meanwhile(desk: Desk, session: AsyncSession) -> dict[str, Article]:
        async with desk.database.write() as other:
            await save(other, articles["water-price"], by="other", at=desk.clock())
        await desk.library.refresh()
        return await read(desk, session)

    monkeypatch.setattr(knowledge_hits, "drafts_in_work", meanwhile)
    answer = await editor.post("/console/knowledge/hit-test", {"text": articles["water-price"].questions[0]})
    assert answer.status_code == 303


async def test_who_does_not_see_drafts_sees_what_is_answered(
    stocked: House, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    agent = await stocked.member("agent", Role.AGENT)
    await editor.post(f"{HERE}/edit", filled(articles[KEY]))
    await editor.post(
        "/console/knowledge/new", filled(articles[KEY], base="0", key="secret-matter", title="未公开事项")
    )
    assert "新的办法" in (await editor.get(HERE)).text
    page = await agent.get(HERE)
    assert page.status_code == 200 and "新的办法" not in page.text
    assert "未公开事项" not in (await agent.get("/console/knowledge")).text
    assert (await agent.get("/console/knowledge/articles/secret-matter")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/console/knowledge/articles/{}", "/console/knowledge/articles/{}/edit", "/console/knowledge/articles/{}/review",
     HERE + "/compare?old={}&new={}", "/console/knowledge/hit-test?id={}", "/console/knowledge?after={}",
     "/console/knowledge?state={}&q={}&due={}", HERE + "?before={}", "/console/knowledge/questions?before={}"],
)  # fmt: skip
@pytest.mark.parametrize(
    "what", ["none", "99999999999999999999999", "%25%5F%5C", "<b>", "-1", "9999-12-31T23:59:59+00:00~x"]
)
async def test_what_does_not_exist_is_told_and_nothing_breaks(stocked: House, path: str, what: str) -> None:
    both = await stocked.member("both", Role.KNOWLEDGE_EDITOR, Role.KNOWLEDGE_REVIEWER)
    assert (await both.get(path.replace("{}", what))).status_code in (200, 404)
