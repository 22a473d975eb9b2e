"""What agents do beside talking: called by a note, canned replies, a ticket from a talk, a question for the editors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.scratch import free_port
from app.settings import Settings
from tests.browser.desk_scene import PASSWORD, set_scene
from tests.browser.looking import DESK, pictures
from tests.browser.served_console import serving
from tests.browser.test_console import Examiner


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running product without Rasa, with a morning's threads."""
    folder = tmp_path_factory.mktemp("desk-work")
    with ThreadPoolExecutor(1) as aside:  # in this thread the browser's driver has a loop of its own
        aside.submit(asyncio.run, set_scene(folder)).result()
    with serving(Settings(data=folder, rasa_url="http://127.0.0.1:9", port=free_port())) as address:
        yield address


def signed_in(browser: Browser, url: str, username: str) -> Page:
    """A window of its own, at the inbox."""
    page = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai").new_page()
    page.on("console", lambda line: pytest.fail(line.text) if "Content Security" in line.text else None)
    page.goto(f"{url}/console/inbox")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("对话")
    return page


def test_an_agent_works_with_all_of_it_by_the_keyboard(
    browser: Browser, url: str, axe: str, tmp_path: Path
) -> None:
    page, other = signed_in(browser, url, "zhang.san"), signed_in(browser, url, "li.si")
    examiner = Examiner(page, axe, tmp_path)
    figure = page.locator("nav [data-count=mentions]")
    expect(figure).to_contain_text("1")
    page.get_by_role("link", name="提到我的").click()
    examiner.examine("mentions")
    page.locator(".called").click()
    expect(page.locator("#log .entry.note")).to_contain_text("帮忙盯一下")
    expect(figure).to_be_hidden()

    page.goto(f"{url}/console/inbox")
    page.locator(".line", has_text="平顶＊＊").get_by_role("link").click()
    expect(page.locator(".files img")).to_be_visible()
    expect(other.locator(".line", has_text="平顶＊＊")).to_contain_text("等了")
    page.get_by_role("button", name="接入").click()
    expect(other.locator(".line", has_text="平顶＊＊")).to_have_count(0)
    expect(other.locator("[data-count=waiting]")).to_have_text("0")
    expect(other.get_by_text("现在没有人在等")).to_be_visible()
    reply = page.get_by_label("回复企业")
    reply.press_sequentially("/工单")
    expect(page.locator(".picker:not([hidden]) li")).to_have_count(1)
    page.screenshot(path=pictures(tmp_path) / "canned-picker.png")
    reply.press("Enter")
    expect(reply).to_have_value(re.compile("平顶山市瑞丰机械有限公司的工单 PDS-.* 正在办理"))
    reply.press("Control+Enter")
    expect(page.locator("#log .entry.staff")).to_contain_text("有结果会在这里告诉您")
    expect(reply).to_have_value("")

    note = page.get_by_label("给同事看的话")
    note.press_sequentially("请 @li")
    expect(page.locator(".picker:not([hidden]) li")).to_contain_text("李思远")
    note.press("Enter")
    expect(note).to_have_value("请 @li.si ")
    note.press_sequentially("接着办")
    note.press("Control+Enter")
    expect(page.locator("#log .entry.note")).to_contain_text("接着办")
    expect(other.locator("nav [data-count=mentions]")).to_contain_text("1")
    examiner.examine("thread-at-work")

    page.locator(".entry", has_text="没有产权证").get_by_role("link", name="记为待答问题").click()
    examiner.examine("question")
    page.get_by_role("button", name="记下").click()
    expect(page.locator("#notice")).to_contain_text("已记为待答问题")

    page.get_by_role("link", name="转工单").click()
    expect(page.get_by_label("企业名称")).to_have_value("平顶山市瑞丰机械有限公司")
    page.get_by_label("企业的要求").fill("尽快答复能不能报装")
    page.get_by_label("事项类别").select_option("供水")
    examiner.examine("filing")
    page.get_by_role("button", name="提交工单").click()
    expect(page.locator("#log .entry.system").last).to_contain_text("代为登记")

    other.get_by_role("link", name="全部").click()
    expect(other.locator(".line")).to_have_count(4)
    other.keyboard.press("j")
    first = other.locator(".line a").first
    expect(first).to_be_focused()
    page.get_by_label("给同事看的话").fill("再看一下")
    page.get_by_role("button", name="保存备注").click()
    expect(page.locator("#log .entry.note").last).to_contain_text("再看一下")
    expect(other.locator(".line", has_text="平顶＊＊")).to_contain_text("张珊 接待中")
    expect(first).to_be_focused()

    page.get_by_role("link", name="快捷回复", exact=True).click()
    examiner.examine("canned")
    page.get_by_role("link", name="等材料").click()
    examiner.examine("canned-reply")
