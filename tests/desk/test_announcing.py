"""Other systems are told of every step, whoever takes it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.casework import ring
from desk.desk import Desk
from desk.events import EVENTS, event_of
from desk.systems import subscribe
from desk.ticket_talk import Act, TicketTalk, act_on
from staff.actors import COMMAND_LINE
from systems.models import WebhookDelivery
from systems.subscriptions import Wish
from tests.fakes import HandClock
from tests.systems.filing import accept, file
from tickets.states import STEP_NAMES, Step

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("app", "bot/actions", "connectors", "console", "desk")


def takers() -> set[str]:
    """The modules above the tickets that take their function `take`."""
    found = set()
    for folder in PRODUCT:
        for module in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "tickets.life":
                    found |= {module.stem for name in node.names if name.name == "take"}
    return found


def test_nothing_takes_a_step_without_telling_of_it() -> None:
    assert takers() == {"announcing"}


def test_every_step_has_an_event_of_its_own() -> None:
    assert {event_of(step) for step in Step} <= set(EVENTS)
    assert len({event_of(step) for step in Step}) == len(STEP_NAMES)


@pytest.fixture
async def told(desk: Desk) -> None:
    """Somebody wants to know everything about tickets."""
    wish = Wish("督查平台", "https://hooks.example.cn/", frozenset({"ticket.*"}))
    await subscribe(desk, COMMAND_LINE, wish)


async def events(desk: Desk) -> list[str]:
    """The events that are to be pushed, in order."""
    async with desk.database.read() as session:
        return list(await session.scalars(select(WebhookDelivery.event).order_by(WebhookDelivery.id)))


@pytest.mark.usefixtures("told")
async def test_what_the_enterprise_does_is_told_once_however_often_it_comes(desk: Desk) -> None:
    ticket = await file(desk)
    assert ticket.thread_id is not None
    talk = TicketTalk(act=Act.URGE, number=ticket.number)
    for _ in range(2):
        await act_on(desk, ticket.thread_id, 77, talk)
    assert await events(desk) == ["ticket.submitted", "ticket.urged"]


@pytest.mark.usefixtures("told")
async def test_what_staff_and_time_do_is_told(desk: Desk, clock: HandClock) -> None:
    await file(desk)
    await accept(desk, await file(desk, 2))
    clock.now = clock.now.replace(month=12, day=14)
    await ring(desk)
    assert await events(desk) == [
        "ticket.submitted",
        "ticket.submitted",
        "ticket.accepted",
        "ticket.deemed",
        "ticket.supervised",
    ]
