"""Admins connect other systems: secrets are shown once, everything is in the audit log, nothing is done twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from conversations.outbox import pause
from desk.announcing import push_test
from desk.desk import Desk
from staff.models import AuditEntry
from staff.roles import Role
from store.database import Database
from systems import subscriptions
from systems.models import ApiToken, Push, Subscription
from tests.console.visit import House, Visit, said
from tests.fakes import HandClock

TOKENS = "/console/systems/tokens"
HOOKS = "/console/systems/webhooks"
TOKEN = re.compile(r"qifu_api_[0-9A-Za-z]{38}")
SECRET = re.compile(r"whsec_[0-9A-Za-z+/=]{44}")
GOOD_TOKEN = {"name": "督查平台", "scope": ["tickets:read"], "until": "2027-11-23"}
GOOD_HOOK = {"name": "督查平台", "url": "https://hooks.example.cn/qifu?k=geheim", "event": ["ticket.*"]}


@pytest.fixture
async def admin(house: House) -> Visit:
    """An admin, signed in."""
    return await house.member("root", Role.ADMIN)


async def only(database: Database, table: type[ApiToken] | type[Subscription]) -> str:
    """The id of the one row."""
    async with database.read() as session:
        return (await session.scalars(select(table.id))).one()


async def test_a_token_is_shown_once_and_revoked_once(admin: Visit, database: Database) -> None:
    page = await admin.post(TOKENS, GOOD_TOKEN)
    assert page.status_code == 200 and len(TOKEN.findall(page.text)) == 1
    secret = TOKEN.findall(page.text)[0]
    again = await admin.post(TOKENS, GOOD_TOKEN)
    assert again.status_code == 422 and "已经用过" in said(again) and not TOKEN.search(again.text)
    listed = await admin.get("/console/systems")
    assert secret not in listed.text and f"…{secret[-4:]}" in listed.text
    id = await only(database, ApiToken)
    for _ in range(2):
        assert (await admin.post(f"{TOKENS}/{id}/revoke")).status_code == 303
    assert "已吊销" in (await admin.get("/console/systems")).text
    audit = await admin.get("/console/audit")
    assert audit.text.count("吊销接口令牌") == 1 + 1  # one entry, and the choice in the filter
    assert secret not in audit.text


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "", "名称"),
        ("name", "名" * 51, "名称"),
        ("scope", [], "至少选择一项"),
        ("scope", ["tickets:confidential"], "至少选择一项"),
        ("scope", ["everything"], "至少选择一项"),
        ("until", "2026-11-22", "有效期"),
        ("until", "2036-11-22", "有效期"),
        ("until", "9999-12-31", "有效期"),
        ("until", "0001-01-01", "有效期"),
        ("until", "明天", "有效期"),
    ],
)
async def test_a_token_that_makes_no_sense_is_not_made(
    field: str, value: object, problem: str, admin: Visit, database: Database
) -> None:
    page = await admin.post(TOKENS, {**GOOD_TOKEN, field: value})
    assert page.status_code == 422 and problem in said(page)
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(ApiToken)) == 0


async def test_a_subscription_is_made_and_its_secret_shown_once(admin: Visit, database: Database) -> None:
    page = await admin.post(HOOKS, GOOD_HOOK)
    assert page.status_code == 200
    secret = SECRET.findall(page.text)[0]
    again = await admin.post(HOOKS, GOOD_HOOK)
    assert again.status_code == 422 and "已经用过" in said(again)
    id = await only(database, Subscription)
    shown = await admin.get(f"{HOOKS}/{id}")
    assert secret not in shown.text
    renewed = await admin.post(f"{HOOKS}/{id}/rotate", {"generation": "1"})
    other = SECRET.findall(renewed.text)[0]
    assert other != secret and "同时有效" in renewed.text
    stale = await admin.post(f"{HOOKS}/{id}/rotate", {"generation": "1"})
    assert stale.status_code == 422 and "另有人改动过" in said(stale) and not SECRET.search(stale.text)
    ended = await admin.post(f"{HOOKS}/{id}/end-previous", {"generation": "2"})
    assert ended.status_code == 303
    audit = (await admin.get("/console/audit")).text
    assert not [word for word in (secret, other, "geheim") if word in audit]


@pytest.mark.parametrize(
    "url",
    ["", "http://hooks.example.cn/", "ftp://x.cn/", "https://", "https:///x", "https://a b.cn/", "https://用.cn/",
     "https://user:pass@x.cn/", "https://x.cn/#a", "https://x.cn:0/", "https://x.cn:99999/", "javascript:alert(1)",
     "https://x.cn/\n", "https://[::1", "https://x.cn/" + "a" * 600, "//x.cn", "http://127.0.0.1.evil.cn/"],
)  # fmt: skip
async def test_nothing_is_pushed_to_an_address_that_is_none(
    url: str, admin: Visit, database: Database
) -> None:
    page = await admin.post(HOOKS, {**GOOD_HOOK, "url": url})
    if url == "https://x.cn/\n":  # blanks at the ends are left out
        assert page.status_code == 200
        return
    assert page.status_code == 422 and "地址" in said(page)


@pytest.mark.parametrize("events", [[], ["ticket.none"], ["<script>"]])
async def test_a_subscription_to_nothing_is_not_made(events: list[str], admin: Visit) -> None:
    page = await admin.post(HOOKS, {**GOOD_HOOK, "event": events})
    assert page.status_code == 422 and "至少选择一种" in said(page)


async def test_a_subscription_is_changed_tested_and_switched(
    admin: Visit, database: Database, house: House
) -> None:
    await admin.post(HOOKS, GOOD_HOOK)
    id = await only(database, Subscription)
    changed = {**GOOD_HOOK, "name": "信访平台", "event": ["ticket.closed", "rating.given"], "generation": "1"}
    assert (await admin.post(f"{HOOKS}/{id}", changed)).status_code == 303
    assert "信访平台" in (await admin.get("/console/systems")).text
    assert (await admin.post(f"{HOOKS}/{id}/test")).status_code == 303
    page = await admin.get(f"{HOOKS}/{id}?said=test")
    assert "webhook.test" in page.text and "待推送" in page.text
    for _ in range(2):
        assert (await admin.post(f"{HOOKS}/{id}/off")).status_code == 303
    refused = await admin.post(f"{HOOKS}/{id}/test")
    assert refused.status_code == 422 and "停用" in said(refused)
    assert (await admin.post(f"{HOOKS}/{id}/on")).status_code == 303
    audit = (await admin.get("/console/audit?action=webhook_switched_off")).text
    assert audit.count('data-label="操作">停用推送') == 1


async def test_what_failed_is_pushed_again_once(admin: Visit, desk: Desk) -> None:
    await admin.post(HOOKS, GOOD_HOOK)
    id = await only(desk.database, Subscription)
    async with desk.database.write() as session:
        row = await session.get_one(Subscription, id)
        delivery = await push_test(desk, session, row)
        delivery.state, delivery.status, delivery.answer = Push.FAILED, 500, "<b>出错</b>"
    page = await admin.get(f"{HOOKS}/{id}")
    assert "推送失败" in page.text and "&lt;b&gt;出错" in page.text
    answers = [await admin.post(f"{HOOKS}/{id}/deliveries/{delivery.id}/resend") for _ in range(2)]
    assert [answer.headers["location"].partition("=")[2] for answer in answers] == ["again", "under-way"]
    for other in ("0", "99999999999999999999", "x", "-1"):
        assert (await admin.post(f"{HOOKS}/{id}/deliveries/{other}/resend")).status_code in (303, 422)


async def test_a_long_list_of_deliveries_is_read_page_by_page(
    admin: Visit, desk: Desk, clock: HandClock
) -> None:
    await admin.post(HOOKS, GOOD_HOOK)
    id = await only(desk.database, Subscription)
    async with desk.database.write() as session:
        row = await session.get_one(Subscription, id)
        for _ in range(60):
            await push_test(desk, session, row)
    first = await admin.get(f"{HOOKS}/{id}")
    older = re.search(r"\?before=(\d+)", first.text)
    assert older and first.text.count("webhook.test") == 50
    assert (await admin.get(f"{HOOKS}/{id}?before={older[1]}")).text.count("webhook.test") == 10
    for odd in ("x", "-1", "9" * 30, ""):
        assert (await admin.get(f"{HOOKS}/{id}?before={odd}")).status_code == 200


@pytest.mark.parametrize(
    "act", ["", "/rotate", "/end-previous", "/on", "/off", "/test", "/deliveries/1/resend"]
)
async def test_a_subscription_that_does_not_exist_is_told(act: str, admin: Visit) -> None:
    page = await admin.post(f"{HOOKS}/none{act}", GOOD_HOOK)
    assert page.status_code == 404
    assert (await admin.get(f"{HOOKS}/none")).status_code == 404


async def test_admins_see_on_their_first_page_what_was_switched_off(
    admin: Visit, house: House, database: Database, clock: HandClock
) -> None:
    await admin.post(HOOKS, GOOD_HOOK)
    id = await only(database, Subscription)
    async with database.write() as session:
        await subscriptions.switch_off(session, id, "连续 5 天没有一次送达。", at=clock())
    assert "督查平台" in (await admin.get("/console")).text
    agent = await house.member("agent", Role.AGENT)
    assert "督查平台" not in (await agent.get("/console")).text


async def test_admins_see_on_their_first_page_which_channel_can_send_nothing(
    admin: Visit, house: House, database: Database, clock: HandClock
) -> None:
    async with database.write() as session:
        until = clock() + timedelta(minutes=10)
        await pause(session, "wechat", until=until, reason="服务器的 IP 不在白名单里。")
    assert "微信现在发不出消息：服务器的 IP 不在白名单里。" in (await admin.get("/console")).text
    agent = await house.member("agent", Role.AGENT)
    assert "白名单" not in (await agent.get("/console")).text
    clock.advance(timedelta(minutes=11))
    assert "白名单" not in (await admin.get("/console")).text


async def test_two_admins_at_once_change_it_once(admin: Visit, house: House, database: Database) -> None:
    await admin.post(HOOKS, GOOD_HOOK)
    id = await only(database, Subscription)
    other = await house.member("other", Role.ADMIN)
    answers = [await visit.post(f"{HOOKS}/{id}/rotate", {"generation": "1"}) for visit in (admin, other)]
    assert [answer.status_code for answer in answers] == [200, 422]
    async with database.read() as session:
        assert (await session.get_one(Subscription, id)).generation == 2
        noted = await session.scalars(select(AuditEntry.action))
        assert list(noted).count("webhook_secret_changed") == 1
