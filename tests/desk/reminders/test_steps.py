"""What happens to a ticket is told to those whom it concerns, once, and to nobody who did it themselves."""

from __future__ import annotations

import pytest

from desk.desk import Desk
from desk.reminders import remind
from staff.roles import Role
from staff.sign_in import Door
from tests.desk.reminders.notices import LIMITS, K, Staff, at, filed, kept, move, round_of
from tests.fakes import HandClock
from tests.staff.people import employ
from tickets.limits import Level
from tickets.models import Ticket
from tickets.states import Step

IN_HAND = (Step.ACCEPTED, Step.DISPATCHED)


async def in_hand(desk: Desk, staff: Staff, **values: str) -> Ticket:
    """Signed for by shui; what came before has been told."""
    ticket = await filed(desk, 1, **values)
    await move(desk, ticket, *IN_HAND)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    await remind(desk)
    return ticket


async def test_a_new_ticket_is_told_to_dispatchers_until_it_is_accepted(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk)
    assert await round_of(desk) == [("pai", "submitted")]
    assert await round_of(desk) == []
    [notice] = await kept(desk)
    assert notice.text.startswith(f"有新的投诉 {ticket.number}（供水）等待受理，文中像是急事")
    await move(desk, ticket, Step.ACCEPTED)
    assert await round_of(desk) == []
    assert (await kept(desk))[0].read_at is not None


async def test_a_new_ticket_that_can_wait_is_told_without_haste(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk, description="水价看不懂")
    await round_of(desk)
    assert (await kept(desk))[0].text == f"有新的投诉 {ticket.number}（供水）等待受理。"


async def test_what_nobody_decided_in_time_is_told_to_those_who_should_have(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk)
    await round_of(desk)
    await move(desk, ticket, Step.DEEMED)
    assert await round_of(desk) == [("du", "decided"), ("pai", "decided")]


async def test_what_was_accepted_meanwhile_is_not_told(desk: Desk, staff: Staff) -> None:
    await move(desk, await filed(desk), Step.ACCEPTED)
    assert await round_of(desk) == []


async def test_a_ticket_that_comes_back_is_told_to_dispatchers_and_the_second_time_to_who_assigns_it(
    desk: Desk, staff: Staff
) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, *IN_HAND)
    await remind(desk)
    await move(desk, ticket, Step.RETURNED, by=staff["guan"].id)
    assert await round_of(desk) == [("pai", "declined")]
    await move(desk, ticket, Step.DISPATCHED)
    await remind(desk)
    assert [one.kind for one in await kept(desk) if one.read_at is None] == [K.DISPATCHED] * 2
    await move(desk, ticket, Step.RETURNED, by=staff["guan"].id)
    assert await round_of(desk) == [("du", "declined")]


async def test_who_was_named_to_arbitrate_is_told_instead_of_the_supervisors(
    desk: Desk, staff: Staff, door: Door
) -> None:
    cai = await employ(door, "cai", Role.ARBITER)
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, *(Step.DISPATCHED, Step.RETURNED) * 2, by=staff["guan"].id)
    await remind(desk)
    assert [one.account_id for one in await kept(desk) if one.kind is K.DECLINED] == [cai.id] * 2


async def test_what_is_not_solved_is_told_to_who_calls_back(desk: Desk, staff: Staff) -> None:
    ticket = await in_hand(desk, staff)
    await move(desk, ticket, Step.DRAFTED, Step.RELEASED)
    await remind(desk)
    await move(desk, ticket, Step.CONTESTED, by="enterprise")
    assert await round_of(desk) == [("xi", "supplemented"), ("xin", "supplemented")]
    assert (await kept(desk))[-1].text == f"企业反映投诉 {ticket.number}（供水）没有解决，请尽快回访核实。"


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((Step.SUPPLEMENTED,), "supplemented"),
        ((Step.WITHDRAWN,), "stopped"),
        ((Step.SUSPENDED,), "stopped"),
        ((Step.SUSPENDED, Step.RESUMED), "stopped"),
        ((Step.TERMINATED,), "stopped"),
    ],
)
async def test_who_has_a_ticket_is_told_what_becomes_of_it(
    desk: Desk, staff: Staff, steps: tuple[Step, ...], kind: str
) -> None:
    ticket = await in_hand(desk, staff, confidential="是")
    for step in steps:
        await move(desk, ticket, step, by="enterprise" if step is Step.WITHDRAWN else staff["du"].id)
        assert await round_of(desk) == [("shui", kind)]
        assert await round_of(desk) == []


async def test_another_level_is_told_and_its_limit_is_reminded_of_anew(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    ticket = await in_hand(desk, staff)
    clock.now = at(12, 1)
    assert await round_of(desk) == [("shui", "due")]  # due on the 2nd
    await move(desk, ticket, Step.REGRADED, by=staff["du"].id, level=Level.SIMPLE)
    assert await round_of(desk) == [("shui", "overdue"), ("shui", "stopped")]  # 5 days: the 30th
    await move(desk, ticket, Step.REGRADED, by=staff["du"].id, level=Level.CROSS)
    assert await round_of(desk) == [("shui", "stopped")]
    unread = {one.kind for one in await kept(desk) if one.read_at is None}
    assert not unread & LIMITS


@pytest.mark.parametrize("decided", [Step.EXTENDED, Step.EXTENSION_DENIED])
async def test_who_asked_for_more_time_is_told_what_was_decided(
    desk: Desk, staff: Staff, decided: Step
) -> None:
    ticket = await in_hand(desk, staff)
    await move(desk, ticket, Step.EXTENSION_ASKED, by=staff["shui"].id)
    assert await round_of(desk) == [("du", "approval")]
    await move(desk, ticket, decided, by=staff["du"].id)
    assert await round_of(desk) == [("shui", "decided")]


async def test_nobody_is_told_of_what_they_did(desk: Desk, staff: Staff) -> None:
    ticket = await in_hand(desk, staff)
    await move(desk, ticket, Step.SUPPLEMENTED, Step.TERMINATED, by=staff["shui"].id)
    assert await round_of(desk) == []


async def test_a_withdrawn_ticket_that_nobody_had_in_hand_is_told_to_nobody(desk: Desk, staff: Staff) -> None:
    ticket = await filed(desk)
    await remind(desk)
    await move(desk, ticket, Step.WITHDRAWN)
    assert await round_of(desk) == []
    assert [one.read_at for one in await kept(desk) if one.read_at is None] == []


async def test_a_refusal_that_was_denied_and_accepted_since_is_no_news_to_the_department(
    desk: Desk, staff: Staff
) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.REFUSAL_ASKED, Step.REFUSAL_DENIED, *IN_HAND)
    assert await round_of(desk) == [("guan", "dispatched"), ("shui", "dispatched")]


async def test_supervisors_are_told_of_a_reexamination_until_it_is_decided(desk: Desk, staff: Staff) -> None:
    ticket = await in_hand(desk, staff)
    await move(desk, ticket, Step.DRAFTED, by=staff["shui"].id)
    await move(desk, ticket, Step.RELEASED, by=staff["shen"].id)
    await remind(desk)
    await move(desk, ticket, Step.REEXAMINATION_ASKED, by=staff["xi"].id)
    assert await round_of(desk) == [("du", "reexamine")]
    await move(desk, ticket, Step.UPHELD, by=staff["du"].id)
    await remind(desk)
    assert K.REEXAMINE not in {one.kind for one in await kept(desk) if one.read_at is None}
