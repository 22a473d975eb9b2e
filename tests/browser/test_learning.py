"""A question without an answer, in the real product: asked in the chat page, written for and approved, told in the chat page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from knowledge.models import ArticleRow
from knowledge.rows import from_content, save
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.clock import city_date, utc_now
from store.database import Database
from store.ids import new_id
from tests.browser.looking import DESK, TELEPHONE, faults, pictures
from tests.product.served import Caller, Served
from tests.staff.people import PASSWORD, employ

QUESTION = "厂房屋顶光伏怎么备案"
SIMILAR = "厂房屋顶光伏咋备案"
SOON = 60_000
KEY = "rooftop-solar"
ANSWER = "屋顶光伏备案，按主管部门公布的办法办理。[^ours]"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running product with an editor who also trains."""
    data = tmp_path_factory.mktemp("served")
    product = Served(data)
    product.start()
    # Playwright's loop counts as running in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _staffed(f"sqlite:///{data / 'qifu.db'}")).result()
    yield product
    product.stop()


async def _staffed(url: str) -> None:
    database = Database(url)
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    door = Door(database, Hashing(), policy, utc_now, new_id)
    await employ(door, "song.editor", Role.KNOWLEDGE_EDITOR, Role.ADMIN, name="宋编")
    await employ(door, "lin.reviewer", Role.KNOWLEDGE_REVIEWER, name="林审")
    await database.close()


@pytest.fixture
def editor(browser: Browser, served: Served) -> Iterator[Page]:
    """The editor, signed in."""
    page = enter(browser, f"{served.url}/console/unanswered", "song.editor")
    yield page
    page.context.close()


def enter(browser: Browser, address: str, username: str) -> Page:
    """Somebody signs in at an address, in a browser of their own."""
    context = browser.new_context(viewport=DESK, locale="zh-CN", reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("密码")).to_have_count(0)
    return page


def write(editor: Page) -> None:
    """What the article has to have before it is submitted."""
    editor.get_by_role("textbox", name="标题", exact=True).fill("屋顶光伏备案")
    editor.get_by_label("类别").select_option("electricity")
    editor.get_by_label("适用对象").fill("企业")
    editor.get_by_role("textbox", name="主管部门").fill("测试单位")
    today = city_date(utc_now()).isoformat()
    for label in ("生效日期", "核对日期"):
        editor.get_by_label(label).fill(today)
    editor.get_by_label("办理概述", exact=True).fill(ANSWER)
    for name, value in (("id", "ours"), ("title", "测试办法"), ("issuer", "测试单位"), ("date", today)):
        editor.locator(f"[name=source-{name}]").first.fill(value)
    editor.get_by_label("这次改了什么、为什么").fill("企业问到")
    editor.get_by_role("button", name="保存并提交审核").click()
    expect(editor.get_by_role("status").first).to_contain_text("已提交审核")


async def end(url: str) -> None:
    """The article ended yesterday."""
    database = Database(url)
    async with database.write() as session:
        article = from_content((await session.get_one(ArticleRow, KEY)).content)
        yesterday = city_date(utc_now()) - timedelta(days=1)
        over = replace(article, valid_from=yesterday, valid_until=yesterday)
        await save(session, over, by="lin.reviewer", at=utc_now())
    await database.close()


def picture(page: Page, name: str, folder: Path) -> None:
    """A picture for the documents, where they are asked for; else one to look at after a failure."""
    page.screenshot(path=pictures(folder) / f"{name}.png", full_page=True)


def seen_after_reloads(page: Page, what: Locator) -> None:
    """What a background task brings about is there within half a minute."""
    for _ in range(30):
        page.reload()
        if what.count():
            break
        page.wait_for_timeout(1000)
    expect(what).to_be_visible()


def test_what_is_not_known_is_written_approved_told_to_who_asked_and_over_when_it_expires(
    browser: Browser, served: Served, editor: Page, axe: str, tmp_path: Path
) -> None:
    for text in (SIMILAR, "厂房屋顶光伏怎么备案呀"):
        assert Caller(served.url).last(text)["outcome"] in ("unknown", "clarify")
    chat = browser.new_page(viewport=TELEPHONE, locale="zh-CN")
    chat.goto(f"{served.url}/chat")
    chat.get_by_role("textbox").fill(QUESTION)
    chat.keyboard.press("Enter")
    log = chat.get_by_role("log")
    expect(log).to_contain_text("没有这个问题的可靠答案", timeout=SOON)
    chat.get_by_role("button", name="有答案时告诉我").click()
    expect(log).to_contain_text("我会在这里告诉您", timeout=SOON)

    group = editor.get_by_role("link", name=QUESTION).or_(editor.get_by_role("link", name=SIMILAR)).first
    seen_after_reloads(editor, group)
    assert faults(editor, axe) == []
    picture(editor, "staff-unanswered", tmp_path)
    group.click()
    # Grouping runs in the background: the group may have been opened before the last question came in.
    seen_after_reloads(editor, editor.get_by_text("1 人（30 天内有答案就告诉他们）"))
    assert faults(editor, axe) == []
    picture(editor, "staff-unanswered-group", tmp_path)
    editor.get_by_label("文章标识").fill(KEY)
    editor.get_by_role("button", name="开始写").click()
    questions = editor.get_by_label("相似问法")
    expect(questions).not_to_be_empty()
    questions.fill(f"{questions.input_value()}\n{QUESTION}")
    write(editor)
    assert Caller(served.url).last(QUESTION)["article"] != KEY  # not before somebody has approved it

    reviewer = enter(browser, f"{served.url}/console/knowledge/articles/{KEY}/review", "lin.reviewer")
    reviewer.goto(f"{served.url}/console/knowledge/articles/{KEY}/review")
    expect(reviewer.get_by_text("发布后答对")).to_be_visible(timeout=120_000)
    reviewer.get_by_label("审核意见").fill("已核对")
    reviewer.get_by_role("button", name="通过并发布").click()
    expect(reviewer.get_by_role("status").first).to_contain_text("已发布")
    reviewer.context.close()

    assert Caller(served.url).last(QUESTION)["article"] == KEY
    expect(log).to_contain_text("现在有答案了", timeout=SOON)
    expect(log).to_contain_text("按主管部门公布的办法办理")
    picture(chat, "chat-told", tmp_path)
    chat.close()
    editor.goto(f"{served.url}/console/unanswered?state=answered")
    expect(editor.locator("main")).to_contain_text("屋顶光伏")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, end(f"sqlite:///{served.data / 'qifu.db'}")).result()
    assert Caller(served.url).last(QUESTION)["article"] != KEY


@pytest.mark.parametrize("size", [DESK, TELEPHONE], ids=["desktop", "phone"])
def test_the_pages_of_learning_can_be_used_by_everybody(
    editor: Page, served: Served, axe: str, size: ViewportSize, tmp_path: Path
) -> None:
    Caller(served.url).last("孔雀养殖场要办什么证")
    editor.set_viewport_size(size)
    for path, name in (
        ("answer-rate", "staff-answer-rate"),
        ("training-examples", "staff-training-examples"),
        ("training", "staff-training"),
        ("unanswered?state=dismissed", "staff-unanswered-dismissed"),
    ):
        editor.goto(f"{served.url}/console/{path}")
        assert faults(editor, axe) == [], path
        width = editor.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], path
        picture(editor, name if size is DESK else f"{name}-phone", tmp_path)
