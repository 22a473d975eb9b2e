"""The editor in the browser: what is written, by several at once, taken back and given up."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from console.knowledge_forms import BODY_BYTES
from desk.desk import Desk
from knowledge import cards
from knowledge.article import Article
from knowledge.models import Card, CardState
from staff.roles import Role
from tests.console.editing import HERE, KEY, TEXT, filled, state
from tests.console.visit import House, Visit, said
from tests.fakes import HandClock


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
