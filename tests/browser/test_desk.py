"""The inbox and the page of a thread on the real product: an enterprise on a phone, staff at their desks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk_scene import PASSWORD, set_scene
from tests.browser.looking import DESK, TELEPHONE, pictures
from tests.browser.test_console import Examiner
from tests.product.served import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running product with a morning's threads."""
    folder = tmp_path_factory.mktemp("desk")
    with ThreadPoolExecutor(1) as aside:  # in this thread the browser's driver has a loop of its own
        aside.submit(asyncio.run, set_scene(folder)).result()
    product = Served(folder)
    product.start()
    yield product
    product.stop()


class Desks:
    """Opens windows, and closes them all."""

    def __init__(self, browser: Browser, served: Served) -> None:
        self._browser, self.url = browser, served.url
        self._open: list[Page] = []
        self.faults: list[str] = []

    def of(self, username: str) -> Page:
        """A window of somebody signed in, at the inbox."""
        page = self._window(DESK["width"], DESK["height"])
        page.goto(f"{self.url}/console/inbox")
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("对话")
        return page

    def enterprise(self) -> Page:
        """The chat page on a phone."""
        page = self._window(TELEPHONE["width"], TELEPHONE["height"])
        page.goto(f"{self.url}/chat")
        return page

    def _window(self, width: int, height: int) -> Page:
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "console",
            lambda line: self.faults.append(line.text) if "Content Security" in line.text else None,
        )
        self._open.append(page)
        return page

    def close(self) -> None:
        """Close them."""
        for page in self._open:
            page.context.close()


@pytest.fixture
def desks(browser: Browser, served: Served) -> Iterator[Desks]:
    opened = Desks(browser, served)
    yield opened
    opened.close()
    assert opened.faults == []


def say(page: Page, text: str) -> None:
    page.get_by_label("输入您的问题").fill(text)
    page.get_by_role("button", name="发送", exact=True).click()


def reply(page: Page, text: str) -> None:
    page.get_by_label("回复企业").fill(text)
    page.keyboard.press("Control+Enter")


def test_every_page_is_fit_to_be_shown(desks: Desks, axe: str, tmp_path: Path) -> None:
    page = desks.of("zhang.san")
    examiner = Examiner(page, axe, tmp_path)
    examiner.examine("inbox-waiting")
    page.get_by_role("link", name="全部").click()
    examiner.examine("inbox-all")
    page.get_by_role("searchbox").fill("2345")
    page.get_by_role("button", name="查找").click()
    expect(page.locator(".line")).to_have_count(2)
    examiner.examine("inbox-search")
    page.locator(".line", has_text="平顶＊＊").get_by_role("link").click()
    expect(page.get_by_text("3 条，剩 46 小时")).to_be_attached()
    examiner.examine("thread-waiting")
    page.get_by_role("button", name="接入").click()
    expect(page.get_by_text("您正在接待")).to_be_visible()
    examiner.examine("thread-mine")
    page.get_by_role("button", name="显示完整信息").click()
    expect(page.locator("#enterprise")).to_contain_text("13837512345")
    examiner.examine("thread-revealed")
    page.goto(f"{desks.url}/console/inbox?view=all")
    page.locator(".line", has_text="河南＊＊").get_by_role("link").click()
    expect(page.get_by_role("button", name="重发")).to_be_visible()
    examiner.examine("thread-of-a-colleague")


def test_an_enterprise_talks_and_staff_take_over_answer_and_give_back(desks: Desks, tmp_path: Path) -> None:
    staff, enterprise = desks.of("zhang.san"), desks.enterprise()
    say(enterprise, "用水报装要多久")
    expect(enterprise.get_by_role("log")).to_contain_text("企业用水报装")
    say(enterprise, "转人工")
    line = staff.locator(".line", has_text="网页")
    expect(line).to_contain_text("等了")
    expect(staff.locator("[data-count=waiting]")).not_to_have_text("0")
    line.get_by_role("link").click()
    expect(staff.get_by_text("对方要求人工：“转人工”")).to_be_visible()
    staff.get_by_role("button", name="接入").click()
    expect(staff.get_by_text("您正在接待")).to_be_visible()
    reply(staff, "您好，我是张珊，请讲。")
    expect(enterprise.get_by_role("log")).to_contain_text("您好，我是张珊，请讲。")
    expect(staff.get_by_label("回复企业")).to_have_value("")
    say(enterprise, "我们想明天就接水")
    expect(staff.locator("#log")).to_contain_text("我们想明天就接水")
    staff.screenshot(path=pictures(tmp_path) / "talk-desk.png")
    enterprise.screenshot(path=pictures(tmp_path) / "talk-phone.png")
    expect(staff.locator("#log .entry.staff .state")).to_have_text("已送达")
    staff.get_by_role("button", name="交还机器人").click()
    expect(staff.get_by_text("机器人接待中")).to_be_visible()
    say(enterprise, "用水报装的材料")
    expect(staff.locator("#log .entry.bot").last).to_contain_text("所需材料")


def test_colleagues_see_each_other_and_one_gets_the_thread(desks: Desks) -> None:
    enterprise = desks.enterprise()
    say(enterprise, "转人工")
    first, second = desks.of("zhang.san"), desks.of("li.si")
    for page in (first, second):
        page.locator(".line", has_text="网页").last.get_by_role("link").click()
    expect(first.get_by_text("李思远 也在看")).to_be_visible()
    expect(second.get_by_text("张珊 也在看")).to_be_visible()
    first.get_by_role("button", name="接入").click()
    expect(first.get_by_text("您正在接待")).to_be_visible()
    expect(second.get_by_text("张珊 正在接待")).to_be_visible()
    expect(second.get_by_role("button", name="接入")).to_have_count(0)
    first.get_by_label("回复企业").press_sequentially("您好")
    expect(second.get_by_text("张珊 正在输入…")).to_be_visible()
    first.get_by_label("同事", exact=True).select_option(label="李思远（li.si）")
    first.get_by_role("button", name="转给这位同事").click()
    expect(second.get_by_text("您正在接待")).to_be_visible()
    reply(second, "您好，我是李思远。")
    expect(enterprise.get_by_role("log")).to_contain_text("您好，我是李思远。")


def test_what_was_written_outlives_a_cut_and_is_sent_once(desks: Desks) -> None:
    enterprise, staff = desks.enterprise(), desks.of("zhang.san")
    say(enterprise, "转人工")
    staff.locator(".line", has_text="网页").last.get_by_role("link").click()
    staff.get_by_role("button", name="接入").click()
    staff.get_by_label("回复企业").fill("正在为您查")
    staff.context.set_offline(True)
    staff.keyboard.press("Control+Enter")
    expect(staff.locator("#reply [role=alert]")).to_contain_text("内容还在")
    staff.context.set_offline(False)
    staff.reload()
    expect(staff.get_by_label("回复企业")).to_have_value("正在为您查")
    staff.get_by_label("回复企业").press("Control+Enter")
    expect(enterprise.get_by_role("log")).to_contain_text("正在为您查")
    assert enterprise.locator("#log .from-staff").count() == 1


def test_the_keyboard_is_enough(desks: Desks) -> None:
    page = desks.of("chen.chen")
    page.get_by_role("link", name="全部").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="全部")).to_have_attribute("aria-current", "page")
    page.keyboard.press("j")
    first = page.locator(".line a").first
    expect(first).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(first).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("停气")
    page.keyboard.press("Enter")
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("河南＊＊")
    expect(page.get_by_role("button", name="接入")).to_have_count(0)
