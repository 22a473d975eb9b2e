"""Made-up ratings of tickets, and what became of the bad ones: steps of the cases' own table, taken as staff take them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.demo.surroundings import Surroundings
from conversations.models import RatingStage
from desk.rating_words import tags_for
from tickets.life import Rules
from tickets.rectification import BAD_UP_TO, CaseDoing, Rated, open_case, take_case_step
from tickets.rectification_states import CASE_MOVE_OF, CaseStep
from tickets.states import Actor

_RATED = 0.6  # of those who were called back
_LEVELS = {5: 52, 4: 30, 3: 10, 2: 5, 1: 3}
_COMMENTS = ("等了两个多星期才有人联系。", "答复看不懂，还是不知道该找谁。", "问题只解决了一半。", "")
_T = CaseStep
_WAYS: Mapping[tuple[CaseStep, ...], int] = {
    (_T.CONTACTED, _T.FIXED, _T.RELEASED): 40,
    (_T.CONTACTED, _T.PLANNED, _T.SUBMITTED, _T.RELEASED): 35,
    (_T.CONTACTED, _T.PLANNED, _T.SUBMITTED, _T.SENT_BACK, _T.SUBMITTED, _T.RELEASED): 5,
    (_T.TRIED, _T.CONTACTED, _T.EXPLAINED, _T.RELEASED): 10,
    (_T.CONTACTED, _T.APPEALED, _T.UPHELD): 5,
    (_T.CONTACTED, _T.APPEALED, _T.DENIED, _T.SUBMITTED, _T.RELEASED): 5,
}
_NOTES: Mapping[CaseStep, str] = {
    _T.TRIED: "电话无人接听，下午再联系。",
    _T.CONTACTED: "已电话联系企业，核实不满意的原因。",
    _T.FIXED: "当场补办并向企业说明，企业认可。",
    _T.PLANNED: "材料清单统一口径，三个工作日内完成。",
    _T.EXPLAINED: "所求事项不符合规定条件，已逐条说明。",
    _T.SUBMITTED: "已整改，企业确认问题解决。",
    _T.APPEALED: "企业说明是误评，请复核。",
    _T.SENT_BACK: "请附企业确认的情况。",
    _T.UPHELD: "经核实为误评。",
    _T.DENIED: "经核实情况属实，按期整改。",
}
_MOST_HOURS = 12


def rating_of(
    ticket: Mapping[str, Any], called_back: datetime, around: Surroundings
) -> dict[str, Any] | None:
    """The row of a ticket's rating, given soon after the call; None where nobody gave one until now."""
    chance = around.chance
    at = called_back + timedelta(hours=chance.uniform(0.1, _MOST_HOURS))
    if chance.random() > _RATED or at > around.now:
        return None
    level = chance.choices(list(_LEVELS), list(_LEVELS.values()))[0]
    offered = tags_for(level, of_ticket=True)
    return {
        "id": around.id(at), "thread_id": ticket["thread_id"], "ticket_id": ticket["id"], "stage": RatingStage.DONE,
        "owed_at": called_back, "asked_at": called_back, "level": level, "rated_at": at,
        "tags": chance.sample(offered, chance.randint(0, 2)),
        "comment": chance.choice(_COMMENTS) if level <= BAD_UP_TO else "",
    }  # fmt: skip


async def work_off(
    session: AsyncSession,
    rated: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    around: Surroundings,
    tell: Callable[[str], None],
) -> None:
    """Open a case for every bad rating (rating, its ticket) and take it as far as it has come until now."""
    bad = [(rating, ticket) for rating, ticket in rated if rating["level"] <= BAD_UP_TO]
    for rating, ticket in bad:
        its = Rated(
            rating["id"], rating["level"], rating["rated_at"], rating["tags"], rating["comment"],
            ticket_id=ticket["id"], thread_id=None, department=ticket["department"],
        )  # fmt: skip
        case = await open_case(session, its, Rules(around.calendar, around.limits))
        for step, doing in _steps(rating["rated_at"], around.now, around.chance):
            await take_case_step(session, case, step, doing)
            await session.flush()
    tell(f"rectifications: {len(bad)}")


def _steps(opened: datetime, now: datetime, chance: random.Random) -> Iterator[tuple[CaseStep, CaseDoing]]:
    """Until now; the one who decides is another than the one who proposes."""
    at = opened
    for step in chance.choices(list(_WAYS), list(_WAYS.values()))[0]:
        at += timedelta(hours=chance.uniform(0.5, _MOST_HOURS))
        if at > now:
            return
        parts = CASE_MOVE_OF[step].actors
        yield (
            step,
            CaseDoing("demo" if Actor.HANDLER in parts else "demo-lead", parts, at, _NOTES.get(step, "")),
        )
