"""Who looks after which enterprise: kept one by one or as a list, suggested at dispatch, and what they may read."""

from __future__ import annotations

import asyncio
import csv
import io
import re

import httpx
import pytest
from openpyxl import Workbook
from sqlalchemy import select
from stdnum.cn import uscc

from desk.desk import Desk
from staff import accounts
from staff.actors import COMMAND_LINE
from staff.roles import Role
from tests.console.ticket_office import Office
from tests.console.visit import House, Visit, said
from tests.staff.people import employ, written
from tickets.models import Officer

HERE = "/console/officers"
NAME = "平顶山某某商贸有限公司"


def code(number: int) -> str:
    """A code whose last character is right."""
    base = f"91410400MA{number:07}"
    return base + str(uscc.calc_check_digit(base))


@pytest.fixture
def office(house: House, desk: Desk) -> Office:
    return Office(house, desk)


@pytest.fixture
async def pai(office: Office) -> Visit:
    """A dispatcher; two who can be officers are there."""
    await employ(office.house.door, "shui", Role.HANDLER, department="tax")
    await employ(office.house.door, "huo", Role.HANDLER, department="market")
    return await office.call_in("pai", Role.DISPATCHER)


async def add(visit: Visit, number: int = 1, /, **fields: str) -> httpx.Response:
    good = {"code": code(number), "enterprise": NAME, "officer": "shui", "deputy": "huo"}
    return await visit.post(f"{HERE}/~new", {**good, **fields})


async def kept(desk: Desk) -> list[str]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Officer.credit_code).order_by(Officer.credit_code)))


def seen_on(page: httpx.Response) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page.text)
    assert found
    return found[1]


async def upload(visit: Visit, content: bytes, name: str = "名单.csv") -> httpx.Response:
    return await visit.client.post(
        f"{HERE}/~import", data={"csrf": visit.csrf}, files={"file": (name, content)}
    )


async def confirm(visit: Visit, preview: httpx.Response) -> httpx.Response:
    rows = re.search(r'<textarea name="rows" hidden>\n(.*?)</textarea>', preview.text, re.DOTALL)
    state = re.search(r'name="state" value="(\w+)"', preview.text)
    assert rows and state
    return await visit.post(f"{HERE}/~import/confirm", {"rows": rows[1], "state": state[1]})


def table(*rows: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("统一社会信用代码", "企业名称", "首席服务官", "副职"), *rows])
    return out.getvalue().encode("utf-8-sig")


async def test_an_enterprise_is_added_changed_and_ended(office: Office, pai: Visit) -> None:
    page = await pai.follow(await add(pai))
    assert said(page) == "已加入名单。" and NAME in page.text and code(1) in page.text
    one = await pai.get(f"{HERE}/{code(1)}")
    fields = {"enterprise": NAME, "officer": "huo", "deputy": "", "seen": seen_on(one)}
    assert said(await pai.follow(await pai.post(f"{HERE}/{code(1)}", fields))) == "已保存。"
    one = await pai.get(f"{HERE}/{code(1)}")
    assert '<option value="huo" selected>' in one.text
    for _ in range(2):  # the second press finds it gone
        page = await pai.follow(await pai.post(f"{HERE}/{code(1)}/end", {"seen": seen_on(one)}))
        assert said(page) == "已移出名单。" and NAME not in page.text
    assert (await written(office.desk.database))[-3:] == ["officer_set", "officer_set", "officer_ended"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"code": ""}, "应为 18 位"),
        ({"code": code(1)[:-1] + ("0" if code(1)[-1] != "0" else "1")}, "校验码不对"),
        ({"code": "91410400MAI000000X"}, "不会出现的字符"),
        ({"enterprise": " "}, "请填写企业名称"),
        ({"enterprise": "水" * 101}, "请填写企业名称"),
        ({"officer": ""}, "请填写首席服务官"),
        ({"officer": "nobody"}, "没有能看工单的账号"),
        ({"deputy": "shui"}, "不能是同一个人"),
    ],
)
async def test_what_is_wrong_is_told_and_what_was_filled_in_stays(
    fields: dict[str, str], problem: str, office: Office, pai: Visit
) -> None:
    answer = await add(pai, **fields)
    assert answer.status_code == 422 and problem in said(answer)
    assert 'name="enterprise"' in answer.text and await kept(office.desk) == []


async def test_the_same_once_more_changes_nothing_and_another_one_is_told(office: Office, pai: Visit) -> None:
    await add(pai)
    assert (await add(pai)).status_code == 303
    answer = await add(pai, officer="huo", deputy="")
    assert answer.status_code == 422 and "已经在名单里" in said(answer)
    assert (await written(office.desk.database)).count("officer_set") == 1


async def test_of_two_who_change_at_once_one_wins_and_the_other_is_told(office: Office, pai: Visit) -> None:
    await add(pai)
    seen = seen_on(await pai.get(f"{HERE}/{code(1)}"))
    answers = await asyncio.gather(
        *(
            pai.post(f"{HERE}/{code(1)}", {"enterprise": name, "officer": "shui", "seen": seen})
            for name in ("甲公司", "乙公司")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert "刚被别人改过" in said(refused)


async def test_of_two_who_add_at_once_one_wins_and_the_other_is_told(office: Office, pai: Visit) -> None:
    answers = await asyncio.gather(*(add(pai, enterprise=name) for name in ("甲公司", "乙公司")))
    assert sorted(answer.status_code for answer in answers) == [303, 422]


async def test_what_is_not_there_and_what_is_hostile_is_told(office: Office, pai: Visit) -> None:
    assert (await pai.get(f"{HERE}/{code(1)}")).status_code == 404
    assert (await pai.get(f"{HERE}?after=~&q=%25_'\"<script>")).status_code == 200
    assert (await pai.post(f"{HERE}/{code(1)}", {"enterprise": NAME, "officer": "shui"})).status_code == 404
    await add(pai, enterprise="<b>某某</b>公司")
    page = await pai.get(HERE)
    assert "<b>某某" not in page.text and "&lt;b&gt;某某" in page.text


async def test_the_list_is_searched_and_paged(office: Office, pai: Visit) -> None:
    answer = await upload(pai, table(*((code(n), f"企业{n:03}", "shui", "") for n in range(120))))
    assert (await confirm(pai, answer)).status_code == 303
    told: list[str] = []
    at = HERE
    while at:
        page = await pai.get(at)
        told += re.findall(r">(企业\d{3})<", page.text)
        link = re.search(r'href="(/console/officers\?[^"]*)">下一页', page.text)
        at = link[1].replace("&amp;", "&") if link else ""
    assert told == [f"企业{n:03}" for n in range(120)]
    assert re.findall(r">(企业\d{3})<", (await pai.get(f"{HERE}?q=业007")).text) == ["企业007"]
    assert re.findall(r">(企业\d{3})<", (await pai.get(f"{HERE}?q={code(8).lower()}")).text) == ["企业008"]


def workbook(*rows: tuple[str | None, ...]) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in [("首席服务官", "企业名称", "统一社会信用代码"), *rows]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_a_workbook_is_previewed_and_imported_as_a_whole(office: Office, pai: Visit) -> None:
    await add(pai, 1)
    content = workbook(
        ("姓名huo", "甲公司", code(1)),
        (None, None, None),
        ("shui", "乙公司", code(2)),
        ("shui", "丙公司", code(3)),
    )
    preview = await upload(pai, content, "名单.xlsx")
    assert preview.status_code == 200 and await kept(office.desk) == [code(1)]
    assert "新增 2 家，修改 1 家，没有变化 0 家" in preview.text
    for _ in range(2):  # pressed twice, imported once
        page = await pai.follow(await confirm(pai, preview))
        assert said(page) == "名单已导入。"
    assert sorted(await kept(office.desk)) == sorted(map(code, (1, 2, 3)))
    assert (await written(office.desk.database)).count("officers_imported") == 1


async def test_one_wrong_line_keeps_the_whole_list_out_and_every_wrong_line_is_named(
    office: Office, pai: Visit
) -> None:
    content = table(
        (code(1), "甲公司", "shui", ""),
        ("123", "乙公司", "shui", ""),
        (code(3), "丙公司", "谁", ""),
        (code(1), "丁公司", "shui", ""),
    )
    answer = await upload(pai, content.decode("utf-8-sig").encode("gb18030"))
    assert answer.status_code == 422
    assert "共 4 行，3 行不对" in answer.text and "与第 2 行是同一家企业" in answer.text
    assert "应为 18 位" in answer.text and "“谁”没有能看工单的账号" in answer.text
    rows = f"2,{code(1)},甲公司,shui,\r\n3,123,乙公司,shui,\r\n"
    forced = await pai.post(f"{HERE}/~import/confirm", {"rows": rows, "state": "0"})
    assert forced.status_code == 422 and await kept(office.desk) == []


async def test_a_list_that_changed_since_the_preview_is_shown_again(office: Office, pai: Visit) -> None:
    preview = await upload(pai, table((code(1), "甲公司", "shui", "")))
    await add(pai, 1)
    again = await confirm(pai, preview)
    assert again.status_code == 422 and "预览以后名单变过" in said(again) and "修改 1 家" in again.text
    assert (await confirm(pai, again)).status_code == 303


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"", "a.csv", "文件是空的"),
        (b"\xff\xfe\x00\x01\x02", "a.csv", "读不出来"),
        (b"PK\x03\x04nonsense", "a.xlsx", "读不出来"),
        (b"\xd0\xcf\x11\xe0old", "a.xls", "旧版 Excel"),
        ("企业名称\n甲公司\n".encode(), "a.csv", "缺少：统一社会信用代码、首席服务官"),
        (table(), "a.csv", "只有标题行"),
        (table(*((code(n), "甲公司", "shui", "") for n in range(2001))), "a.csv", "最多导入 2000 行"),
    ],
)
async def test_a_file_that_is_no_list_is_told(
    content: bytes, name: str, problem: str, office: Office, pai: Visit
) -> None:
    answer = await upload(pai, content, name)
    assert answer.status_code == 422 and problem in said(answer)


async def test_no_file_and_a_broken_preview_are_told(office: Office, pai: Visit) -> None:
    assert "请选择要导入的文件" in said(await pai.post(f"{HERE}/~import", {"file": "text"}))
    for rows in ("", "a,b", "1,2,3,4,5,6", "x" * 5000):
        assert "预览的内容不完整" in said(await pai.post(f"{HERE}/~import/confirm", {"rows": rows}))


async def test_dispatch_suggests_the_officers_department_first_with_the_reason(
    office: Office, pai: Visit
) -> None:
    await add(pai)
    number = await office.file(credit_code=code(1))
    await office.press("pai", number, "accepted", level="general")
    page = (await pai.get(f"/console/tickets/{number}")).text
    assert "建议：税务部门。该企业的首席服务官是姓名shui。" in page
    assert "按派单规则：供水单位。事项类别是“供水”" in page
    assert '<option value="tax" selected>' in page
    other = await office.file(credit_code=code(2))
    await office.press("pai", other, "accepted", level="general")
    assert "首席服务官" not in (await pai.get(f"/console/tickets/{other}")).text.partition("<main")[2]


async def test_an_officer_reads_the_tickets_of_their_enterprises_but_no_confidential_ones(
    office: Office, pai: Visit
) -> None:
    await add(pai)
    open_one = await office.file(credit_code=code(1))
    closed = await office.file(credit_code=code(1), confidential="是")
    foreign = await office.file(credit_code=code(2))
    for username, sees in (("shui", 200), ("huo", 404)):
        visit = await office._enter(username)
        listed = (await visit.get("/console/tickets?queue=all")).text
        for number, status in ((open_one, sees), (closed, 404), (foreign, 404)):
            assert (await visit.get(f"/console/tickets/{number}")).status_code == status, (username, number)
            assert (number in listed) is (status == 200)


async def test_the_deputy_reads_them_while_the_officer_is_disabled(office: Office, pai: Visit) -> None:
    await add(pai)
    await employ(office.house.door, "boss", Role.ADMIN)  # the last one could not be disabled
    number = await office.file(credit_code=code(1))
    huo = await office._enter("huo")
    assert (await huo.get(f"/console/tickets/{number}")).status_code == 404
    for disabled, status in ((True, 200), (False, 404)):
        async with office.desk.database.write() as session:
            change = accounts.disable if disabled else accounts.enable
            await change(session, COMMAND_LINE, "shui", at=office.desk.clock())
        page = await huo.get(f"/console/tickets/{number}")
        assert page.status_code == status
        assert ("姓名huo（副职代）" in page.text) is disabled
    assert "没有人接替" not in (await pai.get(HERE)).text


async def test_the_enterprises_card_in_a_thread_names_its_officer(office: Office, pai: Visit) -> None:
    await add(pai)
    number = await office.file(credit_code=code(1))
    page = await pai.get(f"/console/inbox/{(await office.ticket(number)).thread_id}")
    assert "<dt>首席服务官</dt><dd>姓名shui</dd>" in page.text
