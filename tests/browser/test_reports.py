"""The dashboard and the monthly report in Chromium, over a year of made-up tickets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from app.scratch import free_port
from app.settings import Settings
from desk.city import PINGDINGSHAN
from knowledge.markdown import read_folder
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.clock import utc_now
from store.database import Database
from store.ids import new_id
from store.migrate import upgrade
from store.workdays import ANNOUNCED
from tests.browser.looking import SIZES, faults, look, pictures
from tests.browser.served_console import serving
from tests.conftest import ARTICLES
from tests.staff.people import PASSWORD, employ
from tickets.limits import TimeLimits


async def _filled(settings: Settings) -> None:
    upgrade(settings.database_url())
    database = Database(settings.database_url())
    around = Surroundings(
        PINGDINGSHAN, read_folder(ARTICLES), ANNOUNCED, TimeLimits(), utc_now(), random.Random(3)
    )
    await seed(database, Size(300, 3_000), around, lambda _: None)
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    await employ(Door(database, Hashing(), policy, utc_now, new_id), "wang.lei", Role.SUPERVISOR)
    await database.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product with a full database and no Rasa."""
    settings = Settings(
        data=tmp_path_factory.mktemp("reports"), rasa_url="http://127.0.0.1:9", port=free_port()
    )
    # In this thread the browser's driver has a loop of its own.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, _filled(settings)).result()
    with serving(settings) as address:
        yield address


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    opened = context.new_page()
    opened.goto(f"{url}/console/reports")
    opened.get_by_label("用户名").fill("wang.lei")
    opened.get_by_label("密码").fill(PASSWORD)
    opened.get_by_role("button", name="登录").click()
    expect(opened.get_by_role("heading", level=1)).to_contain_text("统计")
    yield opened
    context.close()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return pictures(tmp_path)


def test_charts_are_drawn_under_the_content_policy_and_their_tables_stand_below(
    page: Page, axe: str, kept: Path
) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        page.reload()
        expect(page.locator(".drawing svg").first).to_be_visible()
        assert page.locator(".drawing svg").count() >= 5
        page.locator("[data-chart=days] summary").click()
        expect(page.locator("[data-chart=days] table")).to_be_visible()
        page.screenshot(path=kept / f"reports-{name}.png", full_page=True)
        assert faults(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert refused == []


def test_the_monthly_report_is_read_and_downloaded(page: Page, axe: str, kept: Path) -> None:
    page.get_by_role("link", name="工作情况通报").click()
    page.wait_for_url("**/bulletin*")
    look(page, axe, "bulletin", kept)
    for button, ending in (("下载 Word", ".docx"), ("下载表格（Excel）", ".xlsx")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        assert download.value.suggested_filename.startswith("平顶山市企业服务工作情况通报（")
        assert download.value.suggested_filename.endswith(ending)
