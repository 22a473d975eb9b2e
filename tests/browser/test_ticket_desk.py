"""A ticket in the real product: filed in the chat page, worked in the console, answered and rated in the chat page, and its
bad rating worked to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from staff.models import Account
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.clock import city_date, utc_now
from store.database import Database
from store.ids import new_id
from tests.browser.looking import DESK, TELEPHONE, look, pictures
from tests.product.served import Caller, Served
from tests.staff.people import PASSWORD, employ
from tickets.limits import Timed
from tickets.models import CalendarDay, TicketClock

STAFF = {
    "zhou.min": ("周敏", Role.DISPATCHER, None),
    "wu.gang": ("吴刚", Role.HANDLER, "water"),
    "zheng.jie": ("郑洁", Role.REVIEWER, None),
    "wang.lei": ("王磊", Role.SUPERVISOR, None),
    "zhang.shan": ("张珊", Role.AGENT, None),
}
COMPLAINT = (
    "我要投诉", "厂里从周一开始停水，打了三次电话没有人来修，车间已经停产", "尽快恢复供水", "平顶山某某商贸有限公司", "跳过", "李经理",
    "13800001234", "新华区", "不用保密", "确认提交",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running product with four members of staff."""
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
    for username, (name, role, department) in STAFF.items():
        account = await employ(door, username, role, department=department)
        async with database.write() as session:
            await session.execute(update(Account).where(Account.id == account.id).values(name=name))
    await database.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, served: Served) -> Iterator[Enter]:
    """Sign somebody in, in a browser of their own."""
    contexts = []

    def sign_in(username: str) -> Page:
        context = browser.new_context(viewport=DESK, locale="zh-CN", reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{served.url}/console/tickets")
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", name="工单", exact=True)).to_be_visible()
        return page

    yield sign_in
    for context in contexts:
        context.close()


def step(page: Page, title: str, **fields: str) -> None:
    """Open a step of the ticket's page, fill it in, press."""
    section = page.locator("details.step", has=page.locator("summary", has_text=title)).first
    if section.get_attribute("open") is None:
        section.locator("summary").click()
    for label, value in fields.items():
        field = section.get_by_label(label)
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    section.get_by_role("button", name=title).click()
    expect(page.get_by_role("status")).to_contain_text(f"已完成：{title}")


def test_a_complaint_is_worked_answered_and_rated_badly_and_its_rating_worked_too(
    browser: Browser, served: Served, enter: Enter, axe: str, tmp_path: Path
) -> None:
    chat = browser.new_page(viewport=TELEPHONE, locale="zh-CN")
    chat.goto(f"{served.url}/chat")
    log = chat.get_by_role("log")
    bot = chat.locator("#log .from-bot .bubble")
    for text in COMPLAINT:
        before = bot.count()
        chat.get_by_role("textbox").fill(text)
        chat.keyboard.press("Enter")
        expect(bot).not_to_have_count(before)
    expect(log).to_contain_text("PDS-", timeout=20_000)
    for _ in range(3):
        _filed_by_program(served)

    dispatcher = enter("zhou.min")
    look(dispatcher, axe, "tickets", tmp_path)
    dispatcher.get_by_role("link", name="PDS-").last.click()
    dispatcher.wait_for_url("**/console/tickets/PDS-*")
    number = dispatcher.url.rpartition("/")[2]
    look(dispatcher, axe, "ticket-accept", tmp_path)
    step(dispatcher, "受理", 级别和办理期限="simple")
    look(dispatcher, axe, "ticket-dispatch", tmp_path)
    step(dispatcher, "派单")

    handler = enter("wu.gang")
    handler.goto(f"{served.url}/console/tickets/{number}")
    step(handler, "签收")
    handler.get_by_text("提交审核").first.click()
    look(handler, axe, "ticket-handle", tmp_path)
    step(
        handler,
        "提交审核",
        给企业的答复="停水是管道爆裂造成的，已于今天上午修好，恢复供水。耽误的水费已减免。",
    )

    reviewer = enter("zheng.jie")
    reviewer.goto(f"{served.url}/console/tickets/{number}")
    look(reviewer, axe, "ticket-review", tmp_path)
    step(reviewer, "审核通过，发给企业")

    expect(log).to_contain_text("已于今天上午修好", timeout=20_000)
    chat.screenshot(path=pictures(tmp_path) / "ticket-answer-chat.png")

    supervisor = enter("wang.lei")
    supervisor.goto(f"{served.url}/console/tickets/{number}")
    look(supervisor, axe, "ticket-answered", tmp_path)
    expect(supervisor.locator(".history")).to_contain_text("吴刚")
    supervisor.goto(f"{served.url}/console/calendar")
    look(supervisor, axe, "calendar", tmp_path)
    dispatcher.goto(f"{served.url}/console/dispatch-rules")
    look(dispatcher, axe, "dispatch-rules", tmp_path)

    _next_day(served)
    agent = enter("zhang.shan")
    expect(_reloaded(agent, f"{served.url}/console/tickets/{number}")).to_contain_text(
        "待回访", timeout=30_000
    )
    called = agent.locator("details.step", has=agent.locator("summary", has_text="记录回访"))
    called.get_by_label("已解决").check()
    called.get_by_label("满意", exact=True).check()
    look(agent, axe, "ticket-call-back", tmp_path)
    step(agent, "记录回访")

    chat.get_by_role("button", name="非常不满意").click(timeout=30_000)
    chat.get_by_role("button", name="办事效率低").click()
    expect(log).to_contain_text("还有想说的吗")
    chat.get_by_role("textbox").fill("打了三次电话才来人")
    chat.keyboard.press("Enter")
    expect(log).to_contain_text("工作人员会联系您")

    handler.goto(f"{served.url}/console/rectifications")
    handler.get_by_role("link", name="差评 1 号").click()
    expect(handler.locator("main")).to_contain_text("打了三次电话才来人")
    step(handler, "已联系企业", 企业说了什么="希望抢修电话有人接。")
    step(handler, "立行立改，提交结果", 改了什么="抢修电话改为两人值守，当天到场。")
    reviewer.goto(f"{served.url}/console/rectifications/1")
    step(reviewer, "审核通过，发给企业")
    expect(log).to_contain_text("抢修电话改为两人值守", timeout=20_000)
    chat.get_by_role("button", name="满意", exact=True).last.click()
    expect(log).to_contain_text("已收到您的追评“满意”")
    assert chat.evaluate("document.documentElement.scrollHeight <= innerHeight"), "a long talk moves the page"
    chat.screenshot(path=pictures(tmp_path) / "ticket-rated-chat.png")
    supervisor.goto(f"{served.url}/console/rectifications/1")
    expect(supervisor.locator("main")).to_contain_text("已整改")
    look(supervisor, axe, "ticket-rating-closed", tmp_path)
    chat.close()


def _next_day(served: Served) -> None:
    """The answer went out some days ago, and today is worked: whoever was answered is called back."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, _moved(f"sqlite:///{served.data / 'qifu.db'}")).result()


async def _moved(url: str) -> None:
    database, now = Database(url), utc_now()
    async with database.write() as session:
        await session.merge(CalendarDay(day=city_date(now), works=True, note="测试"))
        await session.execute(
            update(TicketClock)
            .where(TicketClock.timed == Timed.CALL_BACK)
            .values(started_at=now - timedelta(days=12))
        )
    await database.close()


def _reloaded(page: Page, url: str) -> Locator:
    """The page once the clock has come by."""
    for _ in range(30):
        page.goto(url)
        if "待回访" in page.locator("main").inner_text():
            break
        page.wait_for_timeout(1_000)
    return page.locator("main")


def _filed_by_program(served: Served) -> None:
    caller = Caller(served.url)
    for text in COMPLAINT:
        reply = caller.last(text)
    assert reply["ticket"]
