"""Supervision, notices and officers in a real browser: on a desk and on a telephone, with axe-core."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update
from stdnum.cn import uscc

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from desk.city import PINGDINGSHAN
from knowledge.markdown import read_folder
from staff.accounts import by_username
from staff.models import NoticeKind
from staff.notices import Telling, tell
from store.clock import utc_now
from store.database import Database
from store.workdays import ANNOUNCED
from tests.browser.looking import DESK, look
from tests.browser.served_console import ServedConsole, served_console
from tests.conftest import ARTICLES
from tickets.limits import TimeLimits
from tickets.models import Officer, Ticket, TicketClock
from tickets.states import OPEN, State

NEW = "green tea river 88"
BASE = "91410400MA0000001"
CODE = BASE + str(uscc.calc_check_digit(BASE))


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """A running product with made-up tickets, some under supervision, and notices for the supervisor."""
    folder = tmp_path_factory.mktemp("supervision")
    with served_console(folder) as running:
        with ThreadPoolExecutor(1) as aside:
            aside.submit(asyncio.run, _filled(f"sqlite:///{folder / 'qifu.db'}")).result()
        yield running


async def _filled(url: str) -> None:
    database, now = Database(url), utc_now()
    articles = read_folder(ARTICLES)
    around = Surroundings(PINGDINGSHAN, articles, ANNOUNCED, TimeLimits(), now, random.Random(7))
    await seed(database, Size(tickets=900, messages=900), around, lambda _: None)
    async with database.write() as session:
        supervisor = await by_username(session, "li.si")
        officer = await by_username(session, "wang.wu")
        opened = await session.scalars(
            select(Ticket)
            .where(Ticket.state.in_(OPEN - {State.SUSPENDED}))
            .order_by(Ticket.submitted_at.desc())
            .limit(4)
        )
        first, second, *_ = opened.all()
        first.supervised_at, first.credit_code = now, CODE
        for ticket, days in ((first, 9), (second, 4)):
            late = TicketClock.ticket_id == ticket.id, TicketClock.ended_at.is_(None)
            await session.execute(update(TicketClock).where(*late).values(due_at=now - timedelta(days=days)))
        session.add(
            Officer(
                credit_code=CODE,
                enterprise="平顶山鑫源机械有限公司",
                officer=officer.id,
                deputy=supervisor.id,
                changed_at=now,
            )
        )
        kinds = (
            (NoticeKind.APPROVAL, f"投诉 {second.number}（{second.subject}）申请延期，等您批准。"),
            (
                NoticeKind.ESCALATED,
                f"投诉 {first.number}（{first.subject}）的办结答复超期 2 个工作日还没有完成，请督促。",
            ),
        )
        told = [
            Telling(supervisor.id, kind, f"picture-{kind}", text, ticket=first.number) for kind, text in kinds
        ]
        await tell(session, told, now)
    await database.close()


Enter = Callable[[str], Page]


@pytest.fixture
def enter(browser: Browser, console: ServedConsole) -> Iterator[Enter]:
    """Sign somebody in who has chosen a password."""
    context = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    faulty: list[str] = []

    def sign_in(username: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: faulty.append(str(error)))
        page.on("console", lambda line: faulty.append(line.text) if "Security Policy" in line.text else None)
        page.goto(f"{console.url}/console")
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码").fill(console.passwords[username])
        page.get_by_role("button", name="登录").click()
        page.get_by_label("新密码", exact=True).fill(NEW)
        page.get_by_label("再输一次新密码").fill(NEW)
        page.get_by_role("button", name="保存").click()
        expect(page.locator("#bell")).to_be_visible()
        return page

    yield sign_in
    context.close()
    assert faulty == []


def test_a_supervisor_sees_the_lights_supervises_and_is_told(
    console: ServedConsole, enter: Enter, axe: str, tmp_path: Path
) -> None:
    page = enter("li.si")
    expect(page.locator("#bell")).to_contain_text("2")
    page.goto(f"{console.url}/console/supervision")
    look(page, axe, "supervision", tmp_path)
    form = page.locator("details.supervise").first
    form.locator("summary").focus()
    page.keyboard.press("Enter")
    form.get_by_role("textbox").fill("请三天内答复企业，办好以后回话。")
    look(page, axe, "supervision-form", tmp_path)
    form.get_by_role("button", name="列入督办").click()
    expect(page.get_by_role("status")).to_contain_text("已列入督办")

    page.locator("#bell").click()
    look(page, axe, "notices", tmp_path)
    page.get_by_role("button", name="标为已读：").first.click()
    expect(page.locator("#bell")).to_contain_text("1")
    page.get_by_role("button", name="查看工单").click()
    expect(page.locator("#bell .bell-count")).to_be_hidden()
    look(page, axe, "ticket-supervised", tmp_path)

    page.goto(f"{console.url}/console/officers")
    look(page, axe, "officers", tmp_path)
    page.get_by_role("link", name="平顶山鑫源机械有限公司").click()
    look(page, axe, "officer", tmp_path)
    page.goto(f"{console.url}/console/officers/~import")
    page.get_by_label("名单文件").set_input_files(
        {
            "name": "名单.csv",
            "mimeType": "text/csv",
            "buffer": f"统一社会信用代码,企业名称,首席服务官,副职\n{CODE},平顶山鑫源机械有限公司,李四,\n123,某某公司,李四,\n".encode(),
        }
    )
    page.get_by_role("button", name="预览").click()
    expect(page.get_by_role("alert")).to_contain_text("1 行不对")
    look(page, axe, "officers-import", tmp_path)
