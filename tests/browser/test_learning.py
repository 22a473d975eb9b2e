"""A question without an answer, in the real product: asked in the chat page, answered in the console, told in the chat page."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.clock import utc_now
from store.database import Database
from store.ids import new_id
from tests.browser.accessibility import faults
from tests.product.served import Caller, Served
from tests.staff.people import PASSWORD, employ

DESKTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
QUESTION = "厂房屋顶光伏怎么并网"
SIMILAR = "厂房屋顶装光伏怎么并网"
SOON = 60_000


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
    await employ(door, "song.editor", Role.KNOWLEDGE_EDITOR, Role.ADMIN)
    await database.close()


@pytest.fixture
def editor(browser: Browser, served: Served) -> Iterator[Page]:
    """The editor, signed in."""
    context = browser.new_context(viewport=DESKTOP, locale="zh-CN", reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{served.url}/console/unanswered")
    page.get_by_label("用户名").fill("song.editor")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    yield page
    context.close()


def picture(page: Page, name: str, folder: Path) -> None:
    """A picture for the documents, where they are asked for; else one to look at after a failure."""
    kept = os.environ.get("QIFU_PICTURES")
    page.screenshot(path=(Path(kept) if kept else folder) / f"{name}.png", full_page=True)


def test_an_unanswered_question_becomes_an_articles_and_its_asker_is_told(
    browser: Browser, served: Served, editor: Page, axe: str, tmp_path: Path
) -> None:
    for text in (SIMILAR, "厂房屋顶光伏咋并网"):
        assert Caller(served.url).last(text)["outcome"] in ("unknown", "clarify")
    chat = browser.new_page(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    chat.goto(f"{served.url}/chat")
    chat.get_by_role("textbox").fill(QUESTION)
    chat.keyboard.press("Enter")
    log = chat.get_by_role("log")
    expect(log).to_contain_text("没有这个问题的可靠答案", timeout=SOON)
    chat.get_by_role("button", name="有答案时告诉我").click()
    expect(log).to_contain_text("我会在这里告诉您", timeout=SOON)

    group = editor.get_by_role("link", name=QUESTION).or_(editor.get_by_role("link", name=SIMILAR)).first
    for _ in range(30):
        editor.reload()
        if group.count():
            break
        editor.wait_for_timeout(1000)
    assert faults(editor, axe) == []
    picture(editor, "staff-unanswered", tmp_path)
    group.click()
    expect(editor.get_by_text("1 人（30 天内有答案就告诉他们）")).to_be_visible()
    assert faults(editor, axe) == []
    picture(editor, "staff-unanswered-group", tmp_path)
    editor.get_by_label("查找别的文章").fill("electricity-connection")
    editor.get_by_role("button", name="查找").click()
    editor.get_by_role("radio", name="企业用电报装").check()
    editor.get_by_role("checkbox", name=QUESTION).check()
    editor.get_by_role("button", name="用这篇文章答复").click()
    expect(editor.get_by_role("status")).to_contain_text("等答案的企业会收到答复")

    expect(log).to_contain_text(f"问过“{QUESTION}”，现在有答案了", timeout=SOON)
    expect(log).to_contain_text("企业用电报装")
    picture(chat, "chat-told", tmp_path)
    assert Caller(served.url).last(QUESTION)["article"] == "electricity-connection"
    chat.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_of_learning_can_be_used_by_everybody(
    editor: Page, served: Served, axe: str, size: dict[str, int], tmp_path: Path
) -> None:
    Caller(served.url).last("外地货车进城通行证怎么办")
    editor.set_viewport_size(size)  # type: ignore[arg-type]
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
        picture(editor, name if size is DESKTOP else f"{name}-phone", tmp_path)
