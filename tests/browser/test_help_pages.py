"""The public help pages in a real browser: on a telephone and on a desk, with axe-core, without a script, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.served_console import ServedConsole, served_console
from tests.browser.test_console import Examiner
from tests.conftest import ARTICLES


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """A running product with all of its articles."""
    with served_console(tmp_path_factory.mktemp("help"), ARTICLES) as running:
        yield running


def test_every_help_page_is_fit_to_be_shown(
    browser: Browser, axe: str, tmp_path: Path, served: ServedConsole
) -> None:
    # A window of its own: what the screenshots add to it would be a breach of the content policy.
    page = browser.new_page(locale="zh-CN")
    examiner = Examiner(page, axe, tmp_path)
    page.goto(f"{served.url}/articles")
    expect(page.get_by_role("heading", level=1)).to_have_text("企业办事指南")
    examiner.examine("contents")
    page.get_by_label("要办什么事").fill("厂里要接自来水找谁")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("main").get_by_role("listitem").first).to_contain_text("企业用水报装")
    examiner.examine("found")
    page.get_by_role("link", name="企业用水报装").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("企业用水报装")
    examiner.examine("article")
    page.get_by_role("navigation", name="本页内容").get_by_role("link", name="所需材料").click()
    expect(page.get_by_role("heading", name="所需材料")).to_be_in_viewport()
    page.get_by_role("link", name="供水", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("供水")
    examiner.examine("category")
    page.goto(f"{served.url}/articles/never-there")
    examiner.examine("missing")
    page.emulate_media(color_scheme="dark")
    page.goto(f"{served.url}/articles/water-connection")
    examiner.examine("article-dark")
    page.close()


def test_the_help_pages_need_no_script_and_keep_to_their_content_policy(
    browser: Browser, page: Page, served: ServedConsole
) -> None:
    page.goto(f"{served.url}/articles/water-connection")  # a breach of the policy fails the fixture
    assert page.locator('script[type="application/ld+json"]').count() == 1
    plain = browser.new_page(java_script_enabled=False)
    plain.goto(f"{served.url}/articles")
    plain.get_by_label("要办什么事").fill("注销公司")
    plain.keyboard.press("Enter")
    expect(plain.get_by_role("heading", level=1)).to_have_text("查找“注销公司”")
    expect(plain.get_by_role("main").get_by_role("listitem").first).to_contain_text("注销")
    plain.close()


def test_an_article_is_printed_without_what_only_a_screen_needs(page: Page, served: ServedConsole) -> None:
    page.goto(f"{served.url}/articles/water-connection")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="依据的文件")).to_be_visible()
    for what in (".top", ".chips", ".related", ".ask"):
        expect(page.locator(what).first).to_be_hidden()
