"""Permissions by department: answers are reviewed where they were drafted; who arbitrates sees what waits for them."""

from __future__ import annotations

import pytest

from desk.desk import Desk
from staff.roles import Role
from tests.console.ticket_office import Office, steps_on
from tests.console.visit import House
from tickets.states import State


@pytest.fixture
async def staffed(house: House, desk: Desk) -> Office:
    """Who dispatches, handles and supervises; reviewers of two departments, and an arbiter."""
    office = Office(house, desk)
    await office.call_in("pai", Role.DISPATCHER)
    await office.call_in("shui", Role.HANDLER, department="water")
    await office.call_in("du", Role.SUPERVISOR)
    await office.call_in("shen.shui", Role.REVIEWER, department="water")
    await office.call_in("shen.qi", Role.REVIEWER, department="gas")
    await office.call_in("shen.dui", Role.REVIEWER, Role.AGENT, department="gas")
    await office.call_in("cai", Role.ARBITER)
    return office


async def in_review(office: Office, **values: str) -> str:
    number = await office.file(**values)
    await office.press("pai", number, "accepted", level="general")
    await office.press("pai", number, "dispatched", department="water")
    await office.press("shui", number, "signed")
    await office.press("shui", number, "drafted", text="供水已恢复。")
    return number


@pytest.mark.parametrize("confidential", ["否", "是"])
async def test_a_reviewer_of_a_department_reviews_its_tickets_and_sees_no_others(
    staffed: Office, confidential: str
) -> None:
    number = await in_review(staffed, confidential=confidential)
    here = f"/console/tickets/{number}"
    assert steps_on(await staffed.staff["shen.shui"].get(here)) == ["released", "sent_back"]
    assert number in (await staffed.staff["shen.shui"].get("/console/tickets?queue=review")).text
    assert (await staffed.staff["shen.qi"].get(here)).status_code == 404
    assert number not in (await staffed.staff["shen.qi"].get("/console/tickets?queue=all")).text
    elsewhere = await staffed.staff["shen.dui"].get(
        here
    )  # an agent too: sees what is not confidential, and reviews nothing
    assert elsewhere.status_code == (404 if confidential == "是" else 200)
    assert steps_on(elsewhere) == []
    answer = await staffed.staff["shen.dui"].post(f"{here}/steps/released", {"after": "9999"})
    assert answer.status_code in (404, 422)
    await staffed.press("shen.shui", number, "released")
    assert await staffed.state(number) is State.ANSWERED


async def test_a_supervisor_stands_in_for_a_reviewer(staffed: Office) -> None:
    number = await in_review(staffed)
    assert number in (await staffed.staff["du"].get("/console/tickets?queue=review")).text
    await staffed.press("du", number, "sent_back", note="请写明恢复的时间")
    assert await staffed.state(number) is State.WORKING


async def test_what_was_returned_too_often_waits_for_the_arbiter(staffed: Office) -> None:
    number, waits = await staffed.file(), "/console/tickets?queue=arbitrate"
    await staffed.press("pai", number, "accepted", level="general")
    for _ in range(2):
        assert number not in (await staffed.staff["cai"].get(waits)).text
        await staffed.press("pai", number, "dispatched", department="water")
        await staffed.press("shui", number, "returned", note="不归供水管")
    assert number in (await staffed.staff["cai"].get(waits)).text
    assert steps_on(await staffed.staff["pai"].get(f"/console/tickets/{number}")) == ["regraded"]
    await staffed.press("cai", number, "arbitrated", department="gas", note="依职责清单归燃气")
    assert (await staffed.ticket(number)).department == "gas"
    assert steps_on(await staffed.staff["cai"].get(f"/console/tickets/{number}")) == []
