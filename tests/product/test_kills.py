"""App and Rasa are killed while people write on both channels: every message is answered once, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.product.audit import Reply, explained
from tests.product.kills import run
from tests.product.people import Plan

PLAN = Plan(seed=11, messages=60, people=10, complainers=2, kills=4, spread=15)


@pytest.mark.timeout(900)  # on a busy machine a start takes a minute
async def test_nothing_is_lost_or_doubled_whatever_is_killed(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = await run(PLAN, tmp_path, database_url, lambda _: None)
    with capsys.disabled():
        print("\n" + ", ".join(f"{what} {count}" for what, count in found.counts.items()))
    assert not found.problems
    assert found.counts["kills"] >= 4
    assert found.counts["kills during a sending"] >= 1
    assert found.counts["tickets"] == PLAN.complainers


FIRST, SECOND = Reply("甲乙丙", ("1.甲",), doubtful=False), Reply("丁", (), doubtful=False)
DOUBTFUL = Reply("甲乙丙", (), doubtful=True)


@pytest.mark.parametrize(
    ("delivered", "replies", "right"),
    [
        (["甲乙丙", "丁"], [FIRST, SECOND], True),
        (["甲乙 丙\n1. 甲", "丁"], [FIRST, SECOND], True),
        (["甲乙", "丙1.甲", "丁"], [FIRST, SECOND], True),
        (["甲乙丙丁"], [FIRST, SECOND], True),
        (["丁"], [DOUBTFUL, SECOND], True),
        (["甲", "丁"], [DOUBTFUL, SECOND], True),
        (["甲乙丙"], [DOUBTFUL, FIRST], True),
        (["丁", "甲乙丙"], [FIRST, SECOND], False),
        (["甲乙丙", "甲乙丙", "丁"], [FIRST, SECOND], False),
        (["甲乙丙", "甲乙丙", "丁"], [DOUBTFUL, SECOND], False),
        (["丁"], [FIRST, SECOND], False),
        (["甲乙"], [FIRST], False),
    ],
)
def test_the_audit_tells_what_is_lost_or_doubled(
    delivered: list[str], replies: list[Reply], right: bool
) -> None:
    assert explained(delivered, replies) is right
