"""The public page of an article."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from connectors.web.articles import Block, article_router, blocks
from desk.desk import Desk
from knowledge.article import Article
from knowledge.rows import import_articles


async def page(desk: Desk, key: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(article_router(desk))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        return await client.get(f"/articles/{key}")


async def test_an_article_is_shown_whole_with_its_sources(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    shown = await page(stocked_desk, "water-connection")
    assert shown.status_code == 200
    assert "default-src 'self'" in shown.headers["content-security-policy"]
    for part in (
        "企业用水报装",
        "所需材料",
        "1个工作日以内",
        "《供水条例》（国务院令第831号，2026-02-11）第二十条",
    ):
        assert part in shown.text
    assert "[^" not in shown.text


@pytest.mark.parametrize("key", ["never-there", "..%2F..%2Fetc", "%3Cscript%3E"])
async def test_another_key_is_not_found(key: str, stocked_desk: Desk) -> None:
    shown = await page(stocked_desk, key)
    assert shown.status_code == 404
    assert "<script" not in shown.text


async def test_what_authors_write_is_text_and_no_markup(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    evil = replace(articles["water-connection"], title="<img src=x onerror=alert(1)>")
    async with stocked_desk.database.write() as session:
        await import_articles(session, [evil], at=stocked_desk.clock())
    shown = await page(stocked_desk, "water-connection")
    assert "<img" not in shown.text
    assert "&lt;img" in shown.text


def test_lists_and_paragraphs_are_told_apart() -> None:
    assert blocks("先说一句。\n\n1. 申请\n2. 勘验\n- 甲\n- 乙\n完。") == [
        Block("p", ("先说一句。",)),
        Block("ol", ("申请", "勘验")),
        Block("ul", ("甲", "乙")),
        Block("p", ("完。",)),
    ]
