"""The pages for other systems in a real browser: on a desk and on a telephone, with axe-core, and by the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.looking import DESK
from tests.browser.served_console import ServedConsole, served_console
from tests.browser.test_console import Examiner, choose_password, sign_in


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """A running product."""
    with served_console(tmp_path_factory.mktemp("systems")) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A desk with nothing stored."""
    opened = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    yield opened
    opened.close()


def test_an_admin_connects_a_system(page: Page, axe: str, tmp_path: Path, console: ServedConsole) -> None:
    examiner = Examiner(page, axe, tmp_path)
    sign_in(page, console, "sun.qi", console.passwords["sun.qi"])
    choose_password(page)
    page.get_by_role("navigation").get_by_role("link", name="系统对接").click()
    examiner.examine("systems-empty")
    page.locator("#token-name").fill("市督查平台")
    page.get_by_role("checkbox", name="tickets:read").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="新建令牌").click()
    expect(page.locator(".once code")).to_contain_text("qifu_api_")
    examiner.examine("token")
    page.get_by_role("link", name="完成").click()
    page.get_by_label("名称", exact=True).last.fill("市督查平台")
    page.get_by_label("接收地址").fill("https://127.0.0.1:9/hooks")
    page.get_by_role("button", name="新建推送").click()
    expect(page.locator(".once code")).to_contain_text("whsec_")
    examiner.examine("secret")
    page.get_by_role("link", name="完成").click()
    page.get_by_role("button", name="发送测试事件").click()
    expect(page.locator("#notice")).to_contain_text("队列")
    for _ in range(40):
        if page.get_by_text("在内部网络").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_text("在内部网络")).to_be_visible()
    examiner.examine("webhook")
    page.get_by_text("只要工单的某些事件").click()
    examiner.examine("webhook-events")
    page.get_by_role("link", name="系统对接").first.click()
    examiner.examine("systems")
    page.get_by_role("button", name="吊销：市督查平台").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已吊销", exact=True)).to_be_visible()
    examiner.examine("systems-revoked")
