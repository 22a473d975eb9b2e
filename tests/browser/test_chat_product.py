"""The chat page on the real product: what an enterprise sees, at phone and desktop width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.looking import pictures
from tests.product.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running product."""
    product = Served(tmp_path_factory.mktemp("served"))
    product.start()
    yield product
    product.stop()


def test_an_enterprise_asks_in_the_page_and_keeps_the_talk_on_reload(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page.goto(f"{served.url}/chat")
    page.get_by_role("textbox").fill("用水报装要多久")
    page.keyboard.press("Enter")
    log = page.get_by_role("log")
    expect(log).to_contain_text("企业用水报装", timeout=15_000)
    expect(log).to_contain_text("全市优化营商环境工作情况通报")
    page.get_by_role("button", name="所需材料").click()
    expect(log).to_contain_text("供水单位", timeout=15_000)
    page.screenshot(path=pictures(tmp_path) / "phone.png")
    page.reload()
    expect(page.get_by_role("log")).to_contain_text("企业用水报装", timeout=15_000)
    page.close()
