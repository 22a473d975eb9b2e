"""What people see and change on their own account."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.console.visit import House, said
from tests.fakes import HandClock
from tests.staff.people import PASSWORD, account_of, employ, enrol, enter, visitor_of

NEW = "another good one 77"


async def test_a_changed_password_ends_what_was_open_elsewhere(house: House) -> None:
    account = await employ(house.door, "zhang.san")
    elsewhere = await house.signed_in(account)
    visit = await house.signed_in(account)
    wrong = await visit.post("/console/account/password", {"current": "x", "new": NEW, "again": NEW})
    assert (wrong.status_code, said(wrong)) == (422, "当前密码不对。")
    answer = await visit.post("/console/account/password", {"current": PASSWORD, "new": NEW, "again": NEW})
    assert "密码已修改" in said(await visit.follow(answer))
    assert (await elsewhere.get("/console")).status_code == 303


async def test_ones_sessions_are_listed_and_ended_one_by_one(house: House) -> None:
    account = await employ(house.door, "zhang.san")
    token, other = await enter(house.door, account)
    visit = await house.signed_in(account)
    page = await visit.get("/console/account")
    assert page.text.count("Chrome · Windows") == 2 and page.text.count("当前</span>") == 1
    answer = await visit.post(f"/console/account/sessions/{other.session_id}/end")
    assert said(await visit.follow(answer)) == "已结束那个登录。"
    assert await visitor_of(house.door, token) is None


async def test_nobody_ends_a_session_of_somebody_else(house: House) -> None:
    token, victim = await enter(house.door, await employ(house.door, "li.si"))
    visit = await house.member("zhang.san")
    await visit.post(f"/console/account/sessions/{victim.session_id}/end")
    await visit.post("/console/account/end-other-sessions")
    assert await visitor_of(house.door, token) is not None


async def test_all_other_sessions_end_at_one_press(house: House) -> None:
    account = await employ(house.door, "zhang.san")
    tokens = [(await enter(house.door, account))[0] for _ in range(3)]
    visit = await house.signed_in(account)
    await visit.post("/console/account/end-other-sessions")
    assert [await visitor_of(house.door, token) for token in tokens] == [None] * 3
    assert (await visit.get("/console")).status_code == 200


async def test_a_second_factor_is_removed_and_codes_renewed_only_with_the_password(house: House) -> None:
    account = await employ(house.door, "zhang.san")
    await enrol(house.door, account)
    visit = await house.signed_in(account, second_factor=True)
    for act in ("recovery-codes", "remove"):
        answer = await visit.post(f"/console/account/second-factor/{act}", {"password": "wrong"})
        assert (answer.status_code, said(answer)) == (422, "密码不对。")
    codes = await visit.post("/console/account/second-factor/recovery-codes", {"password": PASSWORD})
    assert len(re.findall(r"<code>[a-z0-9-]{14}</code>", codes.text)) == 10
    answer = await visit.post("/console/account/second-factor/remove", {"password": PASSWORD})
    assert said(await visit.follow(answer)) == "两步验证已关闭。"
    assert (await account_of(house.door.database, "zhang.san")).totp_secret is None


async def test_the_page_for_enrolment_shows_no_secret_once_there_is_one(
    house: House, clock: HandClock
) -> None:
    account = await employ(house.door, "zhang.san")
    totp, _ = await enrol(house.door, account)
    clock.advance(timedelta(minutes=1))
    visit = await house.signed_in(account, second_factor=True)
    assert (await visit.get("/console/account/second-factor")).status_code == 303
    before = (await account_of(house.door.database, "zhang.san")).totp_secret
    await visit.post("/console/account/second-factor", {"code": totp.at(clock())})
    assert (await account_of(house.door.database, "zhang.san")).totp_secret == before
