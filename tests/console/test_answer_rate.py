"""The weeks add up."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from desk.desk import Desk
from staff.roles import Role
from store.clock import CITY_ZONE
from tests.console.visit import House
from tests.desk.asking import Asking

HERE = "/console/answer-rate"


async def test_each_week_is_counted_from_its_monday_on_by_outcome(house: House, desk: Desk) -> None:
    asking = Asking(desk)
    monday = datetime(2026, 11, 16, 0, 0, tzinfo=CITY_ZONE)
    for at, outcome in (
        (monday - timedelta(seconds=1), "answered"),
        (monday, "answered"),
        (monday + timedelta(days=3), "answered"),
        (monday + timedelta(days=3), "clarify"),
        (monday + timedelta(days=7) - timedelta(seconds=1), "unknown"),
        (monday + timedelta(days=3), "handoff"),
        (monday + timedelta(days=7), "unknown"),
    ):
        await asking.ask("a", "用水报装", outcome, at=at)
    page = (await (await house.member("agent", Role.AGENT)).get(HERE)).text
    rows = re.findall(r"<tr>\s*<td[^>]*>([\d-]+)</td>" + r"\s*<td[^>]*>([^<]*)</td>" * 6, page)
    assert rows[:3] == [
        ("2026-11-23", "1", "0", "0.0%", "0", "1", "0"),
        ("2026-11-16", "4", "2", "50.0%", "1", "1", "1"),
        ("2026-11-09", "1", "1", "100.0%", "0", "0", "0"),
    ]
    assert len(rows) == 12 and rows[3] == ("2026-11-02", "0", "0", "—", "0", "0", "0")
    heights = [float(height) for height in re.findall(r'<rect class="fill-\w+"[^>]*height="([\d.]+)"', page)]
    assert heights == [200 / 5, 80, 40, 40, 40, 40]


async def test_an_empty_product_and_odd_addresses_show_a_page(house: House) -> None:
    visit = await house.member("agent", Role.AGENT)
    for query in (
        "",
        "?weeks_back=52",
        "?weeks_back=-1",
        "?weeks_back=99999999999999999999",
        "?weeks_back=%E4%B8%80",
    ):
        page = await visit.get(HERE + query)
        assert page.status_code == 200 and "<rect" not in page.text
