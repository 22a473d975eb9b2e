"""The staff console in a real browser: every page on a desk and on a telephone, with axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.looking import DESK, TELEPHONE, look
from tests.browser.served_console import ServedConsole, served_console

NEW = "green tea river 88"
_HITTABLE = "button:visible, .button:visible, input:not([type=hidden], [type=checkbox]):visible, select:visible, nav a:visible"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """A running product."""
    with served_console(tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A desk with nothing stored."""
    opened = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    yield opened
    opened.close()


class Examiner:
    """Looks at a page in both sizes. `folder`: where the screenshots go."""

    def __init__(self, page: Page, axe: str, folder: Path) -> None:
        self.page = page
        self.axe = axe
        self.folder = folder

    def examine(self, name: str) -> None:
        """No fault for axe-core, nothing that sticks out, nothing too small to be hit with a finger."""
        look(self.page, self.axe, name, self.folder)
        self.page.set_viewport_size(TELEPHONE)
        boxes = [(one.inner_text(), one.bounding_box()) for one in self.page.locator(_HITTABLE).all()]
        self.page.set_viewport_size(DESK)
        assert [text for text, box in boxes if box is None or box["height"] < 44] == [], name


@pytest.fixture
def examiner(page: Page, axe: str, tmp_path: Path) -> Examiner:
    return Examiner(page, axe, tmp_path)


def sign_in(page: Page, console: ServedConsole, username: str, password: str) -> None:
    page.goto(f"{console.url}/console")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def choose_password(page: Page) -> None:
    page.get_by_label("新密码", exact=True).fill(NEW)
    page.get_by_label("再输一次新密码").fill(NEW)
    page.get_by_role("button", name="保存新密码").click()


def test_every_page_is_fit_to_be_shown(page: Page, examiner: Examiner, console: ServedConsole) -> None:
    sign_in(page, console, "admin", "wrong")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码不对。")
    examiner.examine("sign-in")
    sign_in(page, console, "admin", console.passwords["admin"])
    examiner.examine("first-password")
    choose_password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("管理员，您好")
    examiner.examine("front")
    page.get_by_role("navigation").get_by_role("link", name="我的账号").click()
    examiner.examine("account")
    page.get_by_role("link", name="启用两步验证").click()
    examiner.examine("second-factor")
    page.get_by_text("不能扫码").click()
    totp = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_label("验证码").fill(totp.now())
    page.get_by_role("button", name="启用").click()
    examiner.examine("recovery-codes")
    code = page.locator(".codes code").first.inner_text()
    page.get_by_role("link", name="已经保存").click()

    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("status")).to_have_text("您已退出。")
    sign_in(page, console, "admin", NEW)
    examiner.examine("code")
    page.get_by_label("验证码").fill(code)
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("管理员，您好")

    page.get_by_role("navigation").get_by_role("link", name="人员").click()
    examiner.examine("people")
    page.get_by_role("link", name="新增账号").click()
    page.get_by_label("用户名").fill("1")
    page.get_by_label("姓名").fill("赵六")
    page.get_by_role("button", name="新增").click()
    expect(page.get_by_role("alert")).to_contain_text("不能作用户名")
    examiner.examine("new-person")
    page.get_by_label("用户名").fill("zhao.liu")
    page.get_by_label("部门", exact=True).select_option("管道燃气经营企业")
    page.get_by_label("部门经办人").check()
    page.get_by_role("button", name="新增").click()
    examiner.examine("one-time-password")
    page.get_by_role("link", name="完成").click()
    page.get_by_role("button", name="停用账号").click()
    expect(page.get_by_role("status")).to_contain_text("账号已停用")
    examiner.examine("person")
    page.get_by_role("link", name="变动记录").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    examiner.examine("audit")
    page.goto(f"{console.url}/console/nowhere")
    examiner.examine("nowhere")


def test_people_are_found_while_typing_and_htmx_carries_the_token(page: Page, console: ServedConsole) -> None:
    sign_in(page, console, "sun.qi", console.passwords["sun.qi"])
    choose_password(page)
    page.get_by_role("navigation").get_by_role("link", name="人员").click()
    token = page.locator("input[name=csrf]").first.input_value()
    with page.expect_request(lambda request: "hx-request" in request.headers) as asked:
        page.get_by_role("searchbox").press_sequentially("供水")
    assert asked.value.headers["x-csrf-token"] == token
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("王五")


def test_nobody_needs_a_script_to_sign_in_and_to_choose_a_password(
    browser: Browser, console: ServedConsole
) -> None:
    page = browser.new_page(java_script_enabled=False)
    sign_in(page, console, "zhang.san", console.passwords["zhang.san"])
    choose_password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("张三，您好")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("status")).to_have_text("您已退出。")
    page.close()


def test_the_keyboard_is_enough_and_shows_where_it_is(page: Page, console: ServedConsole) -> None:
    page.goto(f"{console.url}/console")
    page.keyboard.type("wang.wu")
    page.keyboard.press("Tab")
    page.keyboard.type(console.passwords["wang.wu"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("设置新密码")
    page.get_by_label("新密码", exact=True).focus()
    page.keyboard.type(NEW)
    page.keyboard.press("Tab")
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("王五，您好")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport()
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
