"""The ledger of rectifications (整改台账): every bad rating of a period, and what was done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.rating_words import LEVEL_NAMES
from desk.reports.figures import share
from desk.reports.period import Period
from desk.reports.tables import Table
from staff.departments import departments
from staff.masks import masked_enterprise, masked_text
from store.clock import CITY_ZONE
from tickets.rectification_lists import LedgerRow
from tickets.rectification_lists import ledger as rows_of
from tickets.rectification_states import CASE_STATE_NAMES, WAY_NAMES, Way

TITLE = "差评整改台账"
_HEAD = (
    "序号", "评价时间", "工单", "事项", "企业", "承办部门", "评价", "不满意的原因", "联系", "处理方式", "整改措施或处理意见", "办结", "状态", "追评", "回访结果",
)  # fmt: skip
_HIDDEN = "（保密）"
_NONE = "—"
_UNREACHED = "未联系上"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of a period as it is shown and taken out: persons are masked, confidential matters say nothing of theirs."""

    period: Period
    summary: tuple[str, ...]
    table: Table


async def ledger(desk: Desk, session: AsyncSession, period: Period) -> Ledger:
    """Every case opened within the period, in that order."""
    found = await rows_of(session, period.since, period.until, now=desk.clock())
    names = {one.key: one.name for one in await departments(session)}
    lines = tuple(_line(number, row, names) for number, row in enumerate(found, 1))
    return Ledger(period, _summary(period, found), Table(TITLE, _HEAD, lines))


def _summary(period: Period, rows: Sequence[LedgerRow]) -> tuple[str, ...]:
    if not rows:
        return (f"{period}，没有“不满意”和“非常不满意”的评价。",)
    counted = [row for row in rows if row.counts]
    closed = [row for row in counted if row.closed_at is not None]
    contacted = sum(row.contacted_at is not None and not row.contact_late for row in rows)
    in_time = sum(not row.rectify_late for row in closed)
    again = [row.again_level for row in counted if row.again_level is not None]
    ways = "、".join(
        f"{WAY_NAMES[way]} {count} 件" for way in Way if (count := sum(row.way is way for row in rows))
    )
    return (
        f"{period}，收到差评 {len(rows)} 件，其中申诉成立、不计入的 {len(rows) - len(counted)} 件。",
        f"按时联系 {contacted} 件，按时联系率 {share(contacted, len(rows))}；"
        f"应整改 {len(counted)} 件，已整改 {len(closed)} 件，整改率 {share(len(closed), len(counted))}，"
        f"其中按时整改 {in_time} 件。{f'处理方式：{ways}。' if ways else ''}",
        f"追评 {len(again)} 件，其中满意（含基本满意）{sum(level >= 3 for level in again)} 件。",
    )


def _line(number: int, row: LedgerRow, names: Mapping[str, str]) -> tuple[str, ...]:
    return (
        str(number),
        _moment(row.rated_at),
        row.ticket or _NONE,
        row.subject,
        _HIDDEN if row.confidential else masked_enterprise(row.enterprise) if row.enterprise else _NONE,
        names.get(row.department or "", row.department or _NONE),
        LEVEL_NAMES[row.level],
        _written(row, "；".join(filter(None, ("、".join(row.tags), row.comment)))),
        _UNREACHED if row.unreached else _done(row.contacted_at, late=row.contact_late),
        WAY_NAMES[row.way] if row.way else _NONE,
        _written(row, row.appeal_reason or row.measures),
        _done(row.closed_at, late=row.rectify_late),
        CASE_STATE_NAMES[row.state],
        LEVEL_NAMES[row.again_level] if row.again_level else _NONE,
        row.called.text() if row.called else _NONE,
    )


def _written(row: LedgerRow, text: str) -> str:
    if not text:
        return _NONE
    return _HIDDEN if row.confidential else masked_text(text, row.names)


def _done(at: datetime | None, *, late: bool) -> str:
    if at is None:
        return "超期未办" if late else "未到期"
    return f"{_moment(at)}{'（超期）' if late else ''}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}"
