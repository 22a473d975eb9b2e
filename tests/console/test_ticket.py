"""A ticket's page: what is on it for whom, and the steps taken there."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from conversations.models import Author, Message
from desk.desk import Desk
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.models import AuditEntry
from staff.roles import Role
from tests.console.ticket_office import Office, after_on, full_office, steps_on, to_hand
from tests.console.visit import House, said
from tests.fakes import HandClock
from tests.staff.people import account_of, written
from tickets.states import State


@pytest.fixture
async def office(house: House, desk: Desk) -> Office:
    return await full_office(house, desk)


async def test_a_ticket_goes_through_the_hands_of_five(office: Office, clock: HandClock) -> None:
    number = await office.file()
    await to_hand(office, number)
    answer = await office.press("ban", number, "started")
    page = await office.staff["ban"].follow(answer)
    assert said(page) == "已完成：开始办理。"
    await office.press("ban", number, "drafted", text="供水已于今天恢复。")
    await office.press("shen", number, "sent_back", note="请写明原因")
    await office.press("ban", number, "drafted", text="因管道爆裂停水，今天已恢复。")
    await office.press("shen", number, "released")
    await office.next_day(clock)
    await office.press("zuo", number, "called_back", solved="yes", satisfied="yes", note="谢谢")
    assert await office.state(number) is State.CLOSED
    page = await office.staff["du"].get(f"/console/tickets/{number}")
    assert "已解决，满意。谢谢" in page.text and "请写明原因" in page.text
    assert "派给供水单位。" in page.text and "姓名ban" in page.text and "没有采用" in page.text
    async with office.desk.database.read() as session:
        told = await session.scalars(select(Message.text).where(Message.author == Author.SYSTEM))
        assert "因管道爆裂停水，今天已恢复。" in list(told)[-1]
    assert (await written(office.desk.database)).count("ticket_moved") == 9


async def test_what_was_written_to_a_step_is_not_in_the_audit_log_which_nobody_can_clear(
    office: Office,
) -> None:
    number = await office.file()
    await office.press("du", number, "supervised", note="李经理 13800001234 来电催问")
    async with office.desk.database.read() as session:
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "ticket_moved"))).one()
    assert (entry.who, entry.target, entry.detail) == ("du", number, {"步骤": "督办"})


@pytest.mark.parametrize(
    ("step", "fields", "problem"),
    [
        ("accepted", {"level": "huge"}, "请选择级别"),
        ("refusal_asked", {"note": " "}, "需要写明理由"),
        ("dispatched", {"department": "nowhere"}, "请选择承办部门"),
        ("extension_asked", {"days": "0", "note": "复杂"}, "几个工作日"),
        ("drafted", {"text": ""}, "需要写明理由"),
        ("released", {}, "您的岗位不能答复"),
    ],
)
async def test_what_is_missing_is_said_and_nothing_happens(
    step: str, fields: dict[str, str], problem: str, office: Office
) -> None:
    number = await office.file()
    who = "pai"
    if step == "dispatched":
        await office.press("pai", number, "accepted", level="general")
    elif step not in ("accepted", "refusal_asked"):
        await to_hand(office, number)
        who = "ban"
    before = await office.state(number)
    page = await office.staff[who].get(f"/console/tickets/{number}")
    answer = await office.staff[who].post(
        f"/console/tickets/{number}/steps/{step}", {"after": after_on(page), **fields}
    )
    assert answer.status_code == 422 and problem in said(answer)
    assert await office.state(number) is before


@pytest.mark.parametrize("gone", ["disabled", "moved", "other work"])
async def test_a_confidential_ticket_whose_handler_is_gone_is_seen_and_handed_to_another(
    gone: str, office: Office
) -> None:
    await office.call_in("xin", Role.HANDLER, department="water")
    number = await office.file(confidential="是")
    await to_hand(office, number)
    assert "无人能办" not in (await office.staff["pai"].get("/console/tickets")).text
    async with office.desk.database.write() as session:
        at = office.desk.clock()
        match gone:
            case "disabled":
                await accounts.disable(session, COMMAND_LINE, "ban", at=at)
            case "moved":
                profile = Profile("姓名ban", "gas", frozenset({Role.HANDLER}))
                await accounts.change(session, COMMAND_LINE, "ban", profile, at=at)
            case _:
                profile = Profile("姓名ban", "water", frozenset({Role.AGENT}))
                await accounts.change(session, COMMAND_LINE, "ban", profile, at=at)
    assert (await office.staff["xin"].get(f"/console/tickets/{number}")).status_code == 404
    for who in ("pai", "du"):
        listed = await office.staff[who].get("/console/tickets?queue=stuck")
        assert number in listed.text and ">无人能办 <" in listed.text
        assert "无人能办：签收人" in (await office.staff[who].get(f"/console/tickets/{number}")).text
    refused = await office.press("pai", number, "reassigned", department="water", note=" ")
    assert refused.status_code == 422
    await office.press("pai", number, "reassigned", department="water", note="原经办人已调离")
    assert "无人能办" not in (await office.staff["pai"].get("/console/tickets")).text
    await office.press("xin", number, "signed")
    ticket = await office.ticket(number)
    assert ticket.handler == (await account_of(office.desk.database, "xin")).id


async def test_a_refusal_and_an_extension_are_decided_by_another_person(office: Office) -> None:
    number = await office.file()
    both = await office.call_in("both", Role.DISPATCHER, Role.SUPERVISOR)
    await office.press("both", number, "refusal_asked", note="已在诉讼中")
    own = await both.get(f"/console/tickets/{number}")
    assert "已在诉讼中" in own.text and "refused" not in steps_on(own)
    await office.press("du", number, "refusal_denied", note="应当受理")
    await to_hand(office, number)
    await office.press("ban", number, "extension_asked", days="4", note="需要停气施工")
    assert "extension_asked" not in steps_on(await office.staff["ban"].get(f"/console/tickets/{number}"))
    page = await office.staff["du"].get(f"/console/tickets/{number}")
    assert "申请延期 4 个工作日" in page.text
    await office.press("du", number, "extended", note="需要停气施工")
    assert "经批准延长 4 个工作日" in (await office.staff["ban"].get(f"/console/tickets/{number}")).text


async def test_twice_returned_is_assigned_by_the_supervisor(office: Office) -> None:
    number = await office.file()
    await office.press("pai", number, "accepted", level="simple")
    for department, handler in (("water", "ban"), ("gas", "qi")):
        await office.press("pai", number, "dispatched", department=department)
        answer = await office.press(handler, number, "returned", note="不归我们管")
        # To the department that returned it there is no such ticket any more.
        assert answer.headers["location"] == "/console/tickets?said=returned"
        assert said(await office.staff[handler].follow(answer)) == "已完成：退单。"
    assert steps_on(await office.staff["pai"].get(f"/console/tickets/{number}")) == ["regraded"]
    await office.press("du", number, "arbitrated", department="water", note="管网属供水单位")
    assert "returned" not in steps_on(await office.staff["ban"].get(f"/console/tickets/{number}"))


async def test_handling_stops_and_goes_on_and_may_end(office: Office) -> None:
    number = await office.file()
    await to_hand(office, number)
    await office.press("du", number, "suspended", note="等待鉴定结论")
    assert "中止，暂停计算" in (await office.staff["ban"].get(f"/console/tickets/{number}")).text
    await office.press("du", number, "resumed")
    await office.press("du", number, "terminated", note="企业已起诉")
    assert await office.state(number) is State.TERMINATED


async def test_an_answer_that_did_not_help_is_worked_again(office: Office) -> None:
    number = await office.file()
    await to_hand(office, number)
    await office.press("ban", number, "drafted", text="已恢复。")
    await office.press("shen", number, "released")
    await office.press("zuo", number, "reworked", note="仍然停水")
    assert await office.state(number) is State.WORKING
    assert "第 2 次办理" in (await office.staff["ban"].get(f"/console/tickets/{number}")).text


async def test_every_step_that_a_page_offers_is_one_that_is_taken(office: Office) -> None:
    fields = {
        "note": "理由", "level": "general", "department": "water", "days": "3", "text": "好", "solved": "yes", "satisfied": "yes",
    }  # fmt: skip
    reached: list[tuple[str, str]] = []
    for path in ((), ("accepted",), ("accepted", "dispatched"), ("accepted", "dispatched", "signed"),
                 ("accepted", "dispatched", "signed", "drafted"), ("refusal_asked",)):  # fmt: skip
        probe = await office.file()
        await _walk(office, probe, path, fields)
        for username in ("pai", "ban", "shen", "du", "zuo"):
            page = await office.staff[username].get(f"/console/tickets/{probe}")
            for step in steps_on(page):
                number = await office.file()
                await _walk(office, number, path, fields)
                level = "complex" if step == "regraded" else "general"
                answer = await office.press(username, number, step, **{**fields, "level": level})
                assert answer.status_code == 303, (path, username, step, said(answer))
                reached.append((username, step))
    assert len(set(reached)) > 14


async def test_a_ticket_whose_words_cannot_wait_is_suggested_as_urgent_and_may_be_graded_anew(
    office: Office,
) -> None:
    number = await office.file()
    page = (await office.staff["pai"].get(f"/console/tickets/{number}")).text
    assert re.search(r'<option value="urgent" selected>', page) and "建议：紧急。文中提到“停水”。" in page
    await to_hand(office, number)
    page = (await office.staff["pai"].get(f"/console/tickets/{number}")).text
    assert re.search(r'<option value="general" selected>', page) and "建议：紧急" not in page
    answer = await office.press("pai", number, "regraded", level="general", note="理由")
    assert answer.status_code == 422 and "请选择另一个级别" in said(answer)
    answer = await office.press("pai", number, "regraded", level="urgent", note="全厂停水")
    assert said(await office.staff["pai"].follow(answer)) == "已完成：调整级别。"
    page = (await office.staff["ban"].get(f"/console/tickets/{number}")).text
    assert "调整为“紧急（水电气热）”。全厂停水" in page and "2 小时" in page
    async with office.desk.database.read() as session:
        told = await session.scalars(select(Message.text).where(Message.author == Author.SYSTEM))
        assert "调整了办理级别，办理期限重新计算。" in list(told)[-1]


async def _walk(office: Office, number: str, path: tuple[str, ...], fields: dict[str, str]) -> None:
    who = {"signed": "ban", "drafted": "ban"}
    for step in path:
        await office.press(who.get(step, "pai"), number, step, **fields)


async def test_the_department_of_another_matter_finds_no_such_ticket(office: Office) -> None:
    number = await office.file()
    await to_hand(office, number)
    for visit in (office.staff["qi"], await office.call_in("no", Role.HANDLER)):
        assert (await visit.get(f"/console/tickets/{number}")).status_code == 404
        assert (await visit.post(f"/console/tickets/{number}/reveal")).status_code == 404
        answer = await visit.post(f"/console/tickets/{number}/steps/drafted", {"text": "好", "after": "99"})
        assert answer.status_code == 404
        assert number not in (await visit.get("/console/tickets?queue=all")).text
    assert await office.state(number) is State.SIGNED


async def test_who_dispatches_and_handles_signs_only_for_the_own_department(office: Office) -> None:
    number = await office.file()
    await office.call_in("both", Role.DISPATCHER, Role.HANDLER, department="gas")
    await office.press("both", number, "accepted", level="general")
    await office.press("both", number, "dispatched", department="water")
    assert "signed" not in steps_on(await office.staff["both"].get(f"/console/tickets/{number}"))


async def test_who_is_an_agent_too_signs_for_the_own_department_what_is_confidential(office: Office) -> None:
    await office.call_in("liang", Role.AGENT, Role.HANDLER, department="water")
    await office.call_in("lin", Role.AGENT, Role.HANDLER, department="gas")
    number = await office.file(confidential="是")
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department="water")
    assert number in (await office.staff["liang"].get("/console/tickets?queue=sign")).text
    assert (await office.staff["lin"].get(f"/console/tickets/{number}")).status_code == 404
    await office.press("liang", number, "signed")
    assert (await office.staff["ban"].get(f"/console/tickets/{number}")).status_code == 404


async def test_a_confidential_ticket_is_seen_by_those_who_work_it(office: Office, clock: HandClock) -> None:
    number = await office.file(confidential="是")
    await office.call_in("other", Role.HANDLER, department="water")
    await office.call_in("te", Role.INVITED_SUPERVISOR)
    await to_hand(office, number)

    async def sees(*visits: object) -> list[bool]:
        return [(await v.get(f"/console/tickets/{number}")).status_code == 200 for v in visits]  # type: ignore[attr-defined]

    staff = office.staff
    assert await sees(staff["pai"], staff["shen"], staff["du"], staff["ban"]) == [True] * 4
    assert await sees(staff["other"], staff["te"], staff["zuo"], staff["qi"]) == [False] * 4
    await office.press("ban", number, "drafted", text="已恢复。")
    await office.press("shen", number, "released")
    await office.next_day(clock)
    assert await sees(staff["zuo"], staff["te"], staff["other"]) == [True, False, False]


async def test_persons_are_masked_until_somebody_asks_and_that_is_written_down(office: Office) -> None:
    number = await office.file(description="我是平顶山某某商贸有限公司的，电话13800001234，停水三天")
    masked = await office.staff["pai"].get(f"/console/tickets/{number}")
    assert "平顶＊＊有限公司" in masked.text and "138＊＊＊＊1234" in masked.text
    for secret in ("某某商贸", "李经理", "13800001234"):
        assert secret not in masked.text  # nor in what was written
    revealed = await office.staff["pai"].post(f"/console/tickets/{number}/reveal")
    assert (
        "李经理" in revealed.text and "+8613800001234" in revealed.text and "电话13800001234" in revealed.text
    )
    async with office.desk.database.read() as session:
        entry = (
            await session.scalars(select(AuditEntry).where(AuditEntry.action == "personal_data_revealed"))
        ).one()
    assert (entry.who, entry.target_kind, entry.target) == ("pai", "ticket", number)
    invited = await office.call_in("te", Role.INVITED_SUPERVISOR)
    page = await invited.get(f"/console/tickets/{number}")
    assert page.status_code == 200 and steps_on(page) == []
    for secret in ("某某商贸", "李经理", "13800001234"):
        assert secret not in page.text
    assert (await invited.post(f"/console/tickets/{number}/reveal")).status_code == 403


async def test_a_confidential_ticket_that_was_refused_is_re_examined_by_way_of_who_dispatches(
    office: Office,
) -> None:
    number = await office.file(confidential="是")
    agent = await office.call_in("xi", Role.AGENT)
    await office.press("pai", number, "refusal_asked", note="属于诉讼事项")
    await office.press("du", number, "refused", note="同意")
    assert (await agent.get(f"/console/tickets/{number}")).status_code == 404
    await office.press("pai", number, "reexamination_asked", note="企业说不是诉讼事项")
    await office.press("du", number, "overturned", note="确实不是诉讼事项")
    assert await office.state(number) is State.ACCEPTED


async def test_the_level_says_what_time_it_gives_and_the_department_how_much_it_has(office: Office) -> None:
    number = await office.file()
    page = await office.staff["pai"].get(f"/console/tickets/{number}")
    assert "简单 · 5 个工作日，11月30日前" in page.text
    await to_hand(office, await office.file())
    await office.press("pai", number, "accepted", level="simple")
    page = await office.staff["pai"].get(f"/console/tickets/{number}")
    assert "供水单位（在办 1 件）" in page.text
    assert re.search(r'value="water" selected', page.text)
    assert "建议：供水单位。事项类别是“供水”。" in page.text


async def test_a_step_that_is_not_for_staff_is_not_there(office: Office) -> None:
    number = await office.file()
    for step in ("deemed", "withdrawn", "nonsense"):
        answer = await office.staff["du"].post(f"/console/tickets/{number}/steps/{step}")
        assert answer.status_code == 404
