"""Scoring the bot on a list of questions, each asked as a new conversation through the real dialogue model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from conversations.messages import replies_to
from desk.desk import Desk
from desk.ports import DialogueDown
from desk.receive import receive
from desk.turns import take_turns
from desk.values import InboundMessage

NOBODYS = "-"
_AT_A_TIME = 4
_PAUSES = (0.5, 2.0, 5.0)


class RowInvalid(ValueError):
    """A line is not `key<TAB>aspect<TAB>question`."""


@dataclass(frozen=True, slots=True)
class Row:
    """A question; `key` is `-` where it must not be answered, `aspect` `-` where any will do."""

    key: str
    aspect: str
    question: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A question and what the bot made of it."""

    row: Row
    outcome: str
    article: str | None
    aspect: str | None
    options: tuple[str, ...]

    @property
    def hit(self) -> bool:
        """Answered from the right article."""
        return self.outcome == "answered" and self.article == self.row.key

    @property
    def offered(self) -> bool:
        """Asked back, with the right article among the options."""
        return self.outcome == "clarify" and self.row.key in self.options

    @property
    def false_answer(self) -> bool:
        """Answered although nothing of ours answers it."""
        return self.row.key == NOBODYS and self.outcome == "answered"


def read_rows(file: Path) -> list[Row]:
    """The questions of a TSV file; `#` begins a comment. Raises `RowInvalid`."""
    rows = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or not all(part.strip() for part in parts):
            raise RowInvalid(f"{file.name} 第 {number} 行不是“键<TAB>方面<TAB>问题”")
        rows.append(Row(*(part.strip() for part in parts)))
    return rows


async def score(desk: Desk, rows: Sequence[Row], done: Callable[[], None]) -> list[Scored]:
    """Ask every question, a few at a time."""
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def one(row: Row) -> Scored:
        async with gate:
            scored = await _ask(desk, row)
        done()
        return scored

    return list(await asyncio.gather(*(one(row) for row in rows)))


async def _ask(desk: Desk, row: Row) -> Scored:
    sender = desk.new_id()
    received = await receive(desk, InboundMessage("evaluation", sender, sender, row.question, desk.clock()))
    await _take_turns(desk, received.thread_id)
    async with desk.database.read() as session:
        replies = await replies_to(session, received.message_id)
    detail: dict[str, Any] = replies[-1].detail if replies else {}
    return Scored(
        row,
        str(detail.get("outcome")),
        detail.get("article"),
        detail.get("aspect"),
        tuple(detail.get("options") or ()),
    )


async def _take_turns(desk: Desk, thread_id: str) -> None:
    for pause in _PAUSES:
        try:
            await take_turns(desk, thread_id)
            return
        except DialogueDown:
            await asyncio.sleep(pause)
    await take_turns(desk, thread_id)


def summary(scored: Sequence[Scored]) -> dict[str, Any]:
    """The figures: shares of 1."""
    ours = [s for s in scored if s.row.key != NOBODYS]
    others = [s for s in scored if s.row.key == NOBODYS]
    with_aspect = [s for s in ours if s.row.aspect != "-" and s.hit]
    return {
        "questions": len(scored),
        "hit": _share(sum(s.hit for s in ours), len(ours)),
        "hit_or_offered": _share(sum(s.hit or s.offered for s in ours), len(ours)),
        "aspect": _share(sum(s.aspect == s.row.aspect for s in with_aspect), len(with_aspect)),
        "false": _share(sum(s.false_answer for s in others), len(others)),
        "failures": [
            {
                **asdict(s.row),
                "outcome": s.outcome,
                "article": s.article,
                "answered_aspect": s.aspect,
                "options": s.options,
            }
            for s in scored
            if s.false_answer
            or (s.row.key != NOBODYS and not s.hit)
            or (s in with_aspect and s.aspect != s.row.aspect)
        ],
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
