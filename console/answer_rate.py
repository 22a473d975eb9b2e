"""How much was answered, week by week: a drawing, and the figures in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response

from console.routes import Routes
from desk.learning.weeks import Week, weeks
from staff.roles import Permission

_CHOICES = (12, 26, 52)
_WIDTH, _HEIGHT, _FOOT = 720, 200, 24  # of the drawing, in its own units
PARTS = (("answered", "答上"), ("clarify", "反问"), ("unknown", "没答上"), ("handed", "转人工"))


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of the drawing. `part`: which outcome."""

    part: str
    x: float
    y: float
    width: float
    height: float


def answer_rate_routes(routes: Routes) -> None:
    """`/console/answer-rate`."""
    console = routes.console

    @routes.get("/answer-rate", Permission.KNOWLEDGE_READ)
    async def rate(request: Request, weeks_back: str = "12") -> Response:
        count = int(weeks_back) if weeks_back in map(str, _CHOICES) else _CHOICES[0]
        async with console.door.database.read() as session:
            found = await weeks(session, console.desk.today(), count)
        return console.pages.show(
            request,
            "answer_rate.html",
            weeks=found,
            count=count,
            choices=_CHOICES,
            blocks=blocks(found),
            labels=labels(found),
            parts=PARTS,
            width=_WIDTH,
            height=_HEIGHT,
            foot=_FOOT,
            most=_most(found),
        )


def blocks(found: Sequence[Week]) -> list[Block]:
    """One pile a week, the answered ones at the bottom."""
    step, most = _WIDTH / len(found), _most(found)
    drawn = []
    for at, week in enumerate(found):
        top = float(_HEIGHT)
        for (part, _), number in zip(PARTS, _numbers(week), strict=True):
            height = _HEIGHT * number / most
            top -= height
            if number:
                drawn.append(
                    Block(
                        part,
                        round(at * step + step * 0.15, 1),
                        round(top, 1),
                        round(step * 0.7, 1),
                        round(height, 1),
                    )
                )
    return drawn


def labels(found: Sequence[Week]) -> list[tuple[float, str]]:
    """Mondays under the piles, as many as there is room for."""
    step, every = _WIDTH / len(found), -(-len(found) // 12)
    return [
        (round((at + 0.5) * step, 1), f"{week.monday.month}/{week.monday.day}")
        for at, week in enumerate(found)
        if (len(found) - 1 - at) % every == 0
    ]


def _most(found: Sequence[Week]) -> int:
    return max((sum(_numbers(week)) for week in found), default=0) or 1


def _numbers(week: Week) -> tuple[int, int, int, int]:
    return week.answered, week.clarify, week.unknown, week.handed_over
