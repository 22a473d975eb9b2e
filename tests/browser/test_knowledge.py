"""The knowledge base in a real browser: an editor writes, a reviewer finds the difference and approves, it is answered."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import update

from app.main import create_app
from app.prepare import prepare
from app.scratch import free_port
from app.settings import Settings
from conversations.models import Author, Message, Question, Turn
from conversations.threads import open_thread
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.models import Account
from staff.passwords import Hashing
from staff.roles import Role
from store.clock import utc_now
from store.database import Database
from store.ids import new_id
from tests.browser.looking import DESK, look
from tests.conftest import ARTICLES

PASSWORD = "green tea river 88"
KEYS = ("water-connection", "water-price", "gas-connection", "electricity-connection")
ARTICLE = "/console/knowledge/articles/water-connection"
ASKED = "自来水一吨要掏多少"
UNWANTED = "隔壁老板的水费贵不贵"
NEW = "新的办法：先到营业网点申请。"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running product with four articles, an editor and a reviewer."""
    folder = tmp_path_factory.mktemp("knowledge")
    (folder / "articles").mkdir()
    for key in KEYS:
        shutil.copy(ARTICLES / f"{key}.md", folder / "articles")
    settings = Settings(data=folder, rasa_url="http://127.0.0.1:9", port=free_port())
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, _people(settings)).result()
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=settings.port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the product did not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        thread.join()


async def _people(settings: Settings) -> None:
    await prepare(settings, utc_now, settings.data / "articles")
    database, hashing = Database(settings.database_url()), Hashing()
    hashed = await hashing.hash(PASSWORD)
    async with database.write() as session:
        for username, name, role in (
            ("zhao.bian", "赵编", Role.KNOWLEDGE_EDITOR),
            ("sun.bian", "孙编", Role.KNOWLEDGE_EDITOR),
            ("qian.shen", "钱审", Role.KNOWLEDGE_REVIEWER),
        ):
            profile = Profile(name, "water", frozenset({role}))
            await accounts.add(
                session, COMMAND_LINE, username, profile, hashing.issue(), id=new_id(), at=utc_now()
            )
        await session.flush()
        await session.execute(update(Account).values(password_hash=hashed, password_is_one_time=False))
        for number, (who, text) in enumerate((("a", ASKED), ("b", ASKED), ("c", UNWANTED)), 1):
            thread = await open_thread(session, channel="web", address=who, at=utc_now(), new_id=new_id)
            session.add(
                Message(
                    id=number, thread_id=thread.id, author=Author.PERSON, channel="web", text=text,
                    turn=Turn.DONE, created_at=utc_now(),
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                Question(
                    message_id=number, thread_id=thread.id, text=text, outcome="clarify",
                    options=["water-price"], asked_at=utc_now(),
                )
            )  # fmt: skip
    await database.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A desk with nothing stored."""
    opened = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


def enter(page: Page, url: str, username: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{url}/console")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("您好")


def fallen(page: Page, status: int | None) -> None:
    """The autosave fails from now on: with this status, or because the line is lost."""

    def answer(route: Route) -> None:
        if status is None:
            route.abort()
        else:
            route.fulfill(status=status, body="")

    page.route("**/autosave", answer)


def copy(page: Page, key: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = page.evaluate(
        "key => JSON.parse(localStorage.getItem('qifu-draft-' + key))", key
    )
    return found


def test_a_copy_kept_on_the_computer_overwrites_nobody(
    page: Page, url: str, context: BrowserContext, browser: Browser
) -> None:
    gas = f"{url}/console/knowledge/articles/gas-connection"
    enter(page, url, "zhao.bian")
    page.goto(f"{gas}/edit")
    base = page.locator("input[name=base]").input_value()
    fallen(page, None)
    page.get_by_label("适用对象").fill("断网时写的")
    expect(page.locator("#kept")).to_contain_text("连接断了")
    assert (copy(page, "gas-connection") or {})["base"] == base
    rows = page.locator("input[name=source-title]").count()

    other = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    theirs = other.new_page()
    enter(theirs, url, "sun.bian")
    theirs.goto(f"{gas}/edit")
    theirs.get_by_label("主管部门", exact=True).fill("同事改的部门")
    added = theirs.locator("fieldset.source").nth(rows - 2)
    for name, value in (
        ("id", "new"),
        ("title", "同事加的依据"),
        ("issuer", "平顶山市"),
        ("date", "2021-12-17"),
    ):
        added.locator(f"input[name=source-{name}]").fill(value)
    theirs.get_by_role("button", name="保存草稿").click()
    expect(theirs.get_by_role("status").first).to_contain_text("草稿已保存")
    other.close()

    page.unroute_all()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{gas}/edit")
    expect(page.get_by_label("主管部门", exact=True)).to_have_value("同事改的部门")
    page.get_by_role("button", name="恢复到表单").click()
    expect(page.get_by_label("适用对象")).to_have_value("断网时写的")
    titles = [one.input_value() for one in page.locator("input[name=source-title]").all()]
    assert "同事加的依据" not in titles
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("别人已经保存过这篇文章")).to_be_visible()
    expect(page.get_by_text("同事改的部门").first).to_be_visible()


def test_a_copy_is_gone_once_it_is_saved(page: Page, url: str) -> None:
    enter(page, url, "zhao.bian")
    page.goto(f"{url}/console/knowledge/new")
    page.get_by_label("编号").fill("heat-connection")
    page.get_by_label("标题").fill("供热报装")
    expect(page.locator("#kept")).to_contain_text("已存在这台电脑上")
    assert copy(page, "new") is not None
    page.get_by_role("button", name="保存并提交审核").click()
    expect(page.get_by_text("还不能提交审核")).to_be_visible()
    page.wait_for_function("localStorage.getItem('qifu-draft-new') === null")
    page.goto(f"{url}/console/knowledge/new")
    page.get_by_label("编号").fill("heat-price")
    page.get_by_label("标题").fill("供热价格")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("status").first).to_contain_text("草稿已保存")
    page.wait_for_function("localStorage.getItem('qifu-draft-new') === null")
    page.goto(f"{url}/console/knowledge/new")
    expect(page.locator("#local")).to_be_hidden()


def test_no_autosave_comes_after_the_save(page: Page, url: str) -> None:
    price = f"{url}/console/knowledge/articles/water-price"
    enter(page, url, "zhao.bian")
    page.goto(f"{price}/edit")
    # The preview is slow, so that the autosave after it is still to come when the form is sent.
    page.evaluate("""() => {
        const ask = window.fetch;
        window.fetch = async (what, how) => {
            const answer = ask(what, how);
            if (String(what).endsWith("/preview")) await new Promise((done) => setTimeout(done, 1500));
            return answer;
        };
    }""")

    def slowly(route: Route) -> None:
        time.sleep(2)
        route.continue_()

    page.route(f"{price}/edit", slowly)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url.rpartition("/")[2]))
    page.get_by_label("适用对象").fill("先写的")
    page.wait_for_timeout(1000)
    page.get_by_label("适用对象").fill("再写的")
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_role("status").first).to_contain_text("草稿已保存")
    assert "autosave" not in sent
    page.goto(f"{price}/edit")
    expect(page.get_by_label("适用对象")).to_have_value("再写的")
    expect(page.get_by_role("link", name="接着改")).to_have_count(0)
    expect(page.locator("#local")).to_be_hidden()


def test_only_the_newest_is_kept_at_a_time(page: Page, url: str) -> None:
    enter(page, url, "zhao.bian")
    page.goto(f"{url}/console/knowledge/articles/electricity-connection/edit")
    page.evaluate("""() => {
        const ask = window.fetch;
        let first = true;
        window.fetch = async (what, how) => {
            const slow = first;
            first = false;
            if (slow) await new Promise((done) => setTimeout(done, 4000));
            return ask(what, how);
        };
    }""")
    sent: list[str] = []
    page.on(
        "request",
        lambda request: sent.append(request.post_data or "") if "autosave" in request.url else None,
    )
    page.get_by_label("适用对象").fill("先写的")
    page.wait_for_timeout(1200)
    page.get_by_label("适用对象").fill("再写的")
    expect(page.locator("#kept")).to_contain_text("已自动保存")
    page.wait_for_timeout(4500)
    assert len(sent) == 1 and "再写的" in sent[0]


def test_who_begins_to_write_meanwhile_is_named(page: Page, url: str, browser: Browser) -> None:
    gas = f"{url}/console/knowledge/articles/gas-connection/edit"
    enter(page, url, "zhao.bian")
    page.goto(gas)
    page.get_by_label("适用对象").fill("先来的人写的")
    expect(page.locator("#kept")).to_contain_text("已自动保存")
    expect(page.locator("#others")).to_be_empty()

    other = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    theirs = other.new_page()
    enter(theirs, url, "sun.bian")
    theirs.goto(gas)
    expect(theirs.locator("[data-writer='zhao.bian']")).to_be_visible()
    theirs.get_by_label("适用对象").fill("后来的人写的")
    expect(theirs.locator("#others")).to_contain_text("zhao.bian 正在写这篇文章")
    expect(theirs.locator("[data-writer='zhao.bian']")).to_be_hidden()
    other.close()

    page.get_by_label("适用对象").fill("先来的人又写的")
    expect(page.locator("#others")).to_contain_text("sun.bian 正在写这篇文章")


def test_a_session_that_ended_is_told_apart_from_a_lost_line(page: Page, url: str) -> None:
    enter(page, url, "zhao.bian")
    page.goto(f"{url}{ARTICLE}/edit")
    tried: list[str] = []
    page.on("request", lambda request: tried.append(request.url) if "autosave" in request.url else None)
    fallen(page, 401)
    page.get_by_label("适用对象").fill("登录失效时写的")
    expect(page.locator("#kept")).to_contain_text("登录已失效")
    page.wait_for_timeout(6000)
    assert len(tried) == 1
    assert copy(page, "water-connection") is not None
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("适用对象").fill("企业、个体工商户")
    page.evaluate("localStorage.clear()")


def test_what_an_editor_writes_and_a_reviewer_approves_is_answered(
    page: Page, axe: str, url: str, tmp_path: Path
) -> None:
    enter(page, url, "zhao.bian")
    page.goto(f"{url}/console/knowledge")
    look(page, axe, "knowledge-list", tmp_path)
    page.get_by_role("link", name="新建文章").click()
    look(page, axe, "knowledge-new", tmp_path)
    page.goto(f"{url}{ARTICLE}/edit")
    overview = page.get_by_label("办理概述", exact=True)
    overview.fill(NEW + overview.input_value())
    expect(page.locator("#kept")).to_contain_text("已自动保存")
    expect(page.locator("#preview")).to_contain_text(NEW)
    look(page, axe, "knowledge-edit", tmp_path)
    page.goto(f"{url}{ARTICLE}/edit")
    page.get_by_role("link", name="接着改").click()
    expect(page.get_by_label("办理概述", exact=True)).to_contain_text(NEW)
    page.get_by_label("这次改了什么、为什么").fill("按新办法改写概述")
    page.get_by_role("button", name="保存并提交审核").click()
    expect(page.get_by_role("status").first).to_contain_text("已提交审核")
    look(page, axe, "knowledge-article", tmp_path)
    page.goto(f"{url}/console/knowledge/hit-test")
    page.get_by_label("问题").fill("用水报装怎么办")
    page.get_by_role("button", name="测试", exact=True).click()
    expect(page.get_by_role("heading", name="草稿发布以后")).to_be_visible()
    look(page, axe, "knowledge-hits", tmp_path)
    page.get_by_role("button", name="设为测试问题").click()
    look(page, axe, "knowledge-questions", tmp_path)

    assert NEW not in page.request.get(f"{url}/articles/water-connection").text()
    enter(page, url, "qian.shen")
    page.goto(f"{url}{ARTICLE}/review")
    expect(page.locator("ins").first).to_contain_text(NEW)
    expect(page.get_by_text("发布后答对")).to_be_visible(timeout=120_000)
    look(page, axe, "knowledge-review", tmp_path)
    page.get_by_role("button", name="通过并发布").click()
    expect(page.get_by_role("status").first).to_contain_text("已发布")
    assert NEW in page.request.get(f"{url}/articles/water-connection").text()
    page.get_by_role("link", name="改了什么：第 2 版").click()
    look(page, axe, "knowledge-compare", tmp_path)


def test_a_real_question_is_taken_over_with_one_press_and_another_is_hidden(
    page: Page, axe: str, url: str, tmp_path: Path
) -> None:
    enter(page, url, "zhao.bian")
    page.goto(f"{url}/console/knowledge/articles/water-price/edit")
    near = page.locator("#suggestions li")
    expect(near).to_have_text([re.compile(f"{ASKED}.*2 家"), re.compile(UNWANTED)])
    look(page, axe, "knowledge-suggestions", tmp_path)
    page.get_by_role("button", name=f"加入：{ASKED}").click()
    expect(page.get_by_role("button", name=f"不用：{UNWANTED}")).not_to_be_focused()
    expect(page.get_by_role("button", name=f"加入：{UNWANTED}")).to_be_focused()
    expect(page.get_by_label("相似问法")).to_have_value(re.compile(f"\n{ASKED}$"))
    expect(page.locator("#kept")).to_contain_text("已自动保存")
    page.get_by_role("button", name=f"不用：{UNWANTED}").click()
    expect(near).to_have_count(0)
    page.get_by_label("或者上传文件").set_input_files(
        {"name": "水费申请表.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n" + bytes(2_000_000)}
    )
    page.get_by_role("button", name="上传", exact=True).click()
    expect(page.locator("#upload-said")).to_contain_text("已上传“水费申请表”")
    page.get_by_label("或者上传文件").set_input_files(
        {"name": "a.doc", "mimeType": "application/msword", "buffer": b"<html>"}
    )
    page.get_by_role("button", name="上传", exact=True).click()
    expect(page.locator("#upload-said")).to_contain_text("没有收下“a.doc”")
    look(page, axe, "knowledge-uploaded", tmp_path)
    page.get_by_role("button", name="保存草稿").click()
    link = page.get_by_role("link", name="水费申请表").get_attribute("href")
    assert page.request.get(f"{url}{link}").headers["content-disposition"].startswith("attachment")
    page.get_by_role("link", name="修改", exact=True).click()
    expect(page.get_by_label("相似问法")).to_have_value(re.compile(f"\n{ASKED}$"))
    expect(page.locator("#suggestions")).to_contain_text("没有企业问过")
