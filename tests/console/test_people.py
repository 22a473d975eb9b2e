"""What an admin does with people, and what is refused."""

from __future__ import annotations

import re

import pytest

from staff import accounts
from staff.roles import Role
from tests.console.visit import House, said
from tests.staff.people import HERE, account_of, employ, enrol, enter, visitor_of

EVIL = "<script>alert(1)</script>"


async def test_a_new_account_gets_a_password_that_is_shown_once_and_works(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    fields = {
        "username": "Zhang.San ",
        "name": "张三",
        "department": "water",
        "role": ["handler", "reviewer"],
    }
    page = await admin.post("/console/people/~new", fields)
    password = re.search(r"<code>([a-z0-9-]{19})</code>", page.text)
    assert password
    visit = house.stranger()
    answer = await visit.post("/console/sign-in", {"username": "zhang.san", "password": password[1]})
    assert (await visit.follow(answer)).url.path == "/console/account/password"
    shown = await admin.get("/console/people/zhang.san")
    assert "供水单位" in shown.text and password[1] not in shown.text
    assert "部门经办人、审核人" in (await admin.get("/console/people")).text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"username": "boss"}, "已经存在"),
        ({"username": "B!"}, "不能作用户名"),
        ({"name": " "}, "请填写姓名"),
        ({"role": []}, "请至少选择一个角色"),
        ({"role": ["root"]}, "请至少选择一个角色"),
        ({"department": "nowhere"}, "没有部门"),
    ],
)
async def test_a_form_that_is_wrong_says_why_and_keeps_what_was_filled_in(
    fields: dict[str, object], problem: str, house: House
) -> None:
    admin = await house.member("boss", Role.ADMIN)
    good = {"username": "zhang.san", "name": "张三丰", "department": "gas", "role": ["handler"]}
    page = await admin.post("/console/people/~new", {**good, **fields})
    assert page.status_code == 422 and problem in said(page)
    assert "张三丰" in page.text or "name" in fields
    assert '<option value="gas" selected>' in page.text or "department" in fields


async def test_a_person_is_changed_disabled_enabled_and_unlocked(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    account = await employ(house.door, "zhang.san")
    token, _ = await enter(house.door, account)
    here = "/console/people/zhang.san"
    changed = await admin.post(here, {"name": "张三丰", "department": "gas", "role": ["dispatcher", "admin"]})
    assert said(await admin.follow(changed)) == "已保存。"
    async with house.door.database.read() as session:
        assert await accounts.roles_of(session, account.id) == {Role.DISPATCHER, Role.ADMIN}
    assert "已停用" in (await admin.follow(await admin.post(f"{here}/disable"))).text
    assert await visitor_of(house.door, token) is None
    assert said(await admin.follow(await admin.post(f"{here}/enable"))) == "账号已启用。"
    visit = house.stranger()
    for _ in range(6):
        await visit.post("/console/sign-in", {"username": "zhang.san", "password": "x"})
    assert "登录受限" in (await admin.get(here)).text
    assert "登录受限" not in (await admin.follow(await admin.post(f"{here}/unlock"))).text


async def test_a_lost_telephone_is_replaced_with_a_new_password(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    await enrol(house.door, await employ(house.door, "zhang.san"))
    page = await admin.post("/console/people/zhang.san/reset-password", {"without_second_factor": "yes"})
    password = re.search(r"<code>([a-z0-9-]{19})</code>", page.text)
    assert password
    assert (await account_of(house.door.database, "zhang.san")).totp_secret is None
    answer = await house.stranger().post(
        "/console/sign-in", {"username": "zhang.san", "password": password[1]}
    )
    assert answer.status_code == 303


async def test_an_address_with_many_failures_is_listed_and_freed(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    assert "登录失败较多" not in (await admin.get("/console/people")).text
    for number in range(30):
        await house.door.sign_in(f"name{number}", "wrong", HERE)
    assert f"<code>{HERE.address}</code>" in (await admin.get("/console/people")).text
    answer = await admin.post("/console/people/~unlock-address", {"address": HERE.address})
    page = await admin.follow(answer)
    assert said(page) == "这个地址的登录限制已解除。" and HERE.address not in page.text
    wrong = await admin.post("/console/people/~unlock-address", {"address": EVIL})
    assert wrong.status_code == 422 and "网络地址" in said(wrong)


async def test_an_admin_does_not_shut_the_own_door(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    answer = await admin.post("/console/people/boss/disable")
    assert answer.status_code == 422 and "自己的账号" in said(answer)
    answer = await admin.post("/console/people/boss", {"name": "某", "role": ["agent"]})
    assert answer.status_code == 422 and "最后一个" in said(answer)


async def test_an_account_that_is_not_there_is_told(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    assert (await admin.get("/console/people/nobody")).status_code == 404
    assert (await admin.post("/console/people/nobody/disable")).status_code == 404


async def test_names_are_text_and_no_markup(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    await admin.post("/console/people/~new", {"username": "evil", "name": EVIL, "role": ["agent"]})
    for path in ("/console/people", "/console/people/evil", "/console/audit", f"/console/people?q={EVIL}"):
        page = await admin.get(path)
        assert page.status_code == 200 and "<script>alert" not in page.text


async def test_a_long_list_is_turned_page_by_page(house: House) -> None:
    admin = await house.member("boss", Role.ADMIN)
    for number in range(60):
        await employ(house.door, f"person{number:02}")
    first = await admin.get("/console/people?q=person")
    more = re.search(r'href="(/console/people\?[^"]*after=[^"]*)"', first.text)
    assert more
    second = await admin.get(more[1].replace("&amp;", "&"))
    shown = [re.findall(r"/people/(person\d\d)", page.text) for page in (first, second)]
    assert shown[0] + shown[1] == [f"person{number:02}" for number in range(60)]
