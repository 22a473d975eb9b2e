"""Every page of the console, found by its links: none is left out of the look for faults of access."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from app.main import create_app
from app.prepare import ARTICLES, prepare
from app.scratch import free_port
from app.settings import Settings
from console.navigation import ENTRIES
from desk.city import PINGDINGSHAN
from desk.learning.collecting import Collector
from knowledge.learning.models import UnansweredGroup
from knowledge.markdown import read_folder
from staff.passwords import Hashing
from staff.roles import Role
from staff.sessions import Policy
from staff.sign_in import Door
from store.clock import utc_now
from store.ids import new_id
from tests.browser.looking import TELEPHONE, faults, pictures
from tests.browser.served_console import serving
from tests.console.test_permissions import ways
from tests.staff.people import PASSWORD, employ
from tickets.limits import TimeLimits
from tickets.timing import load_calendar

# Parts of pages, streams, and files.
NO_PAGES = {
    "/console/{path:path}", "/console/attachments/{attachment}", "/console/article-statistics/export", "/console/events",
    "/console/exchange/export", "/console/knowledge/articles/{key}/gate", "/console/knowledge/articles/{key}/suggestions",
    "/console/knowledge/files/{id}", "/console/mentions/count", "/console/mentions/{mention}", "/console/notices/unread",
    "/console/supervision/{number}/urging-letter",
    "/console/training/progress",
}  # fmt: skip
# What they show is made by hand first; the journeys that do so look at them.
ELSEWHERE = {
    "/console/account/password", "/console/canned/{reply}", "/console/exchange/imports/{id}",
    "/console/inbox/{thread_id}/question/{message}", "/console/inbox/{thread_id}/ticket",
    "/console/knowledge/articles/{key}/compare", "/console/knowledge/articles/{key}/review", "/console/officers/{code}",
    "/console/sign-in", "/console/sign-in/code", "/console/systems/webhooks/{webhook}",
}  # fmt: skip
_DEMO = Size(tickets=200, messages=1_500)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a city that has been at work, with somebody who has every role."""
    folder = tmp_path_factory.mktemp("every-page")
    found = Settings(data=folder, rasa_url="http://127.0.0.1:9", port=free_port())
    with ThreadPoolExecutor(1) as aside:  # in this thread the browser's driver has a loop of its own
        aside.submit(asyncio.run, _at_work(found)).result()
    return found


async def _at_work(settings: Settings) -> None:
    await prepare(settings, utc_now)
    desk = create_app(settings).state.desk
    async with desk.database.read() as session:
        calendar = await load_calendar(session)
    around = Surroundings(
        city=PINGDINGSHAN, articles=read_folder(ARTICLES), calendar=calendar,
        limits=TimeLimits.parse(settings.ticket_limits), now=utc_now(), chance=random.Random(1),
    )  # fmt: skip
    await seed(desk.database, _DEMO, around, lambda _: None)
    await Collector(desk).round()
    async with desk.database.write() as session:
        await session.execute(update(UnansweredGroup).values(department="water"))
    policy = Policy(timedelta(hours=1), timedelta(hours=12), "optional", b"a key of the tests")
    door = Door(desk.database, Hashing(), policy, utc_now, new_id)
    await employ(door, "everybody", *Role, department="water", name="全能")
    await desk.database.close()


@pytest.fixture
def page(browser: Browser, settings: Settings) -> Iterator[Page]:
    """Somebody who may open all of it, on a telephone."""
    with serving(settings) as url:
        opened = browser.new_context(
            base_url=url, viewport=TELEPHONE, locale="zh-CN", reduced_motion="reduce"
        ).new_page()
        opened.goto("/console")
        opened.get_by_label("用户名").fill("everybody")
        opened.get_by_label("密码").fill(PASSWORD)
        opened.get_by_role("button", name="登录").click()
        opened.wait_for_url("**/console")
        yield opened
        opened.context.close()


def test_no_page_has_a_fault_and_none_is_forgotten(
    page: Page, settings: Settings, axe: str, tmp_path: Path
) -> None:
    kinds = [way.path for way in ways(create_app(settings)) if way.method == "GET"]
    left = dict.fromkeys(kind for kind in kinds if kind not in NO_PAGES | ELSEWHERE)
    to_visit = ["/console", *(entry.path for entry in ENTRIES), "/console/rectifications/1"]  # those closed
    found: dict[str, list[str]] = {}
    while to_visit:
        address = to_visit.pop(0)
        kind = next((one for one in left if _matches(one, address)), None)
        if kind is None:
            continue
        del left[kind]
        answer = page.goto(address)
        assert answer is not None and answer.status == 200, address
        found[address] = faults(page, axe)
        if page.evaluate("document.documentElement.scrollWidth") > TELEPHONE["width"]:
            found[address].append("wider than the telephone")
        page.screenshot(path=pictures(tmp_path) / f"page-{len(found):02}.png", full_page=True)
        links = page.locator("a[href^='/console']")
        to_visit += links.evaluate_all("all => all.map(one => one.getAttribute('href').split('#')[0])")
    assert {address: wrong for address, wrong in found.items() if wrong} == {}
    assert set(left) == set()


def _matches(kind: str, address: str) -> bool:
    pattern = re.sub(r"\{\w+\}", "[^/]+", kind)
    return re.fullmatch(pattern, address.partition("?")[0]) is not None
