"""The table of a ticket's life: whole, reachable, and drawn in the docs as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tickets.diagram import case_diagram, case_moves_table, diagram, limits_table, moves_table
from tickets.states import MOVE_OF, MOVES, OPEN, OVER, STATE_NAMES, STEP_NAMES, Actor, State, Step, may

DOCS = Path(__file__).resolve().parents[2] / "docs" / "tickets.md"


def test_every_step_but_the_first_has_one_move() -> None:
    assert [move.step for move in MOVES] == list(MOVE_OF)
    assert set(MOVE_OF) == set(Step) - {Step.SUBMITTED}


def test_everything_has_a_name() -> None:
    assert set(STATE_NAMES) == set(State)
    assert set(STEP_NAMES) == set(Step)


def reached(start: State) -> set[State]:
    found, new = {start}, {start}
    while new:
        new = {m.after for m in MOVES if m.after and m.before & new} - found
        found |= new
    return found


def test_every_state_can_be_reached() -> None:
    assert reached(State.SUBMITTED) == set(State)


@pytest.mark.parametrize("state", [state for state in State if state != State.ARCHIVED])
def test_every_ticket_can_come_to_its_end(state: State) -> None:
    assert State.ARCHIVED in reached(state)


def test_nothing_happens_to_what_is_archived() -> None:
    assert may(State.ARCHIVED, Actor) == ()


def test_nothing_is_open_and_over() -> None:
    assert not OPEN & OVER


def test_what_ends_a_ticket_against_a_wish_needs_a_reason() -> None:
    for step in (Step.REFUSED, Step.TERMINATED, Step.RETURNED, Step.SUSPENDED, Step.EXTENDED, Step.REWORKED):
        assert MOVE_OF[step].reason, step


@pytest.mark.parametrize("actor", Actor)
def test_a_ticket_never_moves_without_a_part_for_it(actor: Actor) -> None:
    for state in State:
        for step in may(state, {actor}):
            assert actor in MOVE_OF[step].actors


def test_the_enterprise_never_decides_for_the_city() -> None:
    own = {step for state in State for step in may(state, {Actor.ENTERPRISE})}
    assert own == {Step.URGED, Step.SUPPLEMENTED, Step.CONTESTED, Step.WITHDRAWN}


def test_the_docs_draw_what_the_code_does() -> None:
    told = DOCS.read_text(encoding="utf-8")
    for drawn in (diagram(), moves_table(), limits_table(), case_diagram(), case_moves_table()):
        assert drawn in told, "`qifu tickets diagram` prints what belongs into docs/tickets.md"
