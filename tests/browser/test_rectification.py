"""好差评 and 差评整改 in a browser: rated badly in the chat page, worked in the console, told and rated again in the chat page.

Without Rasa: what answers a question about a rating never needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from conversations.models import Message, Thread, Turn
from conversations.ratings import owe
from staff.models import Account
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.clock import utc_now
from store.database import Database
from store.ids import new_id
from tests.browser.looking import DESK, TELEPHONE, look, pictures
from tests.browser.served_console import ServedConsole, served_console
from tests.browser.test_ticket_desk import step
from tests.staff.people import PASSWORD, employ
from tickets.life import Doing, Rules, take
from tickets.models import Kind
from tickets.rectification import Rated, open_case
from tickets.states import MOVE_OF, Step
from tickets.tickets import Draft, open_ticket

STAFF = {
    "wu.gang": ("吴刚", Role.HANDLER, "water"),
    "zheng.jie": ("郑洁", Role.REVIEWER, None),
    "wang.lei": ("王磊", Role.SUPERVISOR, None),
}
TO_CLOSED = (
    Step.ACCEPTED, Step.DISPATCHED, Step.SIGNED, Step.DRAFTED, Step.RELEASED, Step.CALL_BACK_DUE, Step.CALLED_BACK,
)  # fmt: skip


@pytest.fixture
def served(tmp_path: Path, browser: Browser) -> Iterator[ServedConsole]:
    """The product with three members of staff."""
    with served_console(tmp_path) as served:
        run(_staffed(database_of(tmp_path)))
        yield served
        # The product does not end while a page still listens to it.
        for context in browser.contexts:
            context.close()


def database_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'qifu.db'}"


def run(work: object) -> None:
    # Playwright's loop counts as running in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()  # type: ignore[arg-type]


async def _staffed(url: str) -> None:
    database = Database(url)
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    door = Door(database, Hashing(), policy, utc_now, new_id)
    for username, (name, role, department) in STAFF.items():
        account = await employ(door, username, role, department=department)
        async with database.write() as session:
            await session.execute(update(Account).where(Account.id == account.id).values(name=name))
    await database.close()


async def _closed(url: str) -> None:
    """The one who writes in the chat page has a ticket that is closed; two more were rated badly before."""
    database = Database(url)
    async with database.write() as session:
        await session.execute(update(Message).values(turn=Turn.DONE))
        thread = (await session.scalars(select(Thread))).one()
        for number, (enterprise, subject, days) in enumerate(
            (
                ("平顶山某某商贸有限公司", "供水", 0),
                ("河南华诚纺织有限责任公司", "供水", 9),
                ("鹰城机械厂", "供水", 1),
            )
        ):
            at = utc_now() - timedelta(days=days, hours=1)
            ticket = await open_ticket(
                session,
                Draft(
                    Kind.COMPLAINT, enterprise, None, "李经理", "+8613800001234", "新华区", subject,
                    "厂里从周一开始停水，打了三次电话没有人来修。", "尽快恢复供水", confidential=number == 2,
                ),
                prefix="PDS", person_id=thread.person_id, thread_id=thread.id, confirmed_by=10_000 + number, at=at,
                new_id=new_id,
            )  # fmt: skip
            for taken in TO_CLOSED:
                actor = sorted(MOVE_OF[taken].actors)[0]
                doing = Doing(actor.value, actor, at, "情况", department="water", text="已恢复供水。")
                await take(session, ticket, taken, doing, Rules())
            if days:
                rated = Rated(
                    f"r{number}", 2, at, tags=("办事效率低",), comment="来得太晚", ticket_id=ticket.id, department="water"
                )  # fmt: skip
                await open_case(session, rated, Rules())
            else:
                await session.flush()
                await owe(session, thread.id, ticket_id=ticket.id, at=at, new_id=new_id)
    await database.close()


def enter(browser: Browser, served: ServedConsole, username: str) -> Page:
    page = browser.new_page(viewport=DESK, locale="zh-CN", reduced_motion="reduce")
    page.goto(f"{served.url}/console/rectifications")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="差评整改", exact=True)).to_be_visible()
    return page


def test_rated_badly_in_the_chat_it_is_worked_and_rated_again(
    browser: Browser, served: ServedConsole, axe: str, tmp_path: Path
) -> None:
    chat = browser.new_page(viewport=TELEPHONE, locale="zh-CN")
    chat.goto(f"{served.url}/chat")
    chat.get_by_role("textbox").fill("你好")
    chat.keyboard.press("Enter")
    expect(chat.get_by_role("log")).to_contain_text("你好")
    expect(chat.get_by_role("textbox")).to_be_enabled()
    chat.wait_for_timeout(500)
    run(_closed(database_of(tmp_path)))
    log = chat.get_by_role("log")
    chat.get_by_role("button", name="非常不满意").click()
    chat.get_by_role("button", name="办事效率低").click()
    expect(log).to_contain_text("还有想说的吗")
    chat.get_by_role("textbox").fill("打了三次电话，第三天才来人")
    chat.keyboard.press("Enter")
    expect(log).to_contain_text("工作人员会联系您")
    _picture(chat, tmp_path, "rating-chat")

    handler = enter(browser, served, "wu.gang")
    look(handler, axe, "rectifications", tmp_path)
    handler.get_by_role("link", name="差评 3 号").click()
    expect(handler.locator("main")).to_contain_text("打了三次电话，第三天才来人")
    look(handler, axe, "rectification-contact", tmp_path)
    step(handler, "已联系企业", 企业说了什么="对维修慢不满，希望抢修电话有人接、当天到场。")
    look(handler, axe, "rectification-ways", tmp_path)
    step(
        handler,
        "立行立改，提交结果",
        改了什么="抢修电话改为两人值守，报修后 2 小时内到场，已对本次值班人员批评教育。",
    )

    reviewer = enter(browser, served, "zheng.jie")
    reviewer.get_by_role("link", name="差评 3 号").click()
    look(reviewer, axe, "rectification-review", tmp_path)
    step(reviewer, "审核通过，发给企业")

    expect(log).to_contain_text("抢修电话改为两人值守")
    chat.get_by_role("button", name="满意", exact=True).last.click()
    expect(log).to_contain_text("已收到您的追评“满意”")
    _picture(chat, tmp_path, "rating-again-chat")

    supervisor = enter(browser, served, "wang.lei")
    supervisor.goto(f"{served.url}/console/rectifications/3")
    expect(supervisor.locator(".history")).to_contain_text("追评：满意")
    look(supervisor, axe, "rectification-closed", tmp_path)
    supervisor.get_by_role("link", name="PDS-").click()
    expect(supervisor.locator("main")).to_contain_text("企业的评价")
    look(supervisor, axe, "ticket-rated", tmp_path)


def _picture(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=pictures(folder) / f"{name}.png")
