"""The public pages of the articles."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from fastapi import FastAPI

from connectors.web.articles import Block, article_router, blocks
from connectors.web.sitemap import sitemap_router
from desk.desk import Desk
from knowledge.article import Article
from knowledge.rows import archive, import_articles
from tests.conftest import HANDFUL

PUBLIC = "https://qifu.example.cn"


@asynccontextmanager
async def visitor(desk: Desk, public_url: str = PUBLIC) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(article_router(desk, public_url))
    app.include_router(sitemap_router(desk, public_url))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        yield client


async def page(desk: Desk, path: str, **headers: str) -> httpx.Response:
    async with visitor(desk) as client:
        return await client.get(path, headers=headers)


async def put(desk: Desk, *articles: Article) -> None:
    async with desk.database.write() as session:
        await import_articles(session, articles, at=desk.clock())


async def test_an_article_is_shown_whole_with_its_sources(stocked_desk: Desk) -> None:
    shown = await page(stocked_desk, "/articles/water-connection")
    assert shown.status_code == 200
    assert "default-src 'self'" in shown.headers["content-security-policy"]
    for part in (
        "企业用水报装",
        "所需材料",
        "1个工作日以内",
        "《供水条例》（国务院令第831号，2026-02-11）第二十条",
        '<link rel="canonical" href="https://qifu.example.cn/articles/water-connection">',
        '<meta name="description" content="',
        'href="/articles/water-price"',
    ):
        assert part in shown.text
    assert "[^" not in shown.text


@pytest.mark.parametrize("key", ["never-there", "..%2F..%2Fetc", "%3Cscript%3E", "%00", "a" * 3000])
async def test_another_key_is_not_found_and_told_where_to_ask(key: str, stocked_desk: Desk) -> None:
    shown = await page(stocked_desk, f"/articles/{key}")
    assert shown.status_code == 404
    assert "<script" not in shown.text
    if "%2F" not in key:
        assert "12345" in shown.text and 'href="/chat"' in shown.text and "noindex" in shown.text


async def test_what_has_expired_or_is_archived_is_nowhere(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    yesterday = stocked_desk.today() - timedelta(days=1)
    tomorrow = stocked_desk.today() + timedelta(days=1)
    await put(
        stocked_desk,
        replace(articles["gas-connection"], valid_until=yesterday),
        replace(articles["water-price"], valid_from=tomorrow),
    )
    async with stocked_desk.database.write() as session:
        await archive(session, "company-setup", by="somebody", at=stocked_desk.clock())
    async with visitor(stocked_desk) as client:
        everywhere = [
            (await client.get(path)).text
            for path in (
                "/articles", "/articles?q=企业开办", "/articles?q=用气报装", "/sitemap.xml", "/articles/water-connection",
            )
        ]  # fmt: skip
        for key in ("gas-connection", "water-price", "company-setup"):
            assert (await client.get(f"/articles/{key}")).status_code == 404
            assert all(f"/articles/{key}" not in text for text in everywhere)
        assert all("/articles/water-connection" in text for text in everywhere[:1])


async def test_what_authors_write_is_text_and_no_markup(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    evil = "</script><img src=x onerror=alert(1)><!--"
    article = articles["water-connection"]
    await put(stocked_desk, replace(article, title=evil, sections={**article.sections, "overview": evil}))
    for path in (
        "/articles/water-connection",
        "/articles",
        "/articles?q=用水报装",
        "/articles?category=water",
    ):
        shown = await page(stocked_desk, path)
        assert "<img" not in shown.text and "<!--" not in shown.text
        assert "&lt;img" in shown.text


async def test_search_engines_read_each_section_as_a_question_with_its_answer(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    shown = await page(stocked_desk, "/articles/water-connection")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', shown.text, re.DOTALL)
    assert found is not None
    told = json.loads(found[1])
    assert told["@type"] == "FAQPage"
    article = articles["water-connection"]
    assert [item["acceptedAnswer"]["text"] for item in told["mainEntity"]] == [
        article.text(aspect) for aspect in article.aspects()
    ]


async def test_the_contents_name_everything_by_category(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    shown = await page(stocked_desk, "/articles")
    assert shown.status_code == 200
    for key in HANDFUL:
        assert articles[key].title in shown.text
    assert shown.text.index("供水") < shown.text.index("燃气") < shown.text.index("供电")
    of_water = await page(stocked_desk, "/articles?category=water")
    assert articles["water-price"].title in of_water.text
    assert articles["gas-connection"].title not in of_water.text
    assert (await page(stocked_desk, "/articles?category=nothing")).status_code == 404


async def test_a_long_category_goes_on_page_by_page(desk: Desk, articles: dict[str, Article]) -> None:
    water = articles["water-connection"]
    await put(
        desk, *(replace(water, key=f"water-{number:03}", title=f"事项{number:03}") for number in range(120))
    )
    seen: list[str] = []
    path = "/articles?category=water"
    while path:
        shown = (await page(desk, path)).text
        seen += re.findall(r">(事项\d+)</a>", shown)
        more = re.search(r'href="([^"]+)">后面的', shown)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen == [f"事项{number:03}" for number in range(120)]
    front = (await page(desk, "/articles")).text
    assert "全部 120 件" in front and "事项008" not in front


async def test_the_search_is_the_one_of_the_chat(stocked_desk: Desk, articles: dict[str, Article]) -> None:
    shown = (await page(stocked_desk, "/articles?q=厂里要接自来水找谁")).text
    first = re.search(r'<ul class="listed">\s*<li><a href="/articles/([a-z-]+)"', shown)
    assert first is not None and first[1] == "water-connection"
    assert "找到这些" in shown


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("明天会不会下雨", "没有"),
        ("水" * 3000, "100 字以内"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("%00", "企业办事指南"),
        ("   ", "企业办事指南"),
    ],
)
async def test_any_search_is_answered(asked: str, told: str, stocked_desk: Desk) -> None:
    shown = await page(stocked_desk, f"/articles?q={asked}")
    assert shown.status_code == 200
    assert told in shown.text
    assert "<script>" not in shown.text


async def test_what_a_browser_has_already_is_not_sent_again(
    stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    for path in ("/articles", "/articles/water-connection", "/sitemap.xml", "/robots.txt"):
        first = await page(stocked_desk, path)
        tag = first.headers["etag"]
        for tags in (tag, f'"other", W/{tag}', "*"):
            again = await page(stocked_desk, path, **{"If-None-Match": tags})
            assert (again.status_code, again.text, again.headers["etag"]) == (304, "", tag)
        assert (await page(stocked_desk, path, **{"If-None-Match": '"other"'})).status_code == 200
    modified = (await page(stocked_desk, "/articles/water-connection")).headers["last-modified"]
    assert (
        await page(stocked_desk, "/articles/water-connection", **{"If-Modified-Since": modified})
    ).status_code == 304
    before = format_datetime(parsedate_to_datetime(modified) - timedelta(seconds=1), usegmt=True)
    for since in (before, "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"):
        shown = await page(stocked_desk, "/articles/water-connection", **{"If-Modified-Since": since})
        assert shown.status_code == 200
    tag = (await page(stocked_desk, "/articles/water-connection")).headers["etag"]
    await put(stocked_desk, replace(articles["water-connection"], title="换了名称"))
    assert (
        await page(stocked_desk, "/articles/water-connection", **{"If-None-Match": tag})
    ).status_code == 200


async def test_the_sitemap_lists_what_is_in_force(stocked_desk: Desk) -> None:
    tree = fromstring((await page(stocked_desk, "/sitemap.xml")).text)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    places = [place.text for place in tree.iter(f"{space}loc")]
    assert places == [f"{PUBLIC}/articles", *(f"{PUBLIC}/articles/{key}" for key in sorted(HANDFUL))]
    assert len(list(tree.iter(f"{space}lastmod"))) == len(HANDFUL)
    assert f"Sitemap: {PUBLIC}/sitemap.xml" in (await page(stocked_desk, "/robots.txt")).text


async def test_without_a_public_address_pages_name_the_one_they_were_asked_at(stocked_desk: Desk) -> None:
    async with visitor(stocked_desk, "") as client:
        assert 'href="http://page/articles"' in (await client.get("/articles")).text
        head = await client.head("/articles/water-connection")
        assert head.status_code == 200


def test_lists_and_paragraphs_are_told_apart() -> None:
    assert blocks("先说一句。\n\n1. 申请\n2. 勘验\n- 甲\n- 乙\n完。") == [
        Block("p", ("先说一句。",)),
        Block("ol", ("申请", "勘验")),
        Block("ul", ("甲", "乙")),
        Block("p", ("完。",)),
    ]
