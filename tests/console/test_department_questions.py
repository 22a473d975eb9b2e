"""Unanswered questions given to a department: it is told, reads its own and no others', and writes what the answer is."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from conversations.models import Question
from desk.desk import Desk
from desk.erasure import confirm, erase_due
from desk.learning.collecting import Collector
from desk.learning.counting import recount
from knowledge.learning.models import AnswerProposal, UnansweredGroup
from staff.models import Account, Notice
from staff.roles import PERMISSIONS, Permission, Role
from tests.console.visit import House, Visit, said
from tests.desk.asking import Asking
from tests.fakes import HandClock
from tests.staff.people import employ

EDITOR = "/console/unanswered"
HERE = "/console/department-questions"
QUESTION = "老厂房没有产权证能报装临时用水吗"
OTHER = "外地货车能进城送货吗"
ANSWER = "可以，凭租赁合同和社区证明办理。\n依据《供水条例》第二十条。"


@pytest.fixture
async def editor(house: House, stocked_desk: Desk) -> Visit:
    """An editor with two groups, of which nobody has seen to any."""
    asking = Asking(stocked_desk)
    for who in "ab":
        await asking.ask(who, QUESTION, channel="wechat")
    await asking.ask("c", f"{QUESTION}，电话13837512345")
    await asking.ask("d", OTHER)
    await Collector(stocked_desk).round()
    return await house.member("editor", Role.KNOWLEDGE_EDITOR)


async def handler(house: House, username: str, department: str | None) -> Visit:
    account = await employ(house.door, username, Role.HANDLER)
    async with house.door.database.write() as session:
        await session.execute(update(Account).where(Account.id == account.id).values(department=department))
    return await house.signed_in(account)


async def assign(editor: Visit, group: int, department: str) -> str:
    page = await editor.get(f"{EDITOR}/{group}")
    revision = re.search(r'name="revision" value="(\d+)"', page.text)
    assert revision is not None
    fields = {"revision": revision[1], "department": department}
    return said(await editor.follow(await editor.post(f"{EDITOR}/{group}/assign", fields)))


async def notices_of(desk: Desk, username: str) -> list[Notice]:
    async with desk.database.read() as session:
        rows = await session.scalars(
            select(Notice)
            .join(Account, Account.id == Notice.account_id)
            .where(Account.username == username)
            .order_by(Notice.id)
        )
        return list(rows)


async def test_a_department_is_told_answers_and_the_editor_reads_it(
    editor: Visit, house: House, stocked_desk: Desk
) -> None:
    assert "没有人收到通知" in await assign(editor, 1, "water")
    assert await assign(editor, 1, "") == "已保存。"
    shui = await handler(house, "shui", "water")
    await handler(house, "dian", "power")
    assert "会在通知里看到" in await assign(editor, 1, "water")
    assert await assign(editor, 1, "water") == "已保存。"  # once more: nobody is told again
    (notice,) = await notices_of(stocked_desk, "shui")
    assert QUESTION not in notice.text and "3 家企业" in notice.text
    assert await notices_of(stocked_desk, "dian") == []
    go = await shui.post(f"/console/notices/{notice.id}", {"go": "1"})
    assert go.headers["location"] == f"{HERE}/1"

    page = (await shui.get(HERE)).text
    assert QUESTION in page and OTHER not in page and "13837512345" not in page
    page = (await shui.get(f"{HERE}/1")).text
    assert QUESTION in page and "13837512345" not in page and "/console/inbox/" not in page
    for _ in range(2):  # pressed twice
        answer = await shui.post(f"{HERE}/1", {"text": ANSWER.replace("\n", "\r\n")})
        assert "已交给知识编辑" in said(await shui.follow(answer))
    async with stocked_desk.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(AnswerProposal)) == 1
    (told,) = await notices_of(stocked_desk, "editor")
    assert "供水单位" in told.text and ANSWER not in told.text
    go = await editor.post(f"/console/notices/{told.id}", {"go": "1"})
    assert go.headers["location"] == f"{EDITOR}/1"
    assert ANSWER in (await editor.get(f"{EDITOR}/1")).text
    assert "查看问题" in (await shui.get("/console/notices?view=all")).text


async def test_another_department_and_nobodys_see_nothing_and_write_nothing(
    editor: Visit, house: House, stocked_desk: Desk
) -> None:
    await assign(editor, 1, "water")
    for username, department in (("dian", "power"), ("nobody", None)):
        visit = await handler(house, username, department)
        assert QUESTION not in (await visit.get(HERE)).text
        assert (await visit.get(f"{HERE}/1")).status_code == 404
        assert (await visit.post(f"{HERE}/1", {"text": ANSWER})).status_code == 404
        assert (await visit.get(f"{HERE}/2")).status_code == 404  # nobody's yet
        assert (await visit.get(f"{EDITOR}/1")).status_code == 403
    assert "没有部门" in (await visit.get(HERE)).text
    agent = await house.member("agent", Role.AGENT)
    assert (await agent.get(HERE)).status_code == 403
    async with stocked_desk.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(AnswerProposal)) == 0
    may = [role for role, permissions in PERMISSIONS.items() if Permission.UNANSWERED_PROPOSE in permissions]
    assert may == [Role.HANDLER]


async def test_what_belongs_to_a_form_stays_closed_to_the_department(
    house: House, stocked_desk: Desk
) -> None:
    secret = "隔壁厂偷偷接水管没人管吗"
    await Asking(stocked_desk).ask("a", secret, detail={"form": "complaint"})
    await Collector(stocked_desk).round()
    async with stocked_desk.database.write() as session:
        await session.execute(update(UnansweredGroup).values(department="water"))
    shui = await handler(house, "shui", "water")
    page = (await shui.get(HERE)).text
    assert secret not in page and "另有 1 组" in page
    assert (await shui.get(f"{HERE}/1")).status_code == 404
    assert (await shui.post(f"{HERE}/1", {"text": ANSWER})).status_code == 404


@pytest.mark.parametrize(("text", "why"), [("  ", "请写明"), ("长" * 1001, "不超过 1000 字")])
async def test_what_cannot_be_taken_is_said_and_kept_in_the_form(
    editor: Visit, house: House, text: str, why: str
) -> None:
    await assign(editor, 1, "water")
    shui = await handler(house, "shui", "water")
    answer = await shui.post(f"{HERE}/1", {"text": text})
    assert answer.status_code == 422 and why in said(answer) and text.strip() in answer.text
    assert (await shui.get(f"{HERE}/xyz")).status_code == 404


async def test_what_is_decided_is_read_and_written_about_no_more(
    editor: Visit, house: House, stocked_desk: Desk
) -> None:
    await assign(editor, 1, "water")
    shui = await handler(house, "shui", "water")
    page = await editor.get(f"{EDITOR}/1")
    revision = re.search(r'name="revision" value="(\d+)"', page.text)
    assert revision is not None
    await editor.post(f"{EDITOR}/1/dismiss", {"revision": revision[1], "reason": "不归我们管"})
    shown = (await shui.get(f"{HERE}/1")).text
    assert "不归我们管" in shown and "<textarea" not in shown
    answer = await shui.post(f"{HERE}/1", {"text": ANSWER})
    assert answer.status_code == 422 and "已经处理过" in said(answer)


async def test_a_group_whose_people_are_erased_goes_with_what_was_written_about_it(
    editor: Visit, house: House, stocked_desk: Desk, clock: HandClock
) -> None:
    await assign(editor, 2, "water")
    shui = await handler(house, "shui", "water")
    await shui.post(f"{HERE}/2", {"text": ANSWER})
    async with stocked_desk.database.read() as session:
        thread = await session.scalar(select(Question.thread_id).where(Question.text == OTHER))
    assert thread is not None
    await confirm(stocked_desk, thread)
    clock.advance(timedelta(hours=1))
    await erase_due(stocked_desk)
    async with stocked_desk.database.write() as session:
        await recount(session)
    async with stocked_desk.database.read() as session:
        assert await session.get(UnansweredGroup, 2) is None
        assert await session.scalar(select(func.count()).select_from(AnswerProposal)) == 0
    shui = await handler(house, "shui.er", "water")  # the other's session is over by now
    assert (await shui.get(f"{HERE}/2")).status_code == 404
