"""Limits are reminded of before they are over, then step by step upwards."""

from __future__ import annotations

from desk.desk import Desk
from desk.reminders import remind
from tests.desk.reminders.notices import (
    LIMITS,
    K,
    Staff,
    at,
    filed,
    kept,
    move,
    round_of,
)
from tests.fakes import HandClock
from tickets.states import Step


async def test_a_limit_is_reminded_of_before_it_is_over_then_goes_up_step_by_step(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    story = {}
    for day in (24, 25, 26, 27, 30):
        clock.now = at(11, day)
        story[f"11-{day}"] = await round_of(desk)
    for day in (1, 2, 3, 4, 7):
        clock.now = at(12, day)
        story[f"12-{day}"] = await round_of(desk)
    assert {day: what for day, what in story.items() if what} == {
        "12-1": [("shui", "due")],  # due on the 2nd
        "12-3": [("shui", "overdue")],
        "12-4": [("shen", "escalated")],
    }
    texts = [one.text for one in await kept(desk)]
    what = f"投诉 {ticket.number}（供水）的办结答复"
    assert texts == [
        f"{what}期限是12月2日，请抓紧。",
        f"{what}已超期 1 个工作日，请尽快办理。",
        f"{what}超期 2 个工作日还没有完成，请督促。",
    ]


async def test_an_extended_limit_is_reminded_of_anew(desk: Desk, staff: Staff, clock: HandClock) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    clock.now = at(12, 1)
    assert ("shui", "due") in await round_of(desk)
    await move(desk, ticket, Step.EXTENSION_ASKED, by=staff["shui"].id)
    await move(desk, ticket, Step.EXTENDED, by=staff["du"].id)
    clock.now = at(12, 2)
    assert await round_of(desk) == [("shui", "decided")]
    clock.now = at(12, 4)
    assert await round_of(desk) == [("shui", "due")]


async def test_a_notice_of_a_limit_is_settled_with_its_own_limit(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    """The limits for signing and handling end one after the other; that for filing away goes on for a month."""
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    clock.now = at(11, 25)
    await remind(desk)
    assert {one.kind for one in await kept(desk) if one.read_at is None} >= {K.OVERDUE}
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    await remind(desk)
    assert {one.kind for one in await kept(desk) if one.read_at is None} & LIMITS == set()
    clock.now = at(12, 4)
    await remind(desk)
    assert {one.kind for one in await kept(desk) if one.read_at is None} & LIMITS == {K.OVERDUE, K.ESCALATED}
    await move(desk, ticket, Step.STARTED, Step.DRAFTED, by=staff["shui"].id)
    await move(desk, ticket, Step.RELEASED, by=staff["shen"].id)
    await move(desk, ticket, Step.CALL_BACK_DUE, Step.CALLED_BACK)
    await remind(desk)
    assert [one.kind for one in await kept(desk) if one.read_at is None and one.kind in LIMITS] == []


async def test_an_extension_settles_what_was_told_of_the_shorter_limit(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    ticket = await filed(desk)
    await move(desk, ticket, Step.ACCEPTED, Step.DISPATCHED)
    await move(desk, ticket, Step.SIGNED, by=staff["shui"].id)
    clock.now = at(12, 1)
    await remind(desk)
    assert [one.kind for one in await kept(desk) if one.read_at is None] == [K.DUE]
    await move(desk, ticket, Step.EXTENSION_ASKED, by=staff["shui"].id)
    await move(desk, ticket, Step.EXTENDED, by=staff["du"].id)
    await remind(desk)
    assert K.DUE not in {one.kind for one in await kept(desk) if one.read_at is None}


async def test_a_short_limit_is_reminded_of_when_half_of_it_is_gone(
    desk: Desk, staff: Staff, clock: HandClock
) -> None:
    await move(desk, await filed(desk), Step.ACCEPTED, Step.DISPATCHED)
    clock.now = at(11, 23, 15)
    assert {kind for _, kind in await round_of(desk)} == {"dispatched"}
    clock.now = at(11, 24, 10)
    assert await round_of(desk) == [("guan", "due"), ("shui", "due")]
