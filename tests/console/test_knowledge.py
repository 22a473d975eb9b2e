"""The knowledge base in the browser: the list, the editor, the review, the hit test, and whatever people do to them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.knowledge_forms import BODY_BYTES
from desk import knowledge_hits
from desk.desk import Desk
from desk.knowledge import save_draft
from desk.ports import Parsed
from knowledge import cards
from knowledge.article import Article
from knowledge.models import Card, CardState
from knowledge.questions import keep_question
from knowledge.rows import import_articles, save, to_content
from staff.actors import COMMAND_LINE
from staff.audit import Action
from staff.models import AuditEntry
from staff.roles import Role
from tests.console.visit import House, Visit, said
from tests.fakes import HandClock, ScriptedDialogue

KEY = "water-connection"
HERE = f"/console/knowledge/articles/{KEY}"
TEXT = "新的办法：先在营业网点申请。[^ours]"
SOURCE = {
    "source-id": "ours", "source-title": "通报", "source-issuer": "平顶山市", "source-number": "",
    "source-date": "2021-12-17", "source-link": "",
}  # fmt: skip


@pytest.fixture
async def stocked(house: House, desk: Desk, articles: dict[str, Article]) -> House:
    """The console with three articles."""
    some = [articles[key] for key in (KEY, "gas-connection", "company-setup")]
    async with desk.database.write() as session:
        await import_articles(session, some, at=desk.clock())
    return house


def filled(article: Article, **other: str) -> dict[str, Any]:
    """The form as somebody fills it in."""
    return {
        "base": "1", "title": article.title, "category": article.category, "audience": article.audience,
        "department": article.department, "valid_from": article.valid_from.isoformat(),
        "valid_until": "", "checked_on": article.checked_on.isoformat(), "why": "改了办法",
        "aliases": "\n".join(article.aliases), "questions": "\n".join(article.questions),
        "section-overview": TEXT, "action": "save", **SOURCE, **other,
    }  # fmt: skip


async def state(desk: Desk, key: str = KEY) -> tuple[CardState, int]:
    async with desk.database.read() as session:
        card = await cards.card_of(session, key)
    assert card is not None
    return card.state, card.revision


def run_of(page: str) -> str:
    """The run that a page of the gate shows to who may decide on it."""
    found = re.search(r'name="run" value="(\d+)"', page)
    assert found is not None, page
    return found[1]


async def gated(visit: Visit) -> str:
    """The page of the gate when it is done: the run goes on while pages are asked for."""
    await visit.post(f"{HERE}/gate")
    for _ in range(600):
        page = (await visit.get(f"{HERE}/gate")).text
        if "发布后答对" in page or "没有做完" in page:
            return page
    raise AssertionError("the gate did not come to its end")


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


async def test_who_saves_second_sees_both_and_loses_nothing(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    first = await stocked.member("first", Role.KNOWLEDGE_EDITOR)
    second = await stocked.member("second", Role.KNOWLEDGE_EDITOR)
    assert (await first.post(f"{HERE}/edit", filled(articles[KEY]))).status_code == 303
    mine = filled(articles[KEY], **{"section-overview": "我写的另一种说法。[^ours]"})
    page = await second.post(f"{HERE}/edit", mine)
    assert page.status_code == 409 and "别人已经保存过" in page.text
    read = re.sub(r"</?(?:ins|del)>", "", page.text)
    assert "我写的另一种说法" in read and "新的办法" in read
    assert 'name="base" value="2"' in page.text
    assert (await second.post(f"{HERE}/edit", {**mine, "base": "2"})).status_code == 303
    async with desk.database.read() as session:
        kept = await cards.revision(session, KEY, 2)
    assert kept is not None and kept.content["sections"]["overview"] == TEXT


async def test_what_is_in_the_editor_outlives_its_window(
    stocked: House, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    other = await stocked.member("other", Role.KNOWLEDGE_EDITOR)
    kept = await editor.post(f"{HERE}/autosave", filled(articles[KEY]))
    assert kept.json() == {"moved": False, "others": []}
    assert (
        "新的办法" not in (await editor.get(f"{HERE}/edit")).text.partition("接着改")[2].partition("预览")[0]
    )
    assert "新的办法" in (await editor.get(f"{HERE}/edit?own=1")).text
    assert "editor 也在改这篇文章" in (await other.get(f"{HERE}/edit")).text
    await editor.post(f"{HERE}/autosave", {"discard": "1"})
    assert "接着改" not in (await editor.get(f"{HERE}/edit")).text


async def test_who_writes_is_told_who_else_writes_now(
    stocked: House, articles: dict[str, Article], clock: HandClock
) -> None:
    editor, other, third = [
        await stocked.member(name, Role.KNOWLEDGE_EDITOR) for name in ("editor", "other", "third")
    ]

    async def others(visit: Visit, base: str = "1") -> dict[str, Any]:
        answer = await visit.post(f"{HERE}/autosave", filled(articles[KEY], base=base))
        found: dict[str, Any] = answer.json()
        return found

    assert await others(editor) == {"moved": False, "others": []}
    clock.advance(timedelta(minutes=1))
    assert (await others(other))["others"] == ["editor"]
    clock.advance(timedelta(minutes=1))
    assert (await others(third))["others"] == ["other", "editor"]
    clock.advance(timedelta(minutes=8, seconds=30))  # the first has not written for more than ten minutes
    assert (await others(third))["others"] == ["other"]
    await third.post(f"{HERE}/edit", filled(articles[KEY]))
    assert await others(other) == {"moved": True, "others": []}
    assert (await others(editor, "2"))["others"] == ["other"]
    await other.post(f"{HERE}/autosave", {"discard": "1"})
    assert (await others(editor, "2"))["others"] == []


async def test_a_new_article_begins_with_a_key_and_a_taken_one_is_told(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    fields = filled(articles[KEY], base="0", key="heat-connection", title="供热报装")
    answer = await editor.post("/console/knowledge/new", fields)
    assert answer.headers["location"] == "/console/knowledge/articles/heat-connection?said=saved"
    taken = await editor.post("/console/knowledge/new", {**fields, "key": KEY})
    assert taken.status_code == 422 and "已经有文章" in said(taken) and TEXT in taken.text
    wrong = await editor.post("/console/knowledge/new", {**fields, "key": "供热"})
    assert wrong.status_code == 422 and "编号" in said(wrong)


async def test_an_author_takes_an_article_back_and_nobody_waits_for_it(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    other = await stocked.member("other", Role.KNOWLEDGE_EDITOR)
    await editor.post(f"{HERE}/edit", filled(articles[KEY], action="submit"))
    assert f'action="{HERE}/withdraw"' in (await editor.get(HERE)).text
    assert f'action="{HERE}/withdraw"' not in (await other.get(HERE)).text
    answer = await other.post(f"{HERE}/withdraw", {"base": "3"})
    assert answer.status_code == 422 and "只有写了或提交了" in said(answer)
    for _ in range(2):
        answer = await editor.post(f"{HERE}/withdraw", {"base": "3", "why": "还要改"})
        assert answer.headers["location"] == f"{HERE}?said=withdrawn"
    assert await state(desk) == (CardState.DRAFT, 4)
    assert "撤回" in (await editor.follow(answer)).text
    assert f"<small>{KEY}</small>" not in (await editor.get("/console/knowledge?state=in_review")).text
    assert (await editor.post(f"{HERE}/withdraw", {"base": "2"})).status_code == 409


async def test_a_draft_is_given_up_after_a_question_and_can_be_restored(
    stocked: House, desk: Desk, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    await editor.post(f"{HERE}/edit", filled(articles[KEY]))
    await editor.post(f"{HERE}/autosave", filled(articles[KEY], base="2"))
    page = (await editor.get(HERE)).text
    assert "确认放弃" in page and "放弃以后回到线上的内容" in page
    for _ in range(2):
        answer = await editor.post(f"{HERE}/give-up", {"base": "2"})
        assert answer.headers["location"] == f"{HERE}?said=given-up"
    assert await state(desk) == (CardState.PUBLISHED, 3)
    shown = (await editor.follow(answer)).text
    assert "新的办法" not in shown and "确认放弃" not in shown and 'data-saved="water-connection"' in shown
    assert "接着改" not in (await editor.get(f"{HERE}/edit")).text
    assert (await editor.post(f"{HERE}/give-up", {"base": "3"})).status_code == 422
    answer = await editor.post(f"{HERE}/restore", {"base": "3", "number": "2"})
    assert (
        answer.headers["location"] == f"{HERE}?said=restored" and "新的办法" in (await editor.get(HERE)).text
    )
    new = filled(articles[KEY], base="0", key="heat-connection", title="供热报装")
    await editor.post("/console/knowledge/new", new)
    there = "/console/knowledge/articles/heat-connection"
    assert "收进“已下线”" in (await editor.get(there)).text
    await editor.post(f"{there}/give-up", {"base": "1"})
    assert await state(desk, "heat-connection") == (CardState.ARCHIVED, 2)
    assert "heat-connection" not in (await editor.get("/console/knowledge?state=draft")).text


async def test_a_preview_shows_each_channel_with_its_own_words(
    stocked: House, articles: dict[str, Article]
) -> None:
    editor = await stocked.member("editor", Role.KNOWLEDGE_EDITOR)
    fields = filled(articles[KEY], **{"variant-wechat-overview": "微信里短一些。"})
    page = (await editor.post(f"{HERE}/preview", fields)).text
    wechat, telegram = page.split("phone-telegram")
    assert "微信里短一些" in wechat and "字节" in wechat
    assert "新的办法" in telegram and "微信里短一些" not in telegram


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


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"base": "9" * 40}, {"base": "x", "publish_at": "0001-01-01T00:00"}, {"base": "1", "why": "字" * 5000},
        {"base": "1", "publish_at": "9999-12-31T23:59"}, {"base": "1", "publish_at": "明天"}, {"number": "-3"},
        {"base": "1", "valid_from": "2026-02-30", "title": "<script>", "source-date": "x"},
        *({"base": "1", name: "20260-01-31"} for name in ("valid_from", "valid_until", "checked_on")),
    ],
)  # fmt: skip
async def test_odd_forms_get_a_sentence(stocked: House, desk: Desk, fields: dict[str, str]) -> None:
    both = await stocked.member("both", Role.KNOWLEDGE_EDITOR, Role.KNOWLEDGE_REVIEWER)
    for name in (
        "edit",
        "submit",
        "approve",
        "send-back",
        "archive",
        "restore",
        "withdraw",
        "give-up",
        "autosave",
        "preview",
        "gate",
    ):
        answer = await both.post(f"{HERE}/{name}", fields)
        assert answer.status_code < 500, (name, answer.text)
        if name == "edit" and answer.status_code == 303:
            async with desk.database.read() as session:
                kept = await session.get_one(Card, KEY)
            typed = {one: fields[one] for one in ("valid_from", "valid_until", "checked_on") if one in fields}
            assert typed.items() <= kept.content.items()
    for path in ("/console/knowledge/new", "/console/knowledge/hit-test", "/console/knowledge/questions"):
        assert (await both.post(path, fields)).status_code < 500


def test_a_form_of_the_editor_may_be_large() -> None:
    assert BODY_BYTES > 300 * 300 * 3
