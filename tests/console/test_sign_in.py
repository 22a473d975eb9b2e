"""Signing in with forms alone: no page of it needs a script."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI, Response

from console.cookie import Cookie
from console.inbox import Rows
from console.live import Live
from console.pages import Pages
from console.presence import Presence
from console.router import console_router
from console.routes import Console, Routes
from desk.desk import Desk
from staff.roles import Permission, Role
from tests.console.visit import House, said
from tests.fakes import HandClock
from tests.staff.people import PASSWORD, employ, enrol

NEW = "another good one 77"


async def test_whoever_signs_in_comes_to_the_page_that_was_asked_for(house: House) -> None:
    await employ(house.door, "zhang.san")
    visit = house.stranger()
    form = await visit.follow(await visit.get("/console/account?x=1"))
    assert 'name="next" value="/console/account?x=1"' in form.text
    answer = await visit.post(
        "/console/sign-in", {"username": "zhang.san", "password": PASSWORD, "next": "/console/account?x=1"}
    )
    page = await visit.follow(answer)
    assert (page.status_code, page.url.path) == (200, "/console/account")
    cookie = answer.headers.get_list("set-cookie")[0]
    assert cookie.startswith("qifu_staff=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age" not in cookie


async def test_outside_development_the_cookie_and_the_browser_keep_to_https(house: House, desk: Desk) -> None:
    await employ(house.door, "zhang.san")
    app = FastAPI()
    app.include_router(console_router(desk, house.door, secure=True))
    answer = (
        await House(app, house.door)
        .stranger()
        .post("/console/sign-in", {"username": "zhang.san", "password": PASSWORD})
    )
    assert answer.headers["set-cookie"].startswith("__Host-qifu_staff=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


async def test_a_wrong_password_keeps_the_name_and_never_the_password(house: House) -> None:
    answer = await house.stranger().post(
        "/console/sign-in", {"username": "zhang.san", "password": "typed once"}
    )
    assert (answer.status_code, said(answer)) == (422, "用户名或密码不对。")
    assert 'value="zhang.san"' in answer.text and "typed once" not in answer.text


async def test_too_many_tries_are_told_how_long_to_wait(house: House) -> None:
    visit = house.stranger()
    for _ in range(5):
        await visit.post("/console/sign-in", {"username": "zhang.san", "password": "x"})
    answer = await visit.post("/console/sign-in", {"username": "zhang.san", "password": "x"})
    assert (answer.status_code, said(answer)) == (429, "尝试的次数太多，请 30 秒后再试。")


async def test_a_one_time_password_leads_to_a_password_of_ones_own(house: House) -> None:
    visit = house.stranger()
    account = await house.signed_in(await employ(house.door, "li.si", password=None))
    page = await account.get("/console/account/password")
    assert "请先换成自己的密码" in page.text and "当前密码" not in page.text
    for new, again, problem in (
        ("short", "short", "密码太短"),
        (NEW, f"{NEW}!", "两次输入的新密码不一样"),
        ("li.si forever!", "li.si forever!", "不要包含用户名"),
    ):
        answer = await account.post("/console/account/password", {"new": new, "again": again})
        assert answer.status_code == 422 and problem in said(answer)
    answer = await account.post("/console/account/password", {"new": NEW, "again": NEW})
    assert (await account.follow(answer)).url.path == "/console"
    signed_in = await visit.post("/console/sign-in", {"username": "li.si", "password": NEW})
    assert signed_in.status_code == 303


async def test_a_browser_that_was_in_before_is_not_kept_out_by_a_stranger(house: House) -> None:
    await employ(house.door, "zhang.san")
    visit, stranger = house.stranger(), house.stranger()
    form = {"username": "zhang.san", "password": PASSWORD}
    answer = await visit.post("/console/sign-in", form)
    mark = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("qifu_known="))
    assert "HttpOnly" in mark and "SameSite=lax" in mark and "Max-Age=34560000" in mark
    for _ in range(6):
        await stranger.post("/console/sign-in", {**form, "password": "wrong"})
    assert (await stranger.post("/console/sign-in", form)).status_code == 429
    assert (await visit.post("/console/sign-in", form)).status_code == 303


async def test_a_second_factor_is_set_up_and_asked_for(house: House, clock: HandClock) -> None:
    account = await employ(house.door, "zhang.san")
    visit = await house.signed_in(account)
    page = await visit.get("/console/account/second-factor")
    assert "<svg" in page.text and "style=" not in page.text
    wrong = await visit.post("/console/account/second-factor", {"code": "000000"})
    assert wrong.status_code == 422 and "验证码不对" in said(wrong)
    totp, _ = await enrol(house.door, await employ(house.door, "li.si"))
    clock.advance(timedelta(minutes=1))

    other = house.stranger()
    answer = await other.post("/console/sign-in", {"username": "li.si", "password": PASSWORD})
    page = await other.follow(answer)
    assert page.url.path == "/console/sign-in/code"
    answer = await other.post("/console/sign-in/code", {"code": totp.at(clock()), "next": "/console/account"})
    assert (await other.follow(answer)).url.path == "/console/account"


async def test_signing_out_ends_the_session_and_not_only_the_cookie(house: House) -> None:
    visit = await house.member("zhang.san")
    token = visit.client.cookies["qifu_staff"]
    answer = await visit.post("/console/sign-out")
    assert said(await visit.follow(answer)) == "您已退出。"
    visit.client.cookies.set("qifu_staff", token, domain="console.test")
    assert (await visit.get("/console")).status_code == 303


async def test_a_form_filled_in_before_the_session_ended_is_sent_after_signing_in_anew(
    house: House, clock: HandClock
) -> None:
    await employ(house.door, "guan", Role.ADMIN)
    visit = house.stranger()
    signing_in = {"username": "guan", "password": PASSWORD}
    await visit.follow(await visit.post("/console/sign-in", signing_in))
    page = await visit.get("/console/people/~new")
    assert visit.csrf in page.text
    filled = {"username": "li.si", "name": "李四", "role": "agent", "csrf": visit.csrf}
    clock.advance(timedelta(hours=2))
    assert "填写的内容还在" in (await visit.post("/console/people/~new", filled)).text
    await visit.post("/console/sign-in", signing_in)  # in another tab
    assert "一次性密码" in (await visit.post("/console/people/~new", filled)).text


@pytest.mark.parametrize("background", [True, False])
async def test_a_session_is_kept_awake_by_people_and_not_by_pages(
    background: bool, house: House, desk: Desk, clock: HandClock
) -> None:
    pages = Pages("某市", secure=False)
    live = Live(desk.database, Rows(desk.database, pages, clock), Presence(lambda: 0.0), asyncio.Event())
    routes = Routes(Console(desk, house.door, Cookie(secure=False), pages, live))

    @routes.get("/page", Permission.OWN_ACCOUNT, background=background)
    async def page() -> Response:
        return Response()

    house.app.router.routes.clear()
    house.app.include_router(routes.router)
    visit = await house.member("zhang.san")
    clock.advance(timedelta(minutes=50))
    assert (await visit.get("/console/page")).status_code == 200
    clock.advance(timedelta(minutes=50))
    assert (await visit.get("/console/page")).status_code == (303 if background else 200)


@pytest.mark.parametrize("token", ["", "x", "口令", "a" * 5000])
async def test_a_cookie_that_is_none_of_ours_is_nobody(token: str, house: House) -> None:
    visit = house.stranger()
    answer = await visit.client.get("/console", headers={b"Cookie": f"qifu_staff={token}".encode()})
    assert answer.status_code == 303


async def test_htmx_is_sent_to_the_sign_in_page_as_a_whole(house: House) -> None:
    answer = await house.stranger().get("/console/account", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"].partition("?")[0]) == (401, "/console/sign-in")


async def test_htmx_is_told_of_trouble_where_it_is_seen(house: House) -> None:
    visit = await house.member("zhang.san")
    answer = await visit.get("/console/people", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-retarget"]) == (403, "#notice")
    assert answer.text.startswith('<p class="problem"')


async def test_an_enrolment_that_is_demanded_comes_before_everything(house: House, desk: Desk) -> None:
    strict = replace(house.door, policy=replace(house.door.policy, second_factor="everyone"))
    app = FastAPI()
    app.include_router(console_router(desk, strict, secure=False))
    visit = await House(app, strict).member("zhang.san")
    page = await visit.client.get("/console", follow_redirects=True)
    assert page.url.path == "/console/account/second-factor" and "必须使用两步验证" in page.text
